"""GET /gateway/summary and /gateway/assets: what became of the backups, out of the same held lists as every answer."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.answers import merge
from gateway.callers.accounts import Caller
from gateway.reports.query import ReportQuery, parse_report
from gateway.reports.report import SystemReport, asset_rows, summary, system_block
from gateway.stack import Gateway
from gateway.web.asking import Asking, ask, rechecked
from gateway.web.caller import caller_of
from gateway.web.forms import TABLES, form_of, saved_as
from gateway.web.keys import GATEWAY, LOG
from gateway.web.lines import LineStream, RightWithdrawnError
from gateway.web.outcome import Outcome, completeness, log_facts
from gateway.web.respond import json_answer, parts_answer

_encode: Final = msgspec.json.Encoder().encode


async def get_summary(request: web.Request) -> web.StreamResponse:
    """Counts and the worst of it, small and flat. It is a 200 whatever the systems do: it says so itself."""
    gateway, caller, asked, asking = await _asked(request, has_form=False)
    reports = await _all_reports(request, gateway, caller, asked, asking)
    return json_answer(request, await _summary(gateway, asked, reports), headers=_complete(reports))


async def get_assets(request: web.Request) -> web.StreamResponse:
    """Every asset with its state and its last days, as JSON, CSV or a stream with a line for each system."""
    gateway, caller, asked, asking = await _asked(request, has_form=True)
    form = form_of(request, asked.backups)
    if form == "ndjson":
        return await _stream(request, gateway, caller, asked, asking)
    reports = await _all_reports(request, gateway, caller, asked, asking)
    rows = await gateway.aside.run(lambda: [row for report in reports for row in _rows(gateway, asked, report)])
    if form in TABLES:
        parts = await gateway.aside.run(lambda: list(TABLES[form]([_encode(row) for row in rows], _COLUMNS)))
        return await parts_answer(request, parts, headers=saved_as("assets", form) | _complete(reports))
    answers = [report.answer for report in reports]
    more = {"systems": [merge.describe(answer) for answer in answers], "complete": merge.is_complete(answers)}
    return json_answer(request, {"assets": rows, **more, "total": len(rows)}, headers=_complete(reports))


_COLUMNS: Final = (
    *("system_id", "system_name", "customer", "asset", "client_name", "application", "client_id", "instance_id"),
    *("state", "critical", "last_good", "last_good_age_hours", "threshold_hours", "last_start", "last_outcome"),
    *(
        "failures",
        "last_error",
        "last_error_at",
        "replication",
        "not_replicated",
        "verification",
        "on_hold",
        "size_mb",
        "backups",
    ),
    "days",
)


async def _asked(request: web.Request, *, has_form: bool) -> tuple[Gateway, Caller, ReportQuery, Asking]:
    begun = asyncio.get_running_loop().time()
    caller = await caller_of(request)
    gateway = request.app[GATEWAY]
    asked = parse_report(request.rel_url.query.items(), gateway.config.report.history_days, has_form=has_form)
    await gateway.turns.mine()
    return gateway, caller, asked, ask(gateway, caller, asked.backups, asked.backups.max_age_s, begun)


async def _reports(gateway: Gateway, asked: ReportQuery, asking: Asking) -> AsyncGenerator[SystemReport, None]:
    """Each system's report as it answers; none of a system that was removed meanwhile."""
    async with contextlib.aclosing(asking.answers) as answers:
        async for answer in answers:
            report = await gateway.report_of(answer)
            if report is not None:
                yield replace(report, no_success_hours=asked.no_success_hours)


async def _all_reports(
    request: web.Request, gateway: Gateway, caller: Caller, asked: ReportQuery, asking: Asking
) -> list[SystemReport]:
    """All of them by system id, as far as the caller may still see them when they are here."""
    found = [report async for report in _reports(gateway, asked, asking)]
    wall, monotonic = gateway.wall(), gateway.monotonic()
    kept = [
        replace(report, answer=report.answer.told(monotonic), now=wall)
        for report in _still_seen(gateway, caller, asked, found)
    ]
    request[LOG].update(log_facts([report.answer for report in kept]))
    return sorted(kept, key=lambda report: report.system.id)


def _still_seen(gateway: Gateway, caller: Caller, asked: ReportQuery, found: list[SystemReport]) -> list[SystemReport]:
    answers = [report.answer for report in found]
    kept = {
        answer.system_id for answer in rechecked(gateway, caller, asked.backups, Outcome(answers, None, 0.0)).answers
    }
    return [report for report in found if report.answer.system_id in kept]


async def _stream(
    request: web.Request, gateway: Gateway, caller: Caller, asked: ReportQuery, asking: Asking
) -> web.StreamResponse:
    """A line {"system":…,"assets":[…]} for each system as it answers, then {"summary":…}: without it, it was cut."""
    out, found = LineStream(request, caller), list[SystemReport]()
    days = gateway.config.report.history_days
    await out.begin(200, asking.asked)
    async with contextlib.aclosing(_reports(gateway, asked, asking)) as reports:
        async for report in reports:
            found.append(report)
            line = {"system": system_block(report, asked.hours, days), "assets": _rows(gateway, asked, report)}
            await out.write(_line(line))
    if len(found) < len(asking.asked):
        raise RightWithdrawnError  # a removed system has no line: then the end must not say that all is told
    found.sort(key=lambda report: report.system.id)
    request[LOG].update(log_facts([report.answer for report in found]))
    await out.write(_line({"summary": await _summary(gateway, asked, found)}))
    return await out.end()


def _line(value: dict[str, Any]) -> Iterator[bytes]:
    yield _encode(value) + b"\n"


def _rows(gateway: Gateway, asked: ReportQuery, report: SystemReport) -> list[dict[str, Any]]:
    rows = asset_rows(report, gateway.config.report.history_days)
    return [row for row in rows if row["state"] in asked.states]


async def _summary(gateway: Gateway, asked: ReportQuery, reports: list[SystemReport]) -> dict[str, Any]:
    """Aside: thousands of assets are judged."""
    now = gateway.wall()
    return await gateway.aside.run(
        lambda: summary(reports, hours=asked.hours, now=now, limit=asked.limit, states=asked.states)
    )


def _complete(reports: list[SystemReport]) -> dict[str, str]:
    return completeness([report.answer for report in reports])
