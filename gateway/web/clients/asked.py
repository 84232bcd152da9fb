"""A question of such a client put to the merged lists, and its answer, which never hides a system that is silent."""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.answers import merge
from gateway.callers.accounts import Caller
from gateway.question.query import BackupQuery
from gateway.reports.entries import Entry, newest_first
from gateway.web.asking import ask, outcome_of
from gateway.web.keys import GATEWAY, LOG
from gateway.web.outcome import judged, log_facts, timing
from gateway.web.respond import parts_answer

_ROWS_ON_THE_LOOP: Final = 2000

_encode: Final = msgspec.json.Encoder().encode

Made = Callable[[list[Entry]], dict[str, Any]]


async def answered(
    request: web.Request, caller: Caller, query: BackupQuery, begun: float, made: Made
) -> web.StreamResponse:
    """What `made` makes of the rows, newest first. Where a system is not ok, `systems` says so beside it (5.3)."""
    gateway = request.app[GATEWAY]
    await gateway.turns.mine()
    asking = ask(gateway, caller, query, query.max_age_s, begun)
    outcome = await outcome_of(gateway, caller, query, asking)
    request[LOG].update(log_facts(outcome.answers))
    is_complete = merge.is_complete(outcome.answers)
    status, fault, headers = judged(outcome.answers, query, gateway.wall())
    headers = headers | {"X-Gateway-Complete": "true" if is_complete else "false"}
    more = outcome.extra | fault
    if not is_complete:
        more = more | {"systems": [merge.describe(answer) for answer in outcome.answers]}
    merging = time.perf_counter()
    lists = [answer.backups for answer in outcome.answers]

    def body() -> bytes:
        return _encode(made(newest_first(lists)) | more)

    is_heavy = sum(map(len, lists)) > _ROWS_ON_THE_LOOP
    text = await gateway.aside.run(body) if is_heavy else body()
    headers["Server-Timing"] = timing(outcome, time.perf_counter() - merging)
    return await parts_answer(request, [text], status=status, headers=headers)
