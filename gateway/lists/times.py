"""When the rows of a list began, or ended: instants that may be hidden in part, against a window of time."""

from array import array
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.lists.columns import Column, Mask
from gateway.model import NEVER, UNKNOWN


class Decided(NamedTuple):
    """For each row: surely in, surely out; neither of them means that the row cannot tell."""

    yes: Mask
    no: Mask

    @property
    def unsure(self) -> bool:
        """Whether any row is undecidable."""
        return int(np.count_nonzero(self.yes | self.no)) < len(self.yes)


class Edges(NamedTuple):
    """A window in epoch seconds, both ends included; None is open.

    Its begin may itself be known to lie between two instants only: from `low` on a row is surely after it, before
    `lowest` surely not.
    """

    lowest: int | None
    low: int | None
    high: int | None


class Times:
    """Each row has an instant from `firsts` on, at most its span later; UNKNOWN is any, NEVER is still to come."""

    def __init__(self, firsts: Column, spans: "array[int]") -> None:
        self._firsts = firsts
        self._spans = spans

    def __repr__(self) -> str:
        return f"<Times of {len(self._firsts)} rows>"

    @cached_property
    def _only_span(self) -> int | None:
        """The span of every row, where all have the same and each has an instant: then two comparisons tell."""
        firsts, spans = self._firsts, self._spans
        if not len(firsts) or spans.count(spans[0]) < len(spans):
            return None
        return spans[0] if firsts.min() != UNKNOWN and firsts.max() != NEVER else None

    @cached_property
    def first_end(self) -> int:
        """Until when, at the earliest, a row may have had its instant: before a window from then on lies none for sure.

        NEVER where no row has one.
        """
        known = (self._firsts != UNKNOWN) & (self._firsts != NEVER)
        return int((self._firsts[known] + np.array(self._spans, np.int64)[known]).min(initial=NEVER))

    def within(self, edges: Edges, rows: "NDArray[np.int64] | None") -> Decided:
        """All rows, or those at `rows`, against a window that is not open at both ends."""
        span = self._only_span
        if span is None:
            return self._one_by_one(edges, slice(None) if rows is None else rows)
        firsts = self._firsts if rows is None else self._firsts[rows]
        after = before = None
        if edges.low is not None and edges.lowest is not None:
            after = Decided(firsts >= edges.low, firsts < edges.lowest - span)
        if edges.high is not None:
            before = Decided(firsts <= edges.high - span, firsts > edges.high)
        return both(after, before)

    def _one_by_one(self, edges: Edges, at: "NDArray[np.int64] | slice") -> Decided:
        firsts, spans = self._firsts[at], np.array(self._spans, np.int64)[at]
        known, running = firsts != UNKNOWN, firsts == NEVER
        lasts = np.where(running, NEVER, firsts + spans)
        yes, no = known & ~running, running.copy()
        if edges.low is not None and edges.lowest is not None:
            yes &= firsts >= edges.low
            no |= known & (lasts < edges.lowest)
        if edges.high is not None:
            yes &= lasts <= edges.high
            no |= known & (firsts > edges.high)
        return Decided(yes, no)


def both(one: Decided | None, other: Decided | None) -> Decided:
    """In by both, out by either; one that is None decides nothing. ValueError where both are."""
    if one is None or other is None:
        if (found := one or other) is None:
            raise ValueError("nothing is decided")
        return found
    return Decided(one.yes & other.yes, one.no | other.no)
