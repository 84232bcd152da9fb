"""The guard next to the wire: breaker, the appliance's own wish for rest, and one retry where it may help."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Final

from gateway.clock import Clock
from gateway.errors import WORTH_A_RETRY, ErrorKind, FetchError, OddRowsError
from gateway.model import Fetched
from gateway.sources.breaker import Breaker
from gateway.sources.source import BackupSource, Call

_SPEAKS_OF_HEALTH: Final[frozenset[ErrorKind]] = frozenset(
    {"timeout", "refused", "reset", "dns", "tls", "bad_reply", "appliance_error"}
)
"""Failures that count toward the breaker (faults.md section 2, column Brk)."""

_RETRY_DELAY_S: Final = (0.05, 0.25)
_RETRY_SHARE: Final = 0.08
"""Of a tenth; the rest is room for calls that are made again on a new connection without a question."""
_RETRY_AT_LEAST: Final = 3
_MINUTE_S: Final = 60.0
_REST_S: Final = 10.0
"""How long an appliance that says it is overloaded, but not until when, is left alone."""


class RetryBudget:
    """Retries of the last minute, at most a tenth of its calls, and 3 in any case (faults.md section 5)."""

    def __init__(self, monotonic: Clock) -> None:
        self._monotonic = monotonic
        self._calls: deque[float] = deque()
        self._retries: deque[float] = deque()

    def called(self) -> None:
        """A first attempt was made."""
        now = self._monotonic()
        self._forget(now)  # here as well: without a failure nobody ever takes a retry
        self._calls.append(now)

    def take(self) -> bool:
        """Whether one more retry is within the budget; counts it."""
        now = self._monotonic()
        self._forget(now)
        if len(self._retries) + 1 > max(_RETRY_AT_LEAST, _RETRY_SHARE * len(self._calls)):
            return False
        self._retries.append(now)
        return True

    def spend(self, count: int) -> None:
        """So many more calls were made on connections that had died: nobody is asked for them, and others have less."""
        self._retries.extend([self._monotonic()] * count)

    def _forget(self, now: float) -> None:
        for times in (self._calls, self._retries):
            while times and now - times[0] > _MINUTE_S:
                times.popleft()


class Guarded:
    """Refuses calls that are known to be useless, and learns from the others."""

    def __init__(
        self,
        inner: BackupSource,
        breaker: Breaker,
        budget: RetryBudget,
        *,
        monotonic: Clock,
        wall: Clock,
        jitter: random.Random,
    ) -> None:
        self._inner = inner
        self.breaker = breaker
        self._budget = budget
        self._monotonic = monotonic
        self._wall = wall
        self._jitter = jitter
        self._rest_until = 0.0
        self._last: FetchError | None = None

    def __repr__(self) -> str:
        return f"<Guarded, breaker {self.breaker.state(self._monotonic())}, {self._inner!r}>"

    async def fetch(self, call: Call) -> Fetched:
        """As the inner source; `breaker_open` and `overloaded` come without a call."""
        probes = self._admitted()
        self._budget.called()
        try:
            return await self._once(call, probes=probes)
        except FetchError as error:
            if error.kind not in WORTH_A_RETRY or error.tried_again:
                raise
            if self.breaker.state(self._monotonic()) != "closed":
                raise
            if not self._budget.take():
                raise
        await asyncio.sleep(self._jitter.uniform(*_RETRY_DELAY_S))
        return await self._once(call, probes=self._admitted())

    def _admitted(self) -> bool:
        """Whether this call is the one probe of a breaker that is half open; raises FetchError where none may go."""
        now = self._monotonic()
        self._check_rest(now)
        probes = self.breaker.state(now) == "half_open"
        if not self.breaker.admit(now):
            raise self._refused(now)
        return probes

    def _check_again(self) -> None:
        """The same for a call that waited for its turn: what failed meanwhile must not be asked by a whole queue."""
        now = self._monotonic()
        self._check_rest(now)
        if self.breaker.state(now) != "closed":
            raise self._refused(now)

    def _check_rest(self, now: float) -> None:
        if now < self._rest_until and not self.breaker.locked:  # that it is locked is the stronger reason
            raise FetchError(
                "overloaded", "the appliance asked to be left alone", retry_at=self._wall() + self._rest_until - now
            )

    def _refused(self, now: float) -> FetchError:
        because = f": {self._last.message}" if self._last else ""
        if self.breaker.locked and self._last is not None:
            return self._last.again()
        wait = max(0.0, self.breaker.open_until - now)
        return FetchError("breaker_open", f"not asked after repeated failures{because}", retry_at=self._wall() + wait)

    async def _once(self, call: Call, *, probes: bool) -> Fetched:
        # Only the probe's own end may end the probing: another call that is given up meanwhile says nothing of it.
        nothing: Callable[[], None] = self.breaker.neutral if probes else _pass
        verdict, repeats = nothing, call.repeats
        call.may_go = None if probes else self._check_again
        try:
            fetched = await self._inner.fetch(call)
            verdict = self._succeeded
        except FetchError as error:
            if not (call.is_part and isinstance(error, OddRowsError)):  # the whole list will tell
                verdict = self._judge(error, probes=probes) or nothing
            raise
        finally:
            verdict()
            self._budget.spend(call.repeats - repeats)
        return fetched

    def _succeeded(self) -> None:
        if not self.breaker.locked:
            self._last = None
        self.breaker.succeeded(self._monotonic())

    def _failed(self) -> None:
        self.breaker.failed(self._monotonic())

    def _judge(self, error: FetchError, *, probes: bool) -> Callable[[], None] | None:
        """What a failure means to the breaker; None where it says nothing of the appliance's health."""
        if error.kind == "breaker_open" or self.breaker.locked:
            return None  # what locked it stays the reason: a call from before then tells nothing against it
        self._last = error
        if error.kind in _SPEAKS_OF_HEALTH:
            # A call that left before the breaker opened tells nothing that the breaker does not know.
            return self._failed if probes or self.breaker.state(self._monotonic()) == "closed" else None
        if error.kind == "tls_pin":
            return self.breaker.lock
        if error.kind == "overloaded":
            self._rest(error)
        return None

    def _rest(self, error: FetchError) -> None:
        """Leave the appliance alone for as long as it asks; of two wishes that overlap the later one counts."""
        now, wall = self._monotonic(), self._wall()
        wait = _REST_S if error.retry_at is None else error.retry_at - wall
        self._rest_until = max(self._rest_until, now + wait)
        error.retry_at = wall + max(0.0, self._rest_until - now)


def _pass() -> None:
    """Says nothing."""
