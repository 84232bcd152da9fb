"""What an asset is called is the same wherever it is named."""

from typing import Any

import pytest

from gateway.cli.backups_table import Rows, asset_of
from gateway.cli.export_checkmk import FIELDS, block
from gateway.dialects.kinds import is_backup
from gateway.dialects.row_words import says_yes
from gateway.reports.catalog import instances_of
from gateway.reports.entries import newest_first
from gateway.reports.jobs import job_items
from tests.clients.asking import known
from tests.gateway.live import gateway_over
from tests.reports.rows import listed, only, row


@pytest.mark.parametrize(
    ("names", "called"),
    [
        ({"database_name": "hr", "vm_name": "vm", "asset_name": "pc", "instance_name": "vol"}, "hr"),
        ({"database_name": "", "vm_name": "vm", "asset_name": "pc", "instance_name": "vol"}, "vm"),
        ({"vm_name": None, "asset_name": "pc", "instance_name": "vol"}, "pc"),
        ({"instance_name": "vol"}, "vol"),
        ({"instance_name": "file-level"}, "win32"),
        ({"asset_name": "file-level", "instance_name": "vol"}, "vol"),
        ({"database_name": 7, "server_instance_name": "MSSQLSERVER"}, "win32"),
        ({}, "win32"),
    ],
)
def test_an_asset_has_the_narrowest_name_that_its_rows_tell(names: dict[str, Any], called: str):
    told = row(1, app_id=21, **names)
    entries = newest_first([listed(told)])
    assert only(told).name == called
    assert asset_of(told) == ("win32" if called == "win32" else f"win32 / {called}")
    assert job_items(entries)[0]["assetName"] == called
    assert instances_of(entries, {})[0]["database_name"] == called


def test_two_volumes_of_one_client_are_two_services_of_checkmk():
    lines = block("site", [row(1, instance_name="vol1"), row(2, "Failure", instance_name="vol2")]).splitlines()
    assert [line.split("|")[1::3] for line in lines if line.startswith("HEADER")] == [
        ["win32 / vol1", "0"],
        ["win32 / vol2", "1"],
    ]


def test_the_command_line_asks_for_every_field_that_names_an_asset():
    names = {"client_name", "database_name", "vm_name", "asset_name", "instance_name"}
    assert names <= set(Rows(None).fields)
    assert names <= set(FIELDS)


async def test_reports_jobs_catalog_and_command_line_call_every_asset_the_same():
    specs = [known(number, rows=200, assets=14) for number in (1, 2)]
    async with gateway_over(specs) as client:
        rows = (await client.post({"start_hours": 720})).rows
        assets = (await client.get(path="/gateway/assets")).json["assets"]
        jobs = (await client.get("limit=500", path="/api/jobs/history")).json
        catalog = (await client.get("start_date=01/01/2020", path="/api/catalog")).json["catalog"]["instances"]
    assert jobs["total"] == len(jobs["items"])

    def place(told: dict[str, Any]) -> tuple[Any, ...]:
        return told["system_id"], told["client_id"], told.get("instance_id")

    reported = {place(asset): asset["asset"] for asset in assets}
    shown = {place(one): one["database_name"] or one["client_name"] for one in catalog}
    as_jobs = {(int(job["applianceId"]), job["id"]): job["assetName"] for job in jobs["items"]}
    seen = 0
    for each in rows:
        own, client_name = asset_of(each), each["client_name"]
        name = own.removeprefix(f"{client_name} / ")
        if "id" in each and says_yes(each["complete"]):
            assert as_jobs[each["system_id"], each["id"]] == name
        if is_backup(each) and "instance_id" in each:
            assert reported[place(each)] == name
            # A whole machine has no database: the toolkit shows its client there.
            assert shown.get(place(each), name) in (name, client_name)
            seen += 1
    assert seen > 100
