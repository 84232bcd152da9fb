"""Time as it is told to whoever needs it: passed in, so that tests turn it by hand."""

from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds: of the epoch where a parameter is called `wall`, of a clock that never goes back where `monotonic`."""
