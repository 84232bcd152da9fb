"""Which alerts there are, and when they open and close."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from gateway.config.file import parse
from gateway.errors import FetchError
from gateway.model import EMPTY, SystemAnswer, SystemId
from gateway.notices.alerts import Alert, Changes, alerts_of, changes, listed_now, unknown_now
from gateway.reports.report import SystemReport
from gateway.telemetry.ledger import SystemLedger
from tests.reports.rows import NOW, history, row

_CONFIG = """
[[system]]
id = 7
name = "dc1"
url = "http://127.0.0.1:1"
username = "gateway"
password = "x"
timezone = "UTC"
customer = "Acme"
"""


def report(*rows: dict[str, Any], answered: bool = True, hours_ago: float = 0.0) -> SystemReport:
    """A system with these rows; one that does not answer has answered some hours ago."""
    (system,) = parse(_CONFIG, "tests", Path.cwd()).systems
    now = NOW.timestamp()
    error = None if answered else FetchError("timeout", "the appliance did not answer")
    state = "ok" if answered else "stale"
    answer = SystemAnswer(
        SystemId(7), "dc1", state, EMPTY, "cache", 0.0, hours_ago * 3600, now - hours_ago * 3600, error
    )
    return SystemReport(system, answer, history(*rows), SystemLedger(), now)


def changed(told: dict[str, Alert], *now: SystemReport) -> Changes:
    """What is to be told after a look at these systems."""
    seen = frozenset(one.system.id for one in now)
    return changes(told, alerts_of(now, 0), unknown=unknown_now(now), seen=seen, listed=listed_now(now))


def test_a_well_system_gives_no_alert():
    assert not alerts_of([report(row(1))], 0)


def test_ids_are_made_of_what_stays_the_same():
    before = alerts_of([report(row(9), row(1, "Failure"))], 0)
    renamed = alerts_of([report(row(9, client_name="new"), row(1, "Failure", client_name="new"))], 0)
    assert set(before) == set(renamed) == {"7/2-23/failing"}


def test_the_third_failure_in_a_row_is_critical():
    failures = [row(at, "Failure") for at in (1, 2, 3)]
    assert [alert.severity for alert in alerts_of([report(row(9), *failures)], 0).values()] == ["critical"]
    assert [alert.severity for alert in alerts_of([report(row(9), failures[0])], 0).values()] == ["warning"]


def test_late_and_never_are_one_rule():
    assert set(alerts_of([report(row(30))], 0)) == {"7/2-23/no_success"}
    assert set(alerts_of([report(row(3, "Failure"))], 0)) == {"7/2-23/failing", "7/2-23/no_success"}


def test_a_system_is_unreachable_after_a_while_only():
    silent = report(row(1), answered=False, hours_ago=1)
    assert set(alerts_of([silent], 1800)) == {"7/unreachable"}
    assert not alerts_of([silent], 7200)


def test_a_system_that_never_answered_is_unreachable_at_once():
    silent = report(answered=False)
    never = replace(silent, answer=structs.replace(silent.answer, last_success=None, state="missing"))
    (alert,) = alerts_of([never], 7200).values()
    assert alert.detail == "the appliance did not answer; never answered"


def test_a_summary_has_at_most_a_hundred_characters():
    (alert,) = alerts_of([report(row(30, client_name="x" * 200))], 0).values()
    assert len(alert.summary) == 100


def test_what_is_told_is_not_told_again_and_what_is_over_is_closed():
    failing, well = report(row(9), row(1, "Failure")), report(row(9), row(2, "Failure"), row(1))
    told = alerts_of([failing], 0)
    assert changed(told, failing) == ([], [], [])
    assert changed({}, failing) == (list(told.values()), [], [])
    assert changed(told, well) == ([], list(told.values()), [])


def test_what_becomes_critical_is_told_again_under_its_id_and_once():
    once, again = report(row(9), row(3, "Failure")), report(row(9), *(row(3 - n, "Failure") for n in range(3)))
    told = alerts_of([once], 0)
    opened, *rest = changed(told, again)
    assert ([(alert.id, alert.severity) for alert in opened], rest) == ([(*told, "critical")], [[], []])
    assert changed({alert.id: alert for alert in opened}, again) == ([], [], [])


def test_an_asset_whose_last_row_has_left_the_days_is_over_but_not_well():
    told = alerts_of([report(row(9), row(1, "Failure"))], 0)
    assert changed(told, report()) == ([], [], list(told.values()))


def test_silence_of_a_system_closes_nothing_of_its_assets():
    told = alerts_of([report(row(9), row(1, "Failure"))], 0)
    silent = [report(answered=False, hours_ago=1)]
    opened, *rest = changed(told, *silent)
    assert ([alert.rule for alert in opened], rest) == (["unreachable"], [[], []])


@pytest.mark.parametrize("unknown", [frozenset[int](), frozenset({7})])
def test_what_was_told_of_a_removed_system_is_over(unknown: frozenset[int]):
    told = alerts_of([report(row(30))], 0)
    found = changes(told, {}, unknown=unknown, seen=frozenset(), listed=frozenset())
    assert found == ([], list(told.values()), [])
