"""What is to be told of a fleet: alerts with stable ids, which open once and close once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from gateway.dates import iso_utc
from gateway.reports.history import AssetHistory
from gateway.reports.report import SystemReport
from gateway.reports.verdict import Verdict

Rule = Literal["unreachable", "failing", "no_success"]
Severity = Literal["warning", "critical"]

_LONGEST_SUMMARY: Final = 100
"""Ticket systems cut longer ones (people.md section 1.1)."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that is wrong. `id` is the same for as long as it lasts, also over restarts and on every replica."""

    id: str
    rule: Rule
    severity: Severity
    system_id: int
    system_name: str
    customer: str | None
    asset: str | None
    summary: str
    detail: str


def alerts_of(reports: Iterable[SystemReport], unreachable_s: float) -> dict[str, Alert]:
    """Everything that is wrong now, by id. A system counts as unreachable after `unreachable_s` without an answer."""
    found = [alert for report in reports for alert in _of_system(report, unreachable_s)]
    return {alert.id: alert for alert in found}


def unknown_now(reports: Iterable[SystemReport]) -> frozenset[int]:
    """Systems of which it cannot be said that anything is over: they do not answer."""
    return frozenset(report.system.id for report in reports if report.answer.state != "ok")


def listed_now(reports: Iterable[SystemReport]) -> frozenset[str]:
    """Every asset that has a row in the days that are looked at, by the begin of the ids of its alerts."""
    return frozenset(_asset_id(report, asset) for report in reports for asset in report.history.assets)


class Changes(NamedTuple):
    """What to tell. `unlisted` is over as well, but nothing got better: the asset has no row any more at all."""

    opened: list[Alert]
    over: list[Alert]
    unlisted: list[Alert]


def changes(
    told: Mapping[str, Alert],
    now: Mapping[str, Alert],
    *,
    unknown: frozenset[int],
    seen: frozenset[int],
    listed: frozenset[str],
) -> Changes:
    """What to open and what to close for somebody who was told of `told`.

    What has become critical is told again, under the same id. What was told of an asset stays open while its system
    does not answer: silence is no recovery. What was told of a system that is not among `seen` any more is over.
    """
    opened = [alert for key, alert in now.items() if key not in told or _is_worse(alert, told[key])]
    closed = [
        alert
        for key, alert in told.items()
        if key not in now and (alert.system_id not in unknown or alert.system_id not in seen)
    ]
    gone = [alert for alert in closed if alert.system_id in seen and _is_unlisted(alert, listed)]
    return Changes(opened, [alert for alert in closed if alert not in gone], gone)


def _is_worse(alert: Alert, before: Alert) -> bool:
    return alert.severity == "critical" and before.severity != "critical"


def _is_unlisted(alert: Alert, listed: frozenset[str]) -> bool:
    return alert.asset is not None and alert.id.removesuffix(f"/{alert.rule}") not in listed


def _of_system(report: SystemReport, unreachable_s: float) -> Iterable[Alert]:
    answer = report.answer
    silent_for = None if answer.last_success is None else report.now - answer.last_success
    if answer.state != "ok" and (silent_for is None or silent_for >= unreachable_s):
        why = answer.error.message if answer.error else "no reason is known"
        last = "never answered" if answer.last_success is None else f"last answer {iso_utc(answer.last_success)}"
        yield _alert(report, "unreachable", "critical", None, f"{report.system.name} does not answer", f"{why}; {last}")
    for asset, verdict in report.verdicts():
        yield from _of_asset(report, asset, verdict)


def _of_asset(report: SystemReport, asset: AssetHistory, verdict: Verdict) -> Iterable[Alert]:
    where = f"{asset.name} on {report.system.name}"
    if asset.failures:
        times = "once" if asset.failures == 1 else f"{asset.failures} times in a row"
        severity: Severity = "critical" if verdict.critical else "warning"
        error = asset.last_error or "the appliance gives no reason"
        yield _alert(report, "failing", severity, asset, f"{where} failed", f"failed {times}: {error}")
    if verdict.never or verdict.late:
        good = "never" if asset.last_good is None else iso_utc(asset.last_good)
        limit = f"{report.system.thresholds.no_success_hours:g} h are allowed"
        yield _alert(
            report, "no_success", "warning", asset, f"{where} has no good backup", f"last good: {good}; {limit}"
        )


def _alert(
    report: SystemReport, rule: Rule, severity: Severity, asset: AssetHistory | None, summary: str, detail: str
) -> Alert:
    system = report.system
    short = summary if len(summary) <= _LONGEST_SUMMARY else summary[: _LONGEST_SUMMARY - 1] + "…"
    return Alert(
        f"{system.id if asset is None else _asset_id(report, asset)}/{rule}",
        rule,
        severity,
        system.id,
        system.name,
        system.customer,
        None if asset is None else asset.name,
        short,
        detail,
    )


def _asset_id(report: SystemReport, asset: AssetHistory) -> str:
    """What stays the same when an asset is renamed, where the appliance says such a thing."""
    own: Any = asset.instance_id if asset.instance_id is not None else f"{asset.application}:{asset.name}"
    return f"{report.system.id}/{asset.client_id}-{own}"
