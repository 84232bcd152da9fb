"""Widening: one upstream question that serves several that differ only in client or instance.

(`type` and `status` never go upstream, so questions that differ in them are one question already.) A wider question is
worth asking when several narrow ones were asked lately, and only when its cost is known to be bounded: a list held
before tells how many rows such a window has. Otherwise a question is forwarded as it is.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from gateway.dates import HOUR_S
from gateway.filter import Asked, Window
from gateway.lists.held import Held

_LATELY_S: Final = 600.0
_VARIANTS: Final = 3
_WINDOWS_KEPT: Final = 256
_VARIANTS_KEPT: Final = 64
_RECENT_S: Final = 7 * 86_400
_SAFETY: Final = 1.5


class Widener:
    """Remembers which narrow questions one system was asked lately; decides, without I/O, what to ask instead."""

    def __init__(self, most_rows: int) -> None:
        self._most_rows = most_rows
        self._asked: OrderedDict[Asked, dict[tuple[int | None, int | None], float]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Widener up to {self._most_rows} rows, {len(self._asked)} windows seen>"

    def widened(self, asked: Asked, held: Iterable[Held], now: float, wall: float) -> Asked:
        """The question to send for `asked`: a wider one that pays, or itself. `now` monotonic, `wall` epoch seconds."""
        if not self._most_rows or (asked.client_id is None and asked.instance_id is None):
            return asked
        wide = replace(asked, client_id=None, instance_id=None)
        low = _low(wide, wall)
        if low is None or wall - low > _RECENT_S or wide.backup_ids is not None:
            return asked
        if self._variants(wide, (asked.client_id, asked.instance_id), now) < _VARIANTS:
            return asked
        rows = _expected_rows(low, held, wall)
        return wide if rows is not None and rows <= self._most_rows else asked

    def _variants(self, wide: Asked, narrow: tuple[int | None, int | None], now: float) -> int:
        """How many different narrow questions came for this window lately, this one among them."""
        seen = self._asked.setdefault(wide, {})
        self._asked.move_to_end(wide)
        while len(self._asked) > _WINDOWS_KEPT:
            self._asked.popitem(last=False)
        if len(seen) >= _VARIANTS_KEPT:
            seen.clear()
        seen[narrow] = now
        return sum(1 for when in seen.values() if now - when <= _LATELY_S)


def _low(asked: Asked, wall: float) -> float | None:
    """Where the window of starts begins, in epoch seconds; None where it is open."""
    slid = None if asked.start_hours is None else wall - asked.start_hours * HOUR_S
    bounds = [bound for bound in (asked.start.low, slid) if bound is not None]
    return max(bounds, default=None)


def _expected_rows(low: float, held: Iterable[Held], wall: float) -> float | None:
    """Rows that such a window will list, by the youngest held list that is not narrow; None where none tells."""
    known = [one for one in held if one.asked.only_by_start and one.asked.start.high is None]
    for one in sorted(known, key=lambda one: -one.fetched.asked_at):
        begin = _low(one.asked, one.fetched.wall_at)
        since = low if begin is None else max(low, begin)
        covered = one.fetched.wall_at - since
        if covered > 0:
            rows = int(one.index.asked(Asked(start=Window(int(since))), None).yes.sum())
            return rows * max(1.0, (wall - low) / covered) * _SAFETY
    return None
