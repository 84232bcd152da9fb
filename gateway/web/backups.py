"""POST and GET /api/backups: one question, one answer (contract section 5)."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway import merge
from gateway.accounts import Caller
from gateway.fanout import answers
from gateway.model import SystemAnswer
from gateway.plan import Need
from gateway.query import BackupQuery, parse_both, parse_query_string
from gateway.selection import select
from gateway.stack import Gateway, Stacked
from gateway.web.keys import GATEWAY, LOG
from gateway.web.read import caller_of, read_body, unauthorized
from gateway.web.respond import parts_answer, problem

_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_SKIPPED: Final = ("breaker_open", "overloaded")


@dataclass(frozen=True, slots=True)
class Outcome:
    """All answers to one question, by system id, and the start of the default window where one was added."""

    answers: list[SystemAnswer]
    window_start: int | None
    took_s: float

    @property
    def waited(self) -> bool:
        """Whether an appliance was asked for one of them."""
        return any(answer.source in ("appliance", None) for answer in self.answers)


async def post_backups(request: web.Request) -> web.StreamResponse:
    """The question as a JSON body."""
    begun = asyncio.get_running_loop().time()
    caller = await caller_of(request)
    query = parse_both(await read_body(request), request.rel_url.query.items())
    return await _answered(request, caller, query, begun)


async def get_backups(request: web.Request) -> web.StreamResponse:
    """The same question as a query string, with an ETag."""
    begun = asyncio.get_running_loop().time()
    caller = await caller_of(request)
    query = parse_query_string(request.rel_url.query.items())
    return await _answered(request, caller, query, begun)


async def _answered(request: web.Request, caller: Caller, query: BackupQuery, begun: float) -> web.StreamResponse:
    gateway = request.app[GATEWAY]
    await gateway.turns.mine()
    systems = select(gateway.systems, caller, query)
    max_age_s = 0.0 if _asks_no_cache(request) else query.max_age_s
    found = await _ask(gateway, systems, query, max_age_s, begun)
    if found.waited:
        await gateway.turns.mine()
    outcome = _rechecked(gateway, caller, query, found)
    status = _status(outcome.answers, query)
    request[LOG].update(_log_facts(outcome.answers))
    headers = {"X-Gateway-Complete": "true" if merge.is_complete(outcome.answers) else "false"}
    if request.method != "POST":
        headers["Cache-Control"] = "private, no-cache"
    if request.method != "POST" and status == 200:
        headers["ETag"] = merge.etag(outcome.answers, _spelled((query, outcome.window_start)))
        if _matches(request.headers.get("If-None-Match"), headers["ETag"]):
            return web.Response(status=304, headers=headers | {"X-Content-Type-Options": "nosniff"})
    extra: dict[str, Any] = {}
    if outcome.window_start is not None:
        extra["window"] = {"start_epoch": outcome.window_start}
    if status != 200:
        extra |= problem(status, _why(outcome.answers, query))
    if status == 503:
        headers["Retry-After"] = str(_retry_after_s(outcome.answers, gateway.wall()))
    merging = time.perf_counter()
    parts = merge.body_parts(outcome.answers, merge.Shape(query.order_by, query.descending, query.fields), extra)
    headers["Server-Timing"] = _timing(outcome, time.perf_counter() - merging)
    return await parts_answer(request, parts, status=status, headers=headers)


_spelled: Final = msgspec.json.Encoder(order="deterministic").encode
"""One spelling for equal questions, in this process and in every other one."""


def _rechecked(gateway: Gateway, caller: Caller, query: BackupQuery, outcome: Outcome) -> Outcome:
    """Rights may have been taken away while the answer was on its way: they count at the merge as well."""
    current = gateway.access.accounts.now(caller)
    if current is None:
        raise unauthorized("the credential is not valid any more")
    kept = [answer for answer in outcome.answers if answer.system_id in current.systems]
    if len(kept) < len(outcome.answers):
        select(gateway.systems, current, query)  # a system that was named is unknown from now on
    return replace(outcome, answers=kept)


async def _ask(
    gateway: Gateway, systems: Sequence[Stacked], query: BackupQuery, max_age_s: float | None, begun: float
) -> Outcome:
    wall = gateway.wall()
    questions, starts = [], []
    for system in systems:
        limits = system.config.limits
        deadline_s = min(query.deadline_s or math.inf, limits.deadline_seconds)
        start = _window_start(limits.default_window_days, wall) if query.filter.timeless else None
        if start is not None:
            starts.append(start)
        question = query.filter.at(system.zone, not_before=start)
        questions.append((system.source, question, Need(begun + deadline_s, max_age_s, query.max_stale_s)))
    found = [answer async for answer in answers(questions)]
    found.sort(key=lambda answer: answer.system_id)
    took = asyncio.get_running_loop().time() - begun
    return Outcome(found, max(starts, default=None), took)


def _window_start(days: float, wall: float) -> int | None:
    """The start of the default window, on a whole hour: a window that moved each second would never be held."""
    return None if not days else int(wall - days * _DAY_S) // _HOUR_S * _HOUR_S


def _asks_no_cache(request: web.Request) -> bool:
    directives = request.headers.get("Cache-Control", "").lower().replace(" ", "").split(",")
    return "no-cache" in directives


def _matches(if_none_match: str | None, etag: str) -> bool:
    """Weak comparison (RFC 9110 section 13.1.2)."""
    if if_none_match is None:
        return False
    offers = [offer.strip().removeprefix("W/") for offer in if_none_match.split(",")]
    return "*" in offers or etag.removeprefix("W/") in offers


def _status(found: Sequence[SystemAnswer], query: BackupQuery) -> int:
    """200, or why the answer falls short (contract section 5.5)."""
    usable = {answer.system_id for answer in found if answer.state != "missing"}
    require = query.require
    if require == "any":
        enough = bool(usable) or not found
    elif require == "all":
        enough = len(usable) == len(found)
    elif isinstance(require, frozenset):
        enough = require <= usable
    else:
        enough = len(usable) >= int(require)
    if enough:
        return 200
    kinds = {answer.error.kind for answer in found if answer.state == "missing" and answer.error is not None}
    if kinds == {"timeout"}:
        return 504
    return 503 if kinds and kinds <= set(_SKIPPED) else 502


def _why(found: Sequence[SystemAnswer], query: BackupQuery) -> str:
    missing = [answer for answer in found if answer.state == "missing"]
    first = f"; {missing[0].name}: {missing[0].error.message}" if missing and missing[0].error else ""
    wanted = sorted(query.require) if isinstance(query.require, frozenset) else query.require
    return f"{len(missing)} of {len(found)} systems gave no list, while {wanted} is required{first}"


def _retry_after_s(found: Sequence[SystemAnswer], wall: float) -> int:
    """Whole seconds until the first of the skipped systems will be asked again."""
    times = [
        answer.error.retry_at for answer in found if answer.error is not None and answer.error.retry_at is not None
    ]
    return max(1, math.ceil(min(times) - wall)) if times else 1


def _timing(outcome: Outcome, merge_s: float) -> str:
    """Server-Timing (W3C): what was held, the slowest system, the merge; milliseconds."""
    held = sum(1 for answer in outcome.answers if answer.source in ("cache", "narrowed", "snapshot"))
    parts = [f'cache;desc="{held} of {len(outcome.answers)}"']
    if outcome.answers:
        slowest = max(outcome.answers, key=lambda answer: answer.took_s)
        parts.append(f'slowest;dur={slowest.took_s * 1000:.1f};desc="system {slowest.system_id}"')
    return ", ".join([*parts, f"merge;dur={merge_s * 1000:.1f}", f"total;dur={(outcome.took_s + merge_s) * 1000:.1f}"])


def _log_facts(found: Sequence[SystemAnswer]) -> dict[str, Any]:
    states = [answer.state for answer in found]
    return {
        "systems": len(found),
        "rows": sum(len(answer.backups) for answer in found),
        **{state: states.count(state) for state in ("ok", "stale", "missing") if state in states},
    }
