"""A question of such a client put to the merged lists, and its answer, which never hides a system that is silent."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.answers import merge
from gateway.callers.accounts import Caller
from gateway.question.query import BackupQuery
from gateway.reports.entries import Entry, newest_first
from gateway.web.asking import ask, outcome_of
from gateway.web.caller import caller_of
from gateway.web.clients.parameters import Reader, read_parameters
from gateway.web.keys import GATEWAY, LOG
from gateway.web.outcome import completeness, judged, log_facts, timing
from gateway.web.respond import parts_answer

_ROWS_ON_THE_LOOP: Final = 2000

_encode: Final = msgspec.json.Encoder().encode

Made = Callable[[list[Entry]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Heard:
    """Who asks, with which values of the route's keys, and when the request came, by the event loop's clock."""

    caller: Caller
    values: Mapping[str, Any]
    begun: float


async def heard(request: web.Request, readers: Mapping[str, Reader]) -> Heard:
    """A request of such a client; raises as `caller_of` and `read_parameters`."""
    begun = asyncio.get_running_loop().time()
    caller = await caller_of(request)
    return Heard(caller, read_parameters(request.rel_url.query.items(), readers), begun)


async def answered(request: web.Request, asked: Heard, query: BackupQuery, made: Made) -> web.StreamResponse:
    """What `made` makes of the rows, newest first. Where a system is not ok, `systems` says so beside it (5.3)."""
    gateway = request.app[GATEWAY]
    await gateway.turns.mine()
    asking = ask(gateway, asked.caller, query, query.max_age_s, asked.begun)
    outcome = await outcome_of(gateway, asked.caller, query, asking)
    request[LOG].update(log_facts(outcome.answers))
    status, fault, headers = judged(outcome.answers, query, gateway.wall())
    headers = headers | completeness(outcome.answers)
    more = outcome.extra | fault
    if not merge.is_complete(outcome.answers):
        more = more | {"systems": [merge.describe(answer) for answer in outcome.answers]}
    merging = time.perf_counter()
    lists = [answer.backups for answer in outcome.answers]

    def body() -> bytes:
        return _encode(made(newest_first(lists)) | more)

    is_heavy = sum(map(len, lists)) > _ROWS_ON_THE_LOOP
    text = await gateway.aside.run(body) if is_heavy else body()
    headers["Server-Timing"] = timing(outcome, time.perf_counter() - merging)
    return await parts_answer(request, [text], status=status, headers=headers)
