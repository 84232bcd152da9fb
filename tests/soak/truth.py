"""When each appliance was really asked for a list: what a stated age is held against."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from gateway.simulator import Farm

_ROUNDED_S: Final = 0.06
"""Ages are told in tenths of a second; a request is noted some milliseconds after it was sent."""
_READY_S: Final = 1.1
"""An answer that is given again within its moment states the age that it will have at the end of it."""
_QUEUED_S: Final = 5.0
"""An age counts from when the gateway began to ask: the call may have waited for its turn among all others since."""


@dataclass(frozen=True, slots=True)
class Given:
    """When an answer was asked for, and when it had come: epoch seconds."""

    asked_at: float
    got_at: float


class Truth:
    """The list calls that the appliances noted, by system (1, 2, ...), as epoch seconds in order."""

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self._times: list[list[float]] = [[] for _ in farm]
        self._noted = [0 for _ in farm]

    def _calls(self, system_id: int) -> list[float]:
        times, appliance = self._times[system_id - 1], self._farm[system_id - 1]
        total = appliance.counters.list_calls
        if total > self._noted[system_id - 1]:
            last = times[-1] if times else 0.0
            recent = takewhile(lambda one: one.time > last, reversed(appliance.requests))
            times.extend(sorted(one.time for one in recent if one.path.endswith("/backups")))
            self._noted[system_id - 1] = total
        return times

    def fault(self, system_id: int, given: Given, age_s: float, late_s: float) -> str:
        """What is wrong with an age that an answer states; empty where a list call can be behind it.

        The call was made at most `age_s` before the answer, and not much later than that: an age may be higher than
        the truth by a turn and by the moment in which ready answers are given again. `late_s` is how late this
        process, which notes the calls, may be.
        """
        earliest = given.asked_at - age_s - _ROUNDED_S
        latest = given.got_at - age_s + _ROUNDED_S + _READY_S + _QUEUED_S + late_s
        times = self._calls(system_id)
        before, after = bisect_left(times, earliest), len(times) - bisect_right(times, latest)
        if before + after < len(times):
            return ""
        return (
            f"an age of no list call: {'some' if before else 'none'} before it, {'some' if after else 'none'} after it"
        )


class Memory:
    """What one caller has seen: for no question may a later answer show an older list of a system."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], float] = {}

    def goes_back(self, question: str, system_id: int, given: Given, age_s: float) -> bool:
        """Whether this answer's list is surely older than one that was seen before."""
        surely_not_after = given.got_at - age_s + _ROUNDED_S + _READY_S
        surely_not_before = given.asked_at - age_s - _ROUNDED_S
        last = self._seen.get((question, system_id), 0.0)
        self._seen[question, system_id] = max(last, surely_not_before)
        return surely_not_after < last
