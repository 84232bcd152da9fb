"""A checked question put to every asked system, and its answers as far as the caller may still see them."""

import asyncio
import math
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from gateway.callers.accounts import Caller
from gateway.dates import last_days_begin
from gateway.fanout import answers
from gateway.filter import Question
from gateway.lists.plan import Need
from gateway.loop.pauses import Pauses
from gateway.model import SystemAnswer, SystemId
from gateway.question.query import BackupQuery
from gateway.selection import select, withdrawn
from gateway.stack import Gateway
from gateway.web.credentials import unauthorized
from gateway.web.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Asking:
    """A question on its way: its answers as they come, and the start of the default window where one was added."""

    answers: AsyncGenerator[SystemAnswer, None]
    asked: frozenset[SystemId]
    window_start: int | None
    begun: float


def ask(gateway: Gateway, caller: Caller, query: BackupQuery, max_age_s: float | None, begun: float) -> Asking:
    """Put the question to every asked system. `begun` is when the request came, by the event loop's clock.

    Raises RequestError 404 for a system, customer or tag that the caller does not see.
    """
    wall = gateway.wall()
    systems = select(gateway.systems, caller, query)
    questions, starts = [], []
    in_zone: dict[tuple[str, int | None], Question] = {}
    needs: dict[float, Need] = {}
    is_timeless = query.filter.timeless
    for system in systems:
        limits = system.config.limits
        deadline_s = min(query.deadline_s or math.inf, limits.deadline_seconds)
        days = limits.default_window_days
        start = last_days_begin(days, wall) if days and is_timeless else None
        if start is not None:
            starts.append(start)
        clock = system.config.timezone, start
        question = in_zone.get(clock)
        if question is None:
            question = in_zone[clock] = query.filter.at(system.zone, not_before=start)
        need = needs.get(deadline_s)
        if need is None:
            need = needs[deadline_s] = Need(begun + deadline_s, max_age_s, query.max_stale_s)
        questions.append((system.source, question, need))
    asked = frozenset(SystemId(system.config.id) for system in systems)
    return Asking(answers(questions, Pauses(gateway.turns)), asked, max(starts, default=None), begun)


async def outcome_of(gateway: Gateway, caller: Caller, query: BackupQuery, asking: Asking) -> Outcome:
    """All answers, as far as the caller may still see them when they are here; raises as `rechecked`."""
    found = [answer async for answer in asking.answers]
    found.sort(key=lambda answer: answer.system_id)
    took = asyncio.get_running_loop().time() - asking.begun
    if any(answer.source in ("appliance", None) for answer in found):
        await gateway.turns.mine(begun=True)
    now = gateway.monotonic()
    told = [answer.told(now) for answer in found]
    return rechecked(gateway, caller, query, Outcome(told, asking.window_start, took))


def rechecked(gateway: Gateway, caller: Caller, query: BackupQuery, outcome: Outcome) -> Outcome:
    """Rights may have been taken away while the answer was on its way: they count at the merge as well.

    What was taken out of the configuration meanwhile is still told (contract section 7).

    RequestError 401 where the caller is gone, 404 where a system that it named is not its own any more.
    """
    current = gateway.access.accounts.now(caller)
    if current is None:
        raise unauthorized("the credential is not valid any more")
    gone = withdrawn(current, gateway.systems, (answer.system_id for answer in outcome.answers))
    if gone:
        select(gateway.systems, current, query)  # a system that was named is unknown from now on
    return replace(outcome, answers=[answer for answer in outcome.answers if answer.system_id not in gone])
