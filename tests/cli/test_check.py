"""`check` as a monitoring system sees it: code, first line, figures, details (contract section 2)."""

import re
import socket
from typing import Any

import pytest

from tests.cli.summaries import ABSENT, ASSET, summarising, summary
from tests.gateway.processes import Outcome, run

FIGURE = re.compile(r"[a-z_]+=-?[0-9.]+(s|%)?;[0-9.:~@-]*;[0-9.:~@-]*;[0-9.]*;[0-9.]*")


async def checked(value: Any, *flags: str, status: int = 200) -> Outcome:
    async with summarising(value, status) as (url, _):
        return await run("check", "--url", url, *flags)


def figures(outcome: Outcome) -> dict[str, str]:
    """The figures of the first line by name, each of them well-formed."""
    found = outcome.out.splitlines()[0].partition(" | ")[2].split(" ")
    assert all(FIGURE.fullmatch(figure) for figure in found), found
    return dict(figure.split("=") for figure in found)


async def test_a_fleet_that_is_well_is_ok_and_says_what_that_is_worth():
    outcome = await checked(summary())
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(
        "OK: 420 of 420 assets good, 41 systems answered, oldest data 4 min | failed=0;0;0;0;"
    )
    assert figures(outcome)["good_percent"] == "99.8%;;;0;100"
    assert figures(outcome)["oldest_age"] == "240.1s;;;0;"


async def test_what_is_wrong_is_told_in_one_line_with_figures_and_details_below():
    wrong = summary(failing=7, late=12, unreachable=2, not_answering=[ABSENT], attention=[ASSET])
    outcome = await checked(wrong)
    first, system, asset = outcome.out.splitlines()
    assert outcome.code == 2
    assert first.startswith("CRITICAL: 7 failed, 12 late, 2 systems unreachable | failed=7;0;0;0; ")
    assert figures(outcome) | {"late": "12;0;;0;", "unreachable": "2;0;0;0;41"} == figures(outcome)
    assert system == "ho (system 3) missing: timeout, the appliance / did not answer in time"
    assert asset.startswith("sql01@dc1 failed: last good 31 h ago, 4 failures since: VSS writer /")
    assert "|" not in system + asset


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"late": 1}, 1),
        ({"never": 1}, 1),
        ({"failing": 1}, 2),
        ({"critical": 1, "failing": 1}, 2),
        ({"unreachable": 1}, 2),
        ({"late": 1, "failing": 1}, 2),
    ],
)
async def test_without_thresholds_failures_and_silence_are_critical_and_lateness_a_warning(
    changes: dict[str, int], code: int
):
    assert (await checked(summary(**changes))).code == code


@pytest.mark.parametrize(
    ("flags", "changes", "code"),
    [
        ("-c 5", {"failing": 5}, 1),
        ("-c 5 --warning-failed 5", {"failing": 5}, 0),
        ("-c 5", {"failing": 6}, 2),
        ("-w 3", {"late": 3}, 0),
        ("-w 3 --critical-late 8", {"late": 9}, 2),
        ("--warning-late none", {"late": 9}, 0),
        ("--critical-never @1:2", {"never": 2}, 2),
        ("--critical-never @1:2", {"never": 3}, 1),
        ("--critical-unreachable none", {"unreachable": 3}, 1),
        ("--critical-unreachable none --warning-unreachable ~:3", {"unreachable": 3}, 0),
        ("--critical-streak 2 -c none", {"failing": 3, "critical": 3}, 2),
    ],
)
async def test_thresholds_are_ranges_as_plug_ins_write_them(flags: str, changes: dict[str, int], code: int):
    outcome = await checked(summary(**changes), *flags.split())
    assert outcome.code == code, outcome.out
    assert next(iter(changes.values())) in [
        int(value.partition(";")[0]) for value in list(figures(outcome).values())[:5]
    ]


@pytest.mark.parametrize(
    ("age", "hours"), [("25h", "25"), ("120m", "2"), ("3600", "1"), ("2d", "48"), ("36h", "36"), (None, None)]
)
async def test_the_age_of_a_good_backup_and_the_filters_are_asked_of_the_gateway(age: str | None, hours: str | None):
    filters = ["--system-id", "1,2", "--system", "3", "--customer", "Acme", "--tag", "gold"]
    async with summarising(summary()) as (url, asked):
        outcome = await run("check", "--url", url, *filters, *(["--max-age", age] if age else []))
    assert outcome.code == 0, outcome.out
    threshold = {} if hours is None else {"no_success_hours": hours}  # without: as the gateway's configuration says
    assert asked == [{**threshold, "system_id": "1,2,3", "customer": "Acme", "tag": "gold"}]


async def test_many_details_are_cut_with_a_count():
    outcome = await checked(summary(failing=50, attention=[ASSET] * 50))
    lines = outcome.out.splitlines()
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "and 30 more"


@pytest.mark.parametrize(
    ("value", "status", "said"),
    [
        ({"result": [{"message": "no | such token"}]}, 401, "no / such token"),
        ({"result": [{"message": "there is no system 9"}]}, 404, "there is no system 9"),
        ({"result": [{"message": "away"}]}, 503, "away"),
        ({"ok": True}, 200, "no backup-gateway"),
        ([], 200, "no backup-gateway"),
        (summary(total=0) | {"systems": {"total": 0, "unreachable": 0}}, 200, "may see no system"),
    ],
)
async def test_what_is_no_summary_is_unknown(value: Any, status: int, said: str):
    outcome = await checked(value, status=status)
    assert outcome.code == 3
    assert outcome.out.startswith("UNKNOWN: ")
    assert said in outcome.out
    assert "|" not in outcome.out


@pytest.mark.parametrize(
    "flags",
    [
        *("", "--url x", "--url http://a..b:80"),
        *("--max-age 5y", "--max-age 0", "--max-age 90m", "-c 9:5", "-w", "--foo", "--late 1"),
    ],
)
async def test_a_command_line_that_is_not_understood_is_unknown_too(flags: str):
    url = [] if not flags or flags.startswith("--url") else ["--url", "http://127.0.0.1:9"]
    outcome = await run("check", *url, *flags.split())
    assert outcome.code == 3
    assert outcome.out.startswith("UNKNOWN: ")
    assert "Traceback" not in outcome.err


async def test_no_gateway_is_unknown():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outcome = await run("check", "--url", f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert (outcome.code, outcome.err) == (3, "")
    assert "Connection refused" in outcome.out
