"""What the page and the monitoring tools are told: of each system its assets, of all of them a small summary."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.answers.merge import describe, is_complete
from gateway.config.checked import System
from gateway.config.tables import Thresholds
from gateway.dates import HOUR_S, iso_utc
from gateway.model import SystemAnswer
from gateway.reports.history import FAILURE, OUTCOMES, SUCCESS, WARNING, AssetHistory, History
from gateway.reports.verdict import STATES, AssetState, Verdict, judged
from gateway.telemetry.ledger import SystemLedger

_LETTERS: Final = "gwfnr"
"""By code: good, warning, failed, none, running; a day without a backup is a dot."""


@dataclass(frozen=True, slots=True)
class SystemReport:
    """One system: its configuration, its answer, what its rows tell, what it cost. `now` is in epoch seconds.

    `no_success_hours` stands in place of the system's own where a caller asks by it.
    """

    system: System
    answer: SystemAnswer
    history: History
    ledger: SystemLedger
    now: float
    no_success_hours: int | None = None

    @property
    def thresholds(self) -> Thresholds:
        """By which its assets are judged."""
        own, asked = self.system.thresholds, self.no_success_hours
        return own if asked is None else own.model_copy(update={"no_success_hours": asked})

    @property
    def as_of(self) -> float:
        """The moment up to which the rows tell everything: now, unless a stand-in stands in.

        Of a stand-in nothing is known since: an asset was late by then, or is not known to be late.
        """
        answer = self.answer
        return self.now if answer.state == "ok" or answer.age_s is None else self.now - answer.age_s

    def verdicts(self) -> Iterator[tuple[AssetHistory, Verdict]]:
        """Each asset with what it amounts to."""
        thresholds = self.thresholds
        for asset in self.history.assets:
            yield asset, judged(asset, thresholds, self.as_of)


def system_block(report: SystemReport, hours: float, days: int) -> dict[str, Any]:
    """What is told of one system beside its assets: its state, its backups of the window, and day by day."""
    system, last = report.system, _today(report)
    counts = report.history.counts(report.as_of - hours * HOUR_S, report.as_of)
    per_day = [report.history.days.get(day, [0] * len(OUTCOMES)) for day in range(last - days + 1, last + 1)]
    return describe(report.answer) | {
        "customer": system.customer,
        "tags": sorted(system.tags),
        "timezone": system.timezone,
        "backups": _backups(counts),
        "assets": len(report.history.assets),
        "first_day": date.fromordinal(last - days + 1).isoformat(),
        "days": {name: [day[code] for day in per_day] for code, name in enumerate(OUTCOMES)},
        "calls": report.ledger.calls,
        "calls_saved": report.ledger.calls_saved,
    }


def asset_rows(report: SystemReport, days: int) -> list[dict[str, Any]]:
    """The assets of one system as flat rows, worst first. `days` is a letter a day up to today of the system's zone.

    g good, w warning, f failed, n no result, r running, "." no backup.
    """
    last = _today(report)
    judged_assets = sorted(report.verdicts(), key=lambda pair: (*pair[1].rank, pair[0].name))
    return [_asset_row(report, asset, verdict, last, days) for asset, verdict in judged_assets]


def _asset_row(report: SystemReport, asset: AssetHistory, verdict: Verdict, last: int, days: int) -> dict[str, Any]:
    strip = (asset.days.get(day) for day in range(last - days + 1, last + 1))
    return {
        "system_id": report.system.id,
        "system_name": report.system.name,
        "customer": report.system.customer,
        "asset": asset.name,
        "client_name": asset.client_name,
        "application": asset.application,
        "client_id": asset.client_id,
        "instance_id": asset.instance_id,
        "state": verdict.state,
        "critical": verdict.critical,
        "last_good": _iso(asset.last_good),
        "last_good_age_hours": None if verdict.age_hours is None else round(verdict.age_hours, 1),
        "threshold_hours": report.thresholds.no_success_hours,
        "last_start": _iso(asset.last_start),
        "last_outcome": asset.last_outcome,
        "failures": asset.failures,
        "last_error": asset.last_error,
        "last_error_at": _iso(asset.last_error_at),
        "replication": asset.replication,
        "not_replicated": verdict.not_replicated,
        "verification": asset.verification,
        "on_hold": asset.on_hold,
        "size_mb": asset.size_mb,
        "backups": asset.backups,
        "days": "".join("." if code is None else _LETTERS[code] for code in strip),
    }


def summary(
    reports: Sequence[SystemReport],
    *,
    hours: float,
    now: float,
    limit: int,
    states: Container[AssetState] = STATES,
) -> dict[str, Any]:
    """GET /gateway/summary (contract section 4): counts, what did not answer, and the `limit` worst of these states."""
    answers = [report.answer for report in reports]
    counts, assets = [0] * len(OUTCOMES), Counter[str]()
    worst: list[tuple[Any, SystemReport, AssetHistory, Verdict]] = []
    for report in reports:
        since = report.as_of - hours * HOUR_S
        counts = [one + other for one, other in zip(counts, report.history.counts(since, report.as_of), strict=True)]
        for asset, verdict in report.verdicts():
            assets.update(_signs(asset, verdict))
            if verdict.state != "good" and verdict.state in states:
                worst.append(((*verdict.rank, report.system.name, asset.name), report, asset, verdict))
    worst.sort(key=lambda entry: entry[0])
    complete = is_complete(answers)
    return {
        # Who sees no system sees nothing that is well: a name that was changed must not turn a monitor green.
        "ok": bool(answers) and complete and not assets["failing"] and not assets["no_success"],
        "generated_at": iso_utc(now),
        "window_hours": hours,
        "complete": complete,
        "backups": _backups(counts),
        "systems": _systems(answers),
        "assets": {name: assets[name] for name in _ASSET_COUNTS},
        "shield": _shield(report.ledger for report in reports),
        "not_answering": [_not_answering(report) for report in reports if report.answer.state != "ok"],
        "attention": [_attention(*entry[1:]) for entry in worst[:limit]],
    }


_ASSET_COUNTS: Final = (
    *("total", "good", "no_success", "no_success_24h", "late", "never", "failing", "critical"),
    *("not_replicated", "not_verified", "on_hold"),
)


def _signs(asset: AssetHistory, verdict: Verdict) -> Iterator[str]:
    """Under which counts an asset falls."""
    holds = {
        "total": True,
        "good": verdict.state in ("good", "not_replicated", "not_verified"),
        "no_success": verdict.late or verdict.never,
        "no_success_24h": verdict.late_24h,
        "late": verdict.late,
        "never": verdict.never,
        "failing": asset.failures > 0,
        "critical": verdict.critical,
        "not_replicated": verdict.not_replicated,
        "not_verified": verdict.not_verified,
        "on_hold": asset.on_hold > 0,
    }
    return (name for name, is_so in holds.items() if is_so)


def _backups(counts: Sequence[int]) -> dict[str, Any]:
    """Counts by outcome. `good_percent` is the share of good ones among those with a result; None without any."""
    good, finished = counts[SUCCESS] + counts[WARNING], counts[SUCCESS] + counts[WARNING] + counts[FAILURE]
    percent = round(100 * good / finished, 1) if finished else None
    return {**dict(zip(OUTCOMES, counts, strict=True)), "total": sum(counts), "good_percent": percent}


def _systems(answers: Sequence[SystemAnswer]) -> dict[str, Any]:
    states = Counter(answer.state for answer in answers)
    ages = [answer.age_s for answer in answers if answer.age_s is not None]
    return {
        "total": len(answers),
        "ok": states["ok"],
        "stale": states["stale"],
        "missing": states["missing"],
        "unreachable": states["stale"] + states["missing"],
        "oldest_age_seconds": round(max(ages), 1) if ages else None,
    }


def _shield(ledgers: Iterable[SystemLedger]) -> dict[str, int]:
    """What was asked of these systems since the gateway started, and what was not.

    A system that was taken out of the configuration is none of them: who may be told of it is not known any more.
    """
    total = Counter[str]()
    for ledger in ledgers:
        total.update(calls=ledger.calls, calls_saved=ledger.calls_saved, rows_fetched=ledger.rows)
        total.update(logins=ledger.logins.total())
    return {name: total[name] for name in ("calls", "calls_saved", "rows_fetched", "logins")}


def _not_answering(report: SystemReport) -> dict[str, Any]:
    answer = report.answer
    return {
        "system_id": report.system.id,
        "system_name": report.system.name,
        "customer": report.system.customer,
        "state": answer.state,
        "error": answer.error and answer.error.kind,
        "message": answer.error and answer.error.message,
        "age_seconds": None if answer.age_s is None else round(answer.age_s, 1),
        "last_success": _iso(answer.last_success),
        "retry_at": _iso(answer.error.retry_at if answer.error else None),
    }


def _attention(report: SystemReport, asset: AssetHistory, verdict: Verdict) -> dict[str, Any]:
    row = _asset_row(report, asset, verdict, 0, 0)
    return {key: row[key] for key in row if key not in ("days", "backups", "size_mb", "on_hold")}


def _today(report: SystemReport) -> int:
    return datetime.fromtimestamp(report.as_of, ZoneInfo(report.system.timezone)).toordinal()


def _iso(epoch: float | None) -> str | None:
    return None if epoch is None else iso_utc(epoch)
