"""A checked question put to every asked system, and what the whole of the answers amounts to (contract section 5.5)."""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.accounts import Caller
from gateway.fanout import answers
from gateway.filter import Question
from gateway.model import SystemAnswer
from gateway.pauses import Pauses
from gateway.plan import Need
from gateway.query import BackupQuery
from gateway.selection import select
from gateway.stack import Gateway
from gateway.web.credentials import unauthorized
from gateway.web.respond import problem

_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_SKIPPED: Final = ("breaker_open", "overloaded")


@dataclass(frozen=True, slots=True)
class Asking:
    """A question on its way: its answers as they come, and the start of the default window where one was added."""

    answers: AsyncGenerator[SystemAnswer, None]
    systems: int
    window_start: int | None
    begun: float


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

    @property
    def extra(self) -> dict[str, Any]:
        """What the answer says beside rows and systems."""
        return {} if self.window_start is None else {"window": {"start_epoch": self.window_start}}


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
        start = _window_start(limits.default_window_days, wall) if is_timeless else None
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
    return Asking(answers(questions, Pauses(gateway.turns)), len(systems), max(starts, default=None), begun)


async def outcome_of(gateway: Gateway, caller: Caller, query: BackupQuery, asking: Asking) -> Outcome:
    """All answers, as far as the caller may still see them when they are here."""
    found = [answer async for answer in asking.answers]
    found.sort(key=lambda answer: answer.system_id)
    took = asyncio.get_running_loop().time() - asking.begun
    outcome = Outcome(found, asking.window_start, took)
    if outcome.waited:
        await gateway.turns.mine(begun=True)
    return rechecked(gateway, caller, query, outcome)


def rechecked(gateway: Gateway, caller: Caller, query: BackupQuery, outcome: Outcome) -> Outcome:
    """Rights may have been taken away while the answer was on its way: they count at the merge as well."""
    current = gateway.access.accounts.now(caller)
    if current is None:
        raise unauthorized("the credential is not valid any more")
    kept = [answer for answer in outcome.answers if answer.system_id in current.systems]
    if len(kept) < len(outcome.answers):
        select(gateway.systems, current, query)  # a system that was named is unknown from now on
    return replace(outcome, answers=kept)


def _window_start(days: float, wall: float) -> int | None:
    """The start of the default window, on a whole hour: a window that moved each second would never be held."""
    return None if not days else int(wall - days * _DAY_S) // _HOUR_S * _HOUR_S


def is_enough(found: Sequence[SystemAnswer], query: BackupQuery, systems: int) -> bool:
    """Whether these answers, out of so many asked systems, are what `require` asks for."""
    usable = {answer.system_id for answer in found if answer.state != "missing"}
    require = query.require
    if require == "any":
        return bool(usable) or not systems
    if require == "all":
        return len(usable) == systems
    return require <= usable if isinstance(require, frozenset) else len(usable) >= int(require)


def status_of(found: Sequence[SystemAnswer], query: BackupQuery) -> int:
    """200, or why the answer falls short (contract section 5.5)."""
    if is_enough(found, query, len(found)):
        return 200
    kinds = {answer.error.kind for answer in found if answer.state == "missing" and answer.error is not None}
    if kinds == {"timeout"}:
        return 504
    return 503 if kinds and kinds <= set(_SKIPPED) else 502


def shortfall(
    found: Sequence[SystemAnswer], query: BackupQuery, status: int, wall: float
) -> tuple[dict[str, Any], dict[str, str]]:
    """What the body and the headers of an answer say in addition when its status is not 200."""
    headers = {"Retry-After": str(_retry_after_s(found, wall))} if status == 503 else {}
    return problem(status, _why(found, query)), headers


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


def timing(outcome: Outcome, merge_s: float) -> str:
    """Server-Timing (W3C): what was held, the slowest system, the merge; milliseconds."""
    held = sum(1 for answer in outcome.answers if answer.source in ("cache", "narrowed", "snapshot"))
    parts = [f'cache;desc="{held} of {len(outcome.answers)}"']
    if outcome.answers:
        slowest = max(outcome.answers, key=lambda answer: answer.took_s)
        parts.append(f'slowest;dur={slowest.took_s * 1000:.1f};desc="system {slowest.system_id}"')
    return ", ".join([*parts, f"merge;dur={merge_s * 1000:.1f}", f"total;dur={(outcome.took_s + merge_s) * 1000:.1f}"])


def log_facts(found: Sequence[SystemAnswer]) -> dict[str, Any]:
    """What the log says of an answer."""
    states = [answer.state for answer in found]
    return {
        "systems": len(found),
        "rows": sum(len(answer.backups) for answer in found),
        **{state: states.count(state) for state in ("ok", "stale", "missing") if state in states},
    }
