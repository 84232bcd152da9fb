"""When backups run: the nights of a week, the logs of a day, and the hours in which the clock is changed.

A *run* is a start (epoch seconds) with a core name. Schedules are kept in local wall time, as on a
real appliance, so that a nightly 01:30 stays at 01:30 across a change of the zone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from zoneinfo import ZoneInfo

from gateway.simulator.facts import Asset
from gateway.simulator.families import FAMILIES, Family, Pattern
from gateway.simulator.zones import HOUR, days_between, epoch_of

Run = tuple[int, str]

_NIGHTLY_MINUTES = (22 * 60, 23 * 60 + 30, 30, 90, 150, 180, 240)
_LOGS_A_DAY = 3
_MISSED_NIGHT = 0.02
_GAP_OF_A_WEEK = 0.15


@dataclass(frozen=True)
class Plan:
    """The schedule of one asset: local start (minutes after midnight), weekday of the full backup."""

    asset: Asset
    family: Family
    pattern: Pattern
    minutes: int
    full_weekday: int

    @classmethod
    def draw(cls, asset: Asset, number: int, rng: Random) -> "Plan":
        """A plan for the ``number``-th asset; the first of a family gets the pattern that shows every type."""
        family = FAMILIES[asset.family]
        pattern = family.patterns[(number // len(FAMILIES)) % len(family.patterns)]
        return cls(asset, family, pattern, rng.choice(_NIGHTLY_MINUTES), rng.choice((4, 5, 6)))

    def runs(self, start: int, end: int, zone: ZoneInfo, rng: Random) -> Iterator[Run]:
        """Every run that begins within ``start``..``end``, with missed nights and, for some, a missed week."""
        gap = rng.randint(start, end) if rng.random() < _GAP_OF_A_WEEK else None
        for day in days_between(start, end, zone):
            core_type = self.pattern[(day.weekday() - self.full_weekday) % 7]
            begins = epoch_of(day, self.minutes, zone) + rng.randint(0, 899)
            missed = rng.random() < _MISSED_NIGHT or (gap is not None and gap <= begins < gap + 7 * 24 * HOUR)
            if core_type is not None and start <= begins <= end and not missed:
                yield begins, core_type
            if self.family.log_type is not None:
                yield from self._logs(begins, self.family.log_type, start, end, rng)

    @staticmethod
    def _logs(nightly: int, log_type: str, start: int, end: int, rng: Random) -> Iterator[Run]:
        step = 24 * HOUR // (_LOGS_A_DAY + 1)
        for number in range(1, _LOGS_A_DAY + 1):
            begins = nightly + number * step + rng.randint(0, 59)
            if start <= begins <= end:
                yield begins, log_type


def runs_around_change(instant: int, gained: int, core_type: str, start: int, end: int) -> list[Run]:
    """Runs on both sides of a change of the zone, to the second, and, if an hour is repeated, in both of it.

    ``gained`` as in ``zone_changes``: negative where the clock is put back.
    """
    span = abs(gained)
    offsets = (-span - 1, -span, -span // 2, -1, 0, span // 2, span - 1, span)
    return [(instant + offset, core_type) for offset in offsets if start <= instant + offset <= end]
