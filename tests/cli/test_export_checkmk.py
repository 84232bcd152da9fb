"""`export checkmk`: sections that Checkmk's own checks can read, one piggyback block for each system."""

from gateway.dialects.kinds import is_backup
from gateway.simulator.facts import FAILURE
from tests.cli.asking import ask
from tests.clients.asking import is_backup as is_backup_by_its_core_name
from tests.clients.asking import known
from tests.gateway.conftest import Make
from tests.gateway.live import small

BACKUP = "<<<unitrends_backup:sep(124)>>>"
REPLICATION = "<<<unitrends_replication:sep(124)>>>"


def blocks(text: str) -> dict[str, tuple[list[list[str]], list[list[str]]]]:
    """Host -> the lines of both sections, each split at its separator."""
    found = {}
    for block in text.split("<<<<>>>>\n"):
        if not block:
            continue
        host, _, rest = block.partition("\n")
        assert host.startswith("<<<<")
        assert host.endswith(">>>>")
        backup, replication = rest.split(REPLICATION + "\n")
        assert backup.startswith(BACKUP + "\n")
        lines = [[line.split("|") for line in part.splitlines()] for part in (backup, replication)]
        found[host.strip("<>")] = (lines[0][1:], lines[1])
    return found


async def test_each_system_is_a_host_with_its_assets_as_schedules(gateway_over: Make):
    client = await gateway_over([small(1, rows=200), small(2, rows=200)])
    rows = (await client.post({"start_hours": 72})).rows
    outcome = await ask(client, "export", "checkmk", "--hours", "72")
    assert (outcome.code, outcome.err) == (0, "")
    found = blocks(outcome.out + "\n")
    assert sorted(found) == ["site-1", "site-2"]
    for number, (backup, _) in enumerate((found["site-1"], found["site-2"]), 1):
        heads = [line for line in backup if line[0] == "HEADER"]
        details = [line for line in backup if line[0] != "HEADER"]
        own = [row for row in rows if row["system_id"] == number and is_backup(row)]
        assert {len(line) for line in heads} == {5}
        assert {len(line) for line in details} == {4}
        assert len({head[1] for head in heads}) == len(heads)
        assert sum(int(head[4]) for head in heads) == sum(row["status"] == "Failure" for row in own)
        assert len(details) == len(own)


async def test_a_failure_is_counted_at_its_own_asset(gateway_over: Make):
    client = await gateway_over([small(1, rows=400)])
    outcome = await ask(client, "export", "checkmk", "--hours", "999")
    backup, _ = blocks(outcome.out + "\n")["site-1"]
    counted = 0
    failures: list[str] = []
    for line in [*backup, ["HEADER", "", "", "", "0"]]:
        if line[0] == "HEADER":
            assert len(failures) == counted
            failures, counted = [], int(line[4])
        elif line[3] == "Failure":
            failures.append(line[1])


async def test_restores_verifications_archives_and_copies_count_at_no_asset(gateway_over: Make):
    client = await gateway_over([known(1, rows=400), known(2, rows=400)])
    outcome = await ask(client, "export", "checkmk", "--hours", "9999")
    found = blocks(outcome.out + "\n")
    for number, appliance in enumerate(client.farm, 1):
        backups = [record for record in appliance.spec.records if is_backup_by_its_core_name(record)]
        failed = sum(record.status == FAILURE for record in backups)
        others = sum(record.status == FAILURE for record in appliance.spec.records) - failed
        assert others > 0, "something else than a backup has failed"
        lines, _ = found[f"site-{number}"]
        assert sum(line[0] != "HEADER" for line in lines) == len(backups)
        assert sum(int(line[4]) for line in lines if line[0] == "HEADER") == failed


async def test_what_is_to_be_copied_is_a_replication_and_only_what_is_done_a_success(gateway_over: Make):
    client = await gateway_over([small(1, rows=200)])
    rows = (await client.post({"start_hours": 999})).rows
    _, replication = blocks((await ask(client, "export", "checkmk", "--hours", "999")).out + "\n")["site-1"]
    wanted = [row for row in rows if row.get("replication_status") not in (None, "", "Not Applicable", "N/A")]
    assert {len(line) for line in replication} == {5}
    assert len(replication) == len(wanted)
    done = sum(row["replication_status"] == "Completed" for row in wanted)
    assert sum(line[1] == "Success" for line in replication) == done > 0


async def test_a_system_without_rows_has_no_block_and_makes_it_partial(gateway_over: Make):
    client = await gateway_over([small(1), small(2, dead=True)])
    outcome = await ask(client, "export", "checkmk")
    assert outcome.code == 1
    assert list(blocks(outcome.out + "\n")) == ["site-1"]
    assert "site-2 (system 2): missing" in outcome.err


async def test_a_name_that_would_break_the_layout_does_not(gateway_over: Make):
    client = await gateway_over([small(1, name="ho | <main> site")])
    outcome = await ask(client, "export", "checkmk")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == "<<<<ho____main__site>>>>"
    assert {len(line) for line in blocks(outcome.out + "\n")["ho____main__site"][0] if line[0] == "HEADER"} <= {5}
