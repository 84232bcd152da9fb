"""Carries out the plan for one system: held lists first, one shared fetch else, a marked stand-in where that fails."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import numpy as np
from msgspec import structs

from gateway.clock import Clock
from gateway.config.checked import Limits
from gateway.errors import FetchError
from gateway.filter import Asked, Question
from gateway.lists import plan
from gateway.lists.held import Held
from gateway.lists.index import Places
from gateway.lists.plan import Need, Served, renewal_of
from gateway.lists.store import Store
from gateway.lists.widen import Widener
from gateway.model import EMPTY, BackupList, Source, SystemAnswer, SystemId
from gateway.sources.calls import Calls
from gateway.sources.in_turn import InTurn
from gateway.sources.refresh import Refresh
from gateway.sources.source import AnswerHook, AnswerResult, Runs

_SOON_S: Final = 1.0
"""Within so long a failing system is tried once more: it may be well again, and its breaker spares it already."""
_ONE_MOMENT_S: Final = 0.5
"""For so long a caller waits for a call that has taken longer already than that caller would wait at all."""


class Cached:
    """The outermost source of a system. What it answers is never an exception: faults become the system's state.

    `ceiling` tells in how many seconds one more call may start, behind those that wait for their turn.
    """

    def __init__(
        self,
        refresh: Refresh,
        store: Store,
        system_id: SystemId,
        name: str,
        limits: Limits,
        *,
        ceiling: Callable[[], float],
        widener: Widener,
        hook: AnswerHook,
        delay: Callable[[float], float],
        spread_s: float,
        in_turn: InTurn,
        monotonic: Clock,
        wall: Clock,
        runs: Runs | None = None,
    ) -> None:
        self.refresh = refresh
        self._store = store
        self.system_id = system_id
        self.name = name
        self.limits = limits
        self._ceiling = ceiling
        self._widener = widener
        self._hook = hook
        self._delay = delay
        self._spread_s = spread_s
        self._in_turn = in_turn
        self._monotonic = monotonic
        self._wall = wall
        self.calls = Calls(runs or refresh, monotonic)
        self._soon: dict[Asked, asyncio.TimerHandle] = {}

    def __repr__(self) -> str:
        return f"<Cached {self.name}, {len(self._store.held(self.system_id))} lists, {self.refresh!r}>"

    @property
    def latency_s(self) -> float | None:
        """What its calls take, in seconds: its own ones, else those behind lists of an earlier run."""
        if self.refresh.latency_s is not None:
            return self.refresh.latency_s
        return max((held.fetched.took_s for held in self._store.held(self.system_id)), default=None)

    def answer_held(self, question: Question, need: Need) -> SystemAnswer | None:
        """The answer out of what is held, at once; None where the appliance must be asked."""
        begun = self._monotonic()
        served = self._choose(question, need)
        if served is None or served.freshness == "stale":
            return None
        if question.asked.start.low is not None:
            served.held.reach.note(question.asked.start.low, begun)
        if served.freshness == "revalidate" or served.held.failed is not None:
            self._refresh_soon(served.held)  # after a failure as well: the fault may be over
        self._hook(self.system_id, "hit" if served.held.asked == question.asked else "narrowed")
        return self._from_held(question, served, begun, served.held.failed)

    async def answer(self, question: Question, need: Need) -> SystemAnswer:
        """Rows and state of this system for `question`, at the latest at `need.deadline_at`."""
        at_once = self.answer_held(question, need)
        if at_once is not None:
            return at_once
        answer, result = await self._answered(question, need)
        self._hook(self.system_id, result)
        return answer

    async def _answered(self, question: Question, need: Need) -> tuple[SystemAnswer, AnswerResult]:
        begun = self._monotonic()
        try:
            self._check(question.asked, has_stand_in=self._choose(question, need) is not None)
            return await self._asked(question, begun, need)
        except FetchError as error:
            served = self._choose(question, need, error)
            if served is None:
                return self._missing(begun, error), "missing"
            return self._from_held(question, served, begun, error), "stale"

    async def _asked(self, question: Question, begun: float, need: Need) -> tuple[SystemAnswer, AnswerResult]:
        """The answer out of a list that is asked for now, by this question or by an equal one; raises FetchError."""
        joins = question.asked in self.calls
        wide = await self._by_wider(question, begun, need)
        if wide is not None:
            return wide, "fetch"
        held, warnings = await self._fetched(question.asked, begun, need)
        if held.failed is not None:  # an empty answer that is not believed yet: the list before it stands in
            raise held.failed.again()
        if question.words:
            with contextlib.suppress(TimeoutError):  # then it is time, whosever turn it is
                async with asyncio.timeout_at(need.deadline_at):
                    await self._in_turn.columns(held.index)
        backups, _ = self._picked(question, held, plan.still_in(question, held, self._monotonic()))
        result: AnswerResult = "coalesced" if joins else "tail" if held.via == "tail" else "fetch"
        source: Source = "cache" if held.via == "shared" else "appliance"
        return self._answer(held, backups, source, begun, None, warnings), result

    async def _by_wider(self, question: Question, begun: float, need: Need) -> SystemAnswer | None:
        """The answer out of a wider list, fetched for several questions at once; None where that does not pay."""
        held = self._store.held(self.system_id)
        wider = self._widener.widened(question.asked, held, begun, self._wall())
        if need.max_age_s is not None or wider == question.asked or self.refresh.known_too_large(wider) is not None:
            return None
        try:
            await self._fetched(wider, begun, need)
        except FetchError as error:
            if error.kind != "too_large":
                raise
            return None  # more rows than expected: the narrow question may still be answered
        served = self._choose(question, need)
        if served is None or served.freshness != "fresh":
            return None  # a row that the wider list cannot decide: the appliance is asked the question as it is
        return structs.replace(self._from_held(question, served, begun, None), source="appliance")

    def retire(self) -> None:
        """Another one takes the place: what is under way is still answered, and nothing is renewed any more."""
        for timer in self._soon.values():
            timer.cancel()
        self._soon.clear()
        self.refresh.retire()

    async def close(self) -> None:
        """End fetches under way."""
        self.retire()
        await self.calls.close()

    def _choose(self, question: Question, need: Need, error: FetchError | None = None) -> Served | None:
        return plan.choose(
            question,
            self._store.get(self.system_id, question.asked),
            self._store.held(self.system_id),
            now=self._monotonic(),
            need=need,
            limits=self.limits,
            error=error,
            refused=self.refresh.is_refused,
        )

    def _check(self, asked: Asked, *, has_stand_in: bool) -> None:
        """Raises what is known before a call: the list is too large, or the ceiling is reached and a list is held."""
        known = self.refresh.known_too_large(asked)
        if known is not None:
            raise known
        wait = self._ceiling()
        if has_stand_in and wait > 0:
            raise FetchError("overloaded", "the ceiling on calls is reached", retry_at=self._wall() + wait)

    async def _fetched(self, asked: Asked, begun: float, need: Need) -> tuple[Held, tuple[str, ...]]:
        """A list that is young enough for this caller; raises FetchError, at the latest at the deadline."""
        whole = need.max_age_s == 0
        oldest = begun - (need.max_age_s or 0.0)
        try:
            async with asyncio.timeout_at(self._patient_until(asked, begun, need)):
                held = await self.calls.join(asked, oldest if need.max_age_s is not None else None, whole=whole)
                while need.max_age_s is not None and held.failed is None and held.fetched.asked_at < oldest:
                    # The shared call had left before this question came. (A list that failed has just been asked for
                    # and stands in for a suspect empty one: only a later question may believe that.)
                    held = await self.calls.join(asked, oldest, whole=whole)
        except TimeoutError:
            call = self.calls.of(asked, whole=whole)
            if call is not None and not call.under_way and not call.elsewhere:
                raise FetchError("overloaded", "no turn for a call came before the deadline") from None
            raise FetchError("timeout", "the appliance did not answer before the deadline") from None
        return held, () if self._store.get(self.system_id, asked) is held else ("not_kept",)

    def _patient_until(self, asked: Asked, begun: float, need: Need) -> float:
        """When this caller gives up (loop time): its deadline, or soon where a whole one was not enough before."""
        call, now = self.calls.of(asked, whole=need.max_age_s == 0), asyncio.get_running_loop().time()
        if call is None or not call.under_way or begun - call.begun < need.deadline_at - now:
            return need.deadline_at
        return min(need.deadline_at, now + _ONE_MOMENT_S)

    def _refresh_soon(self, held: Held) -> None:
        """One refresh in the background, after a delay: lists loaded together are not renewed together.

        At the ceiling none is queued: a later question will see to it. A list that is too large is left alone, and one
        that is another's now.
        """
        # Where it fails, the list itself is to be marked, and not a shorter one that nobody has.
        asked = renewal_of(held, self._wall()) if self.refresh.is_up else held.asked
        if self.refresh.retired or self.refresh.known_too_large(asked) is not None:
            return
        if asked in self._soon or asked in self.calls or self._ceiling() > 0:
            return
        delay_s = self._delay(self._spread_s if held.failed is None else min(_SOON_S, self._spread_s))
        before = self._store.get(self.system_id, asked)
        self._soon[asked] = asyncio.get_running_loop().call_later(delay_s, self._refresh_now, asked, before)

    def _refresh_now(self, asked: Asked, before: Held | None) -> None:
        """Unless somebody asks for that list now, or has renewed it meanwhile."""
        del self._soon[asked]
        if self._store.get(self.system_id, asked) is before and asked not in self.calls and self._ceiling() == 0:
            self.calls.start(asked)

    def _of_words(self, question: Question, held: Held) -> tuple[BackupList, bool]:
        """Rows of the question's words out of the list for it, and whether nothing had to be picked for that."""
        backups = held.fetched.backups
        if not question.words:
            return backups, True
        known = self._store.view(backups, question)
        if known is not None:
            return known, True
        words = held.index.words(question)
        if words.all():
            return backups, False
        picked = backups.pick(np.flatnonzero(words).tolist())
        self._store.put_view(backups, question, picked)
        return picked, False

    def _picked(self, question: Question, held: Held, rows: Places | None) -> tuple[BackupList, bool]:
        """The same out of any list, at these places where they are not all."""
        if rows is None:
            return self._of_words(question, held)
        # Not remembered: the hour decides which they are, and picking a few costs less.
        return held.fetched.backups.pick(rows.tolist()) if len(rows) else EMPTY, False

    def _from_held(self, question: Question, served: Served, begun: float, error: FetchError | None) -> SystemAnswer:
        held = served.held
        backups, is_cached = self._picked(question, held, served.rows)
        source: Source = "snapshot" if held.via == "snapshot" else "cache" if is_cached else "narrowed"
        return self._answer(held, backups, source, begun, error)

    def _answer(
        self,
        held: Held,
        backups: BackupList,
        source: Source,
        begun: float,
        error: FetchError | None,
        warnings: tuple[str, ...] = (),
    ) -> SystemAnswer:
        now = self._monotonic()
        suspect = ("suspect_empty",) if held.emptied else ()
        return SystemAnswer(
            self.system_id,
            self.name,
            "ok" if error is None else "stale",
            backups,
            source,
            now - begun,
            held.age_s(now),
            held.fetched.wall_at,
            error,
            held.fetched.warnings + suspect + warnings,
            now,
        )

    def _missing(self, begun: float, error: FetchError) -> SystemAnswer:
        took = self._monotonic() - begun
        return SystemAnswer(
            self.system_id, self.name, "missing", EMPTY, None, took, None, self.refresh.last_success, error
        )
