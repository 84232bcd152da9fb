"""The two dialects give one record the keys, types and words that appliance-api.md section 6 lists."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.simulator.dialects import Rendering, clock_duration, wall_clock
from gateway.simulator.facts import Asset, ImportFacts, Record, SyncFacts
from gateway.simulator.records import generate

NEW_YORK = ZoneInfo("America/New_York")
START = int(datetime(2014, 10, 14, 9, 32, 15, tzinfo=NEW_YORK).timestamp())
FILES = Asset("file", 2, "win32", "Windows Server 2012 R2", 42, instance_id=23, instance_name="file-level")
SQL = replace(
    FILES, family="sql", app_id=25, app_name="SQL Server 2014", database_name="Sales", server_instance_name="MSSQL"
)
VM = replace(
    FILES,
    family="vmware",
    app_id=40,
    app_name="VMware",
    server_name="esx1",
    server_instance_name="vc",
    database_name="dc1",
    vm_name="dc1",
)
HYPERV = replace(
    FILES, family="hyperv", app_id=51, app_name="Hyper-V 2012", vm_name="dc1", guid="AB-1", is_cluster=True
)
XEN = replace(VM, family="xen", app_id=140, app_name="Xen")
BACKUP = Record(
    row=0,
    id=220,
    core_type="differential",
    asset=FILES,
    start=START,
    duration=28,
    end=START + 28,
    status=0,
    size_mb=518,
    files=2462,
    verified=True,
    verify_status=1,
    synth_capable=True,
    storage="D2DBackups",
    output='a "b"<br/>/c é',
)
WIKI = Rendering("wiki-2015", NEW_YORK)
NEW = Rendering("10.x", NEW_YORK)

ALWAYS = {
    *("id", "client_id", "client_name", "type", "duration", "complete", "status", "size", "encrypted", "verified"),
    *("verify_status", "synthesized", "synth_capable", "disk_metadata", "client_config", "replicated", "certified"),
    *("vmware_template", "output", "purgeable", "last", "legalhold", "gfs_rp_type"),
}
ALWAYS_IN_WIKI = ALWAYS | {"start_date_time", "replication_status"}
ALWAYS_IN_NEW = ALWAYS | {"start_time", "complete_time", "client_os", "client_os_id", "asset_name", "xen_template"}


def test_the_seeds_sample_row_in_the_wiki_dialect() -> None:
    row = WIKI.row(BACKUP)
    assert set(row) == ALWAYS_IN_WIKI | {"files", "instance_id", "storage"}
    assert row["type"] == "Differential"
    assert row["start_date_time"] == "10/14/2014 09:32 am"
    assert row["duration"] == "00:00:28"
    assert (row["complete"], row["status"], row["size"], row["files"]) == (True, "Success", 518, 2462)
    assert (row["replication_status"], row["verify_status"]) == ("Not Applicable", "Successful")


def test_the_same_row_in_the_new_dialect() -> None:
    row = NEW.row(BACKUP)
    assert set(row) == ALWAYS_IN_NEW | {"files", "instance_id"}
    assert row["start_time"] == "10/14/2014 09:32:15 am"
    assert row["complete_time"] == "10/14/2014 09:32:43 am"
    assert row["duration"] == 28
    assert row["status"] == "Successful"
    assert (row["asset_name"], row["xen_template"]) == ("win32", "n/a")


@pytest.mark.parametrize(
    ("status", "wiki", "new"),
    [(None, "None", None), (0, "Success", "Successful"), (1, "Warning", "Warning"), (2, "Failure", "Failed")],
)
def test_each_dialect_has_its_own_words_for_a_status(status: int | None, wiki: str, new: str | None) -> None:
    record = replace(BACKUP, status=status)
    assert (WIKI.row(record)["status"], NEW.row(record)["status"]) == (wiki, new)


def test_a_running_row_has_no_end() -> None:
    running = replace(BACKUP, end=None, status=None)
    assert WIKI.row(running)["complete"] is NEW.row(running)["complete"] is False
    assert NEW.row(running)["complete_time"] is None


def test_a_row_without_an_id_has_no_id_key() -> None:
    nameless = replace(BACKUP, id=None)
    assert "id" not in WIKI.row(nameless)
    assert "id" not in NEW.row(nameless)


@pytest.mark.parametrize(
    ("asset", "wiki", "new"),
    [
        (FILES, set(), set()),
        (
            SQL,
            {"app_id", "app_name", "server_instance_name", "database_name"},
            {"app_id", "app_name", "server_instance_name", "database_name", "is_sql_cluster", "is_sql_alwayson"},
        ),
        (
            VM,
            {"app_id", "app_name", "server_instance_name", "server_name", "vm_name", "database_name"},
            {"app_id", "app_name", "server_instance_name", "server_name", "vm_name"},
        ),
        (
            HYPERV,
            {"app_id", "app_name", "vm_name", "guid", "is_cluster"},
            {"app_id", "app_name", "vm_name", "guid", "is_cluster"},
        ),
        (
            XEN,
            {"app_id", "app_name", "server_instance_name", "server_name", "vm_name", "database_name"},
            {"app_id", "app_name", "server_instance_name", "server_name", "vm_name", "database_name"},
        ),
    ],
    ids=lambda value: value.family if isinstance(value, Asset) else "",
)
def test_each_family_has_its_own_keys(asset: Asset, wiki: set[str], new: set[str]) -> None:
    record = replace(BACKUP, asset=asset, files=None)
    assert set(WIKI.row(record)) == ALWAYS_IN_WIKI | {"instance_id", "storage"} | wiki
    assert set(NEW.row(record)) == ALWAYS_IN_NEW | {"instance_id"} | new


def test_a_copy_is_told_by_its_sync_keys_alone() -> None:
    sync = SyncFacts(99, 1, 20, 7, "Success: done", "dr-target")
    copy = replace(BACKUP, core_type="securesync differential", sync=sync)
    wiki, new = WIKI.row(copy), NEW.row(copy)
    assert wiki["type"] == new["type"] == "Differential"
    durations = {"presync_seconds": 1, "sync_seconds": 20, "postsync_seconds": 7}
    assert wiki.items() >= {**durations, "sync_size": 99, "destination": "dr-target"}.items()
    assert new.items() >= {**durations, "sync_status": "Successful"}.items()
    assert not {"sync_size", "destination", "sync_message"} & set(new)
    assert "sync_message" not in wiki
    assert WIKI.row(copy, sync_message=True)["sync_message"] == "Success: done"
    assert "destination" not in WIKI.row(replace(copy, sync=replace(sync, destination=None)))


def test_restored_type_is_right_in_the_wiki_and_the_rows_own_in_new_releases() -> None:
    restore = replace(BACKUP, asset=VM, core_type="virtual restore", restored_type="vmware full")
    assert WIKI.row(restore)["restored_bkup_type"] == "Full"
    assert NEW.row(restore)["restored_backup_type"] == "Virtual Restore"
    assert "restored_bkup_type" not in WIKI.row(BACKUP)


def test_imported_rows_of_new_releases_tell_their_origin() -> None:
    row = NEW.row(replace(BACKUP, core_type="archive restore", imported=ImportFacts(3, 77, START)))
    assert (row["type"], row["archive_id"], row["original_bid"]) == ("Import", 3, 77)
    assert row["original_backup_start_time"] == "10/14/2014 09:32:15 am"


def test_the_hand_typed_sample_can_be_spoken_too() -> None:
    row = Rendering("wiki-2015", NEW_YORK, sample_spelling=True).row(BACKUP)
    assert "vmware_template" not in row
    assert row["vm_ware_template"] is False
    assert (row["replication_status"], row["verify_status"], row["instance_name"]) == ("N/A", "Success", "file-level")


def test_loose_types_are_those_of_other_releases() -> None:
    row = Rendering("10.x", NEW_YORK, loose_types=True).row(BACKUP)
    assert (row["id"], row["client_id"], row["size"], row["complete"]) == ("220", "2", 518.0, 1)
    assert isinstance(row["size"], float)


def test_extra_facts_go_out_as_they_stand() -> None:
    assert WIKI.row(replace(BACKUP, extra=(("sid", 9), ("size", "big"))))["size"] == "big"


def test_storage_is_empty_when_a_backup_failed() -> None:
    assert "storage" not in WIKI.row(replace(BACKUP, storage=""))


@pytest.mark.parametrize(
    ("hour", "shown"),
    [(0, "12:05:09 am"), (1, "01:05:09 am"), (11, "11:05:09 am"), (12, "12:05:09 pm"), (23, "11:05:09 pm")],
)
def test_the_wall_clock_has_twelve_hours(hour: int, shown: str) -> None:
    epoch = int(datetime(2026, 6, 5, hour, 5, 9, tzinfo=UTC).timestamp())
    assert wall_clock(epoch, ZoneInfo("UTC"), seconds=True) == f"06/05/2026 {shown}"
    assert wall_clock(epoch, ZoneInfo("UTC"), seconds=False) == f"06/05/2026 {shown[:5]}{shown[8:]}"


def test_durations_pass_99_hours() -> None:
    assert clock_duration(28) == "00:00:28"
    assert clock_duration(100 * 3600 + 61) == "100:01:01"


def test_each_dialect_has_its_own_envelope() -> None:
    rows = [b'{"id":1}', b'{"id":2}']
    assert json.loads(WIKI.envelope(rows)) == {"backups": [{"id": 1}, {"id": 2}]}
    assert json.loads(NEW.envelope(rows)) == {"data": [{"id": 1}, {"id": 2}]}
    assert WIKI.envelope([]) == b'{"backups":[]}'
    assert NEW.envelope([]) == b"[]"


def test_json_styles_say_the_same_in_other_bytes() -> None:
    styles = {style: Rendering("10.x", NEW_YORK, style) for style in ("compact", "spaced", "php")}  # type: ignore[arg-type]
    texts = {style: rendering.encode(rendering.row(BACKUP)) for style, rendering in styles.items()}
    assert len(set(texts.values())) == 3
    assert {json.dumps(json.loads(text)) for text in texts.values()} == {json.dumps(NEW.row(BACKUP))}
    assert b"<br\\/>\\/c \\u00e9" in texts["php"]
    assert '": "' in texts["spaced"].decode()


@pytest.mark.parametrize("rendering", [WIKI, NEW], ids=["wiki-2015", "10.x"])
def test_rows_are_flat_and_file_level_rows_name_no_application(rendering: Rendering) -> None:
    for record in generate(4, NEW_YORK, 1_761_700_000, weeks=2, assets=14):
        row = rendering.row(record)
        assert not any(isinstance(value, (dict, list)) for value in row.values())
        if record.family == "file":
            assert not {"app_id", "app_name"} & set(row)
