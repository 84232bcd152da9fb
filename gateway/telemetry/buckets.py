"""How long things took, counted into buckets: what a histogram of Prometheus is made of."""

from bisect import bisect_left
from collections.abc import Sequence


class Buckets:
    """Counts durations (seconds) by upper bounds, ascending; the last bucket has none. Costs a look-up and two sums."""

    __slots__ = ("_bounds", "_counts", "_sum_s")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum_s = 0.0

    def __repr__(self) -> str:
        return f"<Buckets, {sum(self._counts)} in {self._sum_s:.3f} s>"

    def observe(self, seconds: float) -> None:
        """One more that took so long."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum_s += seconds

    def read(self) -> tuple[list[tuple[str, float]], float]:
        """How many kept within each bound, as Prometheus spells it and counts it (all below as well), and the sum."""
        so_far, found = 0, list[tuple[str, float]]()
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            so_far += count
            found.append((bound, so_far))
        return found, self._sum_s
