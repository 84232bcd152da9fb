"""Which alerts there are, and when they open and close."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from gateway.config.file import parse
from gateway.errors import FetchError
from gateway.model import EMPTY, SystemAnswer, SystemId
from gateway.notices.alerts import alerts_of, changes, unknown_now
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
    seen = frozenset({7})
    assert changes(told, told, frozenset(), seen) == ([], [])
    assert changes({}, told, frozenset(), seen) == (list(told.values()), [])
    assert changes(told, alerts_of([well], 0), frozenset(), seen) == ([], list(told.values()))


def test_silence_of_a_system_closes_nothing_of_its_assets():
    told = alerts_of([report(row(9), row(1, "Failure"))], 0)
    silent = [report(answered=False, hours_ago=1)]
    opened, closed = changes(told, alerts_of(silent, 0), unknown_now(silent), frozenset({7}))
    assert ([alert.rule for alert in opened], closed) == (["unreachable"], [])


@pytest.mark.parametrize("unknown", [frozenset[int](), frozenset({7})])
def test_what_was_told_of_a_removed_system_is_over(unknown: frozenset[int]):
    told = alerts_of([report(row(30))], 0)
    assert changes(told, {}, unknown, frozenset()) == ([], list(told.values()))
