"""What each system cost and gave: plain counters, fed by events, read by the status routes and by /metrics."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from gateway.clock import Clock
from gateway.model import SystemId
from gateway.sources.source import AnswerResult, CallEvent
from gateway.telemetry.buckets import Buckets

_MINUTE_S: Final = 60.0
_LATENCIES_KEPT: Final = 256
_CALL_BOUNDS_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

SAVED: Final[frozenset[AnswerResult]] = frozenset({"hit", "narrowed", "coalesced", "stale"})
"""Results of a question that cost the appliance no call of its own."""


@dataclass(slots=True)
class SystemLedger:
    """One system. Times are monotonic seconds, latencies seconds of whole list calls."""

    calls: int = 0
    rows: int = 0
    logins: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    answers: Counter[AnswerResult] = field(default_factory=Counter)
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=_LATENCIES_KEPT))
    call_times: deque[float] = field(default_factory=deque)
    login_times: deque[float] = field(default_factory=deque)

    @property
    def calls_saved(self) -> int:
        """Questions that were answered without a call of their own."""
        return sum(self.answers[result] for result in SAVED)

    def last_minute(self, now: float) -> tuple[int, int]:
        """List calls and logins of the last 60 seconds."""
        for times in (self.call_times, self.login_times):
            while times and now - times[0] > _MINUTE_S:
                times.popleft()
        return len(self.call_times), len(self.login_times)

    def latency(self, share: float) -> float | None:
        """The latency that this share of recent calls kept below (0.5: median); None before the first."""
        ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None


class Ledger:
    """All systems that a gateway has had; `durations` is of list calls to any of them."""

    def __init__(self, monotonic: Clock) -> None:
        self._monotonic = monotonic
        self._systems: dict[SystemId, SystemLedger] = {}
        self.durations = Buckets(_CALL_BOUNDS_S)

    def __repr__(self) -> str:
        return f"<Ledger of {len(self._systems)} systems>"

    def of(self, system_id: SystemId) -> SystemLedger:
        """The counters of one system."""
        found = self._systems.get(system_id)
        if found is None:
            found = self._systems[system_id] = SystemLedger()
        return found

    def answers(self) -> Counter[AnswerResult]:
        """How questions were answered, to all systems since the start: a reload that takes one out takes none back."""
        total: Counter[AnswerResult] = Counter()
        for system in self._systems.values():
            total.update(system.answers)
        return total

    def called(self, event: CallEvent) -> None:
        """A CallHook."""
        system, now = self.of(event.system_id), self._monotonic()
        if event.verb == "login":
            system.logins["success" if event.error is None else event.error] += 1
            system.login_times.append(now)
        else:
            system.calls += 1
            self.durations.observe(event.took_s)
            system.rows += event.rows
            system.call_times.append(now - event.took_s)
            if event.error is None:
                system.latencies.append(event.took_s)
        if event.error is not None:
            system.failures[event.error] += 1
        system.last_minute(now)

    def answered(self, system_id: SystemId, result: AnswerResult, times: int = 1) -> None:
        """An AnswerHook."""
        self.of(system_id).answers[result] += times
