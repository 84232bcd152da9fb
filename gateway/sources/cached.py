"""Carries out the plan for one system: held lists first, one shared fetch else, a marked stand-in where that fails."""

import asyncio
from typing import Final

import numpy as np

from gateway import plan
from gateway.config import Limits
from gateway.errors import FetchError
from gateway.filter import Asked, Question
from gateway.held import Held
from gateway.index import Mask
from gateway.model import EMPTY, BackupList, Source, SystemAnswer, SystemId
from gateway.plan import Need, Served
from gateway.sources.flight import Flight
from gateway.sources.source import BackupSource, Call, Clock
from gateway.store import Store

_TOO_LARGE_S: Final = 600.0
_TOO_LARGE_KEPT: Final = 256


class Cached:
    """The outermost source of a system. What it answers is never an exception: faults become the system's state."""

    def __init__(
        self,
        inner: BackupSource,
        store: Store,
        system_id: SystemId,
        name: str,
        limits: Limits,
        *,
        monotonic: Clock,
        wall: Clock,
    ) -> None:
        self._inner = inner
        self._store = store
        self.system_id = system_id
        self.name = name
        self.limits = limits
        self._monotonic = monotonic
        self._wall = wall
        self._flight: Flight[Asked, Held] = Flight()
        self._calls: dict[Asked, Call] = {}
        self._too_large: dict[Asked, tuple[float, FetchError]] = {}
        self.last_success: float | None = None
        self.last_error: FetchError | None = None
        self.latency_s: float | None = None

    def __repr__(self) -> str:
        return f"<Cached {self.name}, {len(self._store.held(self.system_id))} lists, {self._inner!r}>"

    async def answer(self, question: Question, need: Need) -> SystemAnswer:
        """Rows and state of this system for `question`, at the latest at `need.deadline_at`."""
        begun = self._monotonic()
        served = self._choose(question, need)
        if served is not None and served.freshness != "stale":
            if served.freshness == "revalidate":
                self._refresh_behind(served.held.asked)
            return self._from_held(question, served, begun, served.held.failed)
        try:
            held, warnings = await self._fetched(question.asked, begun, need)
        except FetchError as error:
            served = self._choose(question, need, error)
            return self._missing(begun, error) if served is None else self._from_held(question, served, begun, error)
        words = held.index.words(question)
        backups = held.fetched.backups if words.all() else self._picked(question, held, words)[0]
        if held.failed is not None:  # an empty answer that is not believed yet
            return self._answer(held, backups, "cache", begun, held.failed, warnings)
        return self._answer(held, backups, "appliance", begun, None, warnings)

    async def close(self) -> None:
        """End fetches under way."""
        await self._flight.close()

    def _choose(self, question: Question, need: Need, error: FetchError | None = None) -> Served | None:
        return plan.choose(
            question,
            self._store.get(self.system_id, question.asked),
            self._store.held(self.system_id),
            now=self._monotonic(),
            wall=self._wall(),
            need=need,
            limits=self.limits,
            error=error,
        )

    async def _fetched(self, asked: Asked, begun: float, need: Need) -> tuple[Held, tuple[str, ...]]:
        """A list that is young enough for this caller; raises FetchError, at the latest at the deadline."""
        known = self._too_large.get(asked)
        if known is not None and self._monotonic() < known[0]:
            raise known[1].again()
        oldest = begun - (need.max_age_s or 0.0)
        try:
            async with asyncio.timeout_at(need.deadline_at):
                held = await self._join(asked)
                if need.max_age_s is not None and held.fetched.asked_at < oldest:
                    held = await self._join(asked)  # the shared call had left before this question came
        except TimeoutError:
            call = self._calls.get(asked)
            if call is not None and not call.started:
                raise FetchError("overloaded", "no turn for a call came before the deadline") from None
            raise FetchError("timeout", "the appliance did not answer before the deadline") from None
        return held, () if self._store.get(self.system_id, asked) is held else ("not_kept",)

    async def _join(self, asked: Asked) -> Held:
        return await self._flight.run(asked, lambda: self._refresh(asked), leave=lambda: self._in_queue(asked))

    def _in_queue(self, asked: Asked) -> bool:
        """Whether the call still waits for its turn: with nobody left to wait for it, it is not worth making."""
        call = self._calls.get(asked)
        return call is not None and not call.started

    def _refresh_behind(self, asked: Asked) -> None:
        self._flight.start(asked, lambda: self._refresh(asked))

    async def _refresh(self, asked: Asked) -> Held:
        """Fetch the whole list and keep it; a failure marks the held one, and never replaces it."""
        call = self._calls[asked] = Call(asked)
        try:
            fetched = await self._inner.fetch(call)
        except FetchError as error:
            self._failed(asked, error)
            raise
        finally:
            if self._calls.get(asked) is call:
                del self._calls[asked]
        took = fetched.answered_at - fetched.asked_at
        self.latency_s = took if self.latency_s is None else 0.7 * self.latency_s + 0.3 * took
        self.last_success, self.last_error = fetched.wall_at, None
        old = self._store.get(self.system_id, asked)
        if old is not None and not len(fetched.backups) and not old.emptied and self._still_has_rows(old):
            old.emptied += 1
            old.failed = FetchError("bad_reply", "an empty list where backups were listed before; asked once more")
            return old
        held = Held(asked, fetched)
        self._store.put(self.system_id, held)
        return held

    def _still_has_rows(self, held: Held) -> bool:
        """Whether the held list shows rows that its own question, asked now, would list."""
        return bool(held.index.asked(held.asked, plan.appliance_now(held, self._wall())).yes.any())

    def _failed(self, asked: Asked, error: FetchError) -> None:
        self.last_error = error
        held = self._store.get(self.system_id, asked)
        if held is not None:
            held.failed = error
        if error.kind == "too_large":  # the appliance is healthy, so the breaker is not the place to remember it
            while len(self._too_large) >= _TOO_LARGE_KEPT:
                self._too_large.pop(next(iter(self._too_large)))
            self._too_large[asked] = (self._monotonic() + _TOO_LARGE_S, error)

    def _picked(self, question: Question, held: Held, mask: Mask) -> tuple[BackupList, bool]:
        """The marked rows of a held list, and whether they had been picked before."""
        known = self._store.view(held, question)
        if known is not None and question.asked == held.asked:
            return known, True
        picked = held.fetched.backups.pick(np.flatnonzero(mask).tolist())
        self._store.put_view(held, question, picked)
        return picked, False

    def _from_held(self, question: Question, served: Served, begun: float, error: FetchError | None) -> SystemAnswer:
        held = served.held
        if served.mask is None:
            backups, source = held.fetched.backups, "cache"
        else:
            backups, again = self._picked(question, held, served.mask)
            source = "cache" if again else "narrowed"
        return self._answer(held, backups, source, begun, error)  # type: ignore[arg-type]

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
        )

    def _missing(self, begun: float, error: FetchError) -> SystemAnswer:
        took = self._monotonic() - begun
        return SystemAnswer(self.system_id, self.name, "missing", EMPTY, None, took, None, self.last_success, error)
