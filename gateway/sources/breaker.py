"""Circuit breaker of one appliance: a state machine without I/O, to which `now` is told (monotonic seconds)."""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

BreakerState = Literal["closed", "open", "half_open", "locked"]

_IN_A_ROW: Final = 5
_SHARE: Final = 0.5
_SHARE_OF_AT_LEAST: Final = 10
_WINDOW_S: Final = 60.0
_FIRST_OPEN_S: Final = 10.0
_LONGEST_OPEN_S: Final = 300.0
_JITTER: Final = 0.2


@dataclass(slots=True)
class Breaker:
    """Opens after 5 failures in a row, or half of at least 10 calls in a minute; 10 s at first, doubling to 5 min.

    While it is half open exactly one probe goes through. `locked` ends only with the object: a changed certificate
    is no fault that time heals. Source: contract section 7, faults.md section 5.
    """

    jitter: random.Random
    failures: int = 0
    opened: int = 0
    open_until: float = 0.0
    probing: bool = False
    locked: bool = False
    recent: deque[tuple[float, bool]] = field(default_factory=deque)

    def state(self, now: float) -> BreakerState:
        """What a call that comes now would meet."""
        if self.locked:
            return "locked"
        if not self.opened:
            return "closed"
        return "open" if now < self.open_until or self.probing else "half_open"

    def admit(self, now: float) -> bool:
        """Whether a call may go on; in half-open the first one becomes the probe and the others are refused."""
        state = self.state(now)
        if state == "half_open":
            self.probing = True
        return state in ("closed", "half_open")

    def succeeded(self, now: float) -> None:
        """A call came back whole."""
        self._count(now, good=True)
        self.failures = self.opened = 0
        self.probing = False
        self.open_until = 0.0

    def failed(self, now: float) -> None:
        """A call failed in a way that speaks of the appliance's health."""
        self._count(now, good=False)
        self.failures += 1
        bad = sum(1 for _, good in self.recent if not good)
        often = len(self.recent) >= _SHARE_OF_AT_LEAST and bad >= _SHARE * len(self.recent)
        if self.probing or self.failures >= _IN_A_ROW or often:
            self._open(now)

    def neutral(self) -> None:
        """A call ended in a way that says nothing (cancelled, or a fault that is none of health)."""
        self.probing = False

    def lock(self) -> None:
        """Open for good."""
        self.locked = True

    def _open(self, now: float) -> None:
        pause = min(_FIRST_OPEN_S * 2**self.opened, _LONGEST_OPEN_S)
        self.open_until = now + pause * self.jitter.uniform(1 - _JITTER, 1 + _JITTER)
        self.opened = min(self.opened + 1, 16)
        self.failures = 0
        self.probing = False
        self.recent.clear()

    def _count(self, now: float, *, good: bool) -> None:
        self.recent.append((now, good))
        while self.recent and now - self.recent[0][0] > _WINDOW_S:
            self.recent.popleft()
