"""Delays that lie evenly in their time, however many are drawn together."""

import random
from typing import Final

_STEP: Final = 0.6180339887498949
"""The golden ratio: the next draw falls into one of the widest gaps between those before it."""


class Evenly:
    """Draws delays. Of a thousand that are drawn at once, no second gets many more than its share.

    Chance alone would give 30 a second on average, and 45 in the worst one of 33.
    """

    def __init__(self, chance: random.Random) -> None:
        self._at = chance.random()  # each process begins elsewhere

    def __call__(self, longest_s: float) -> float:
        """A delay below `longest_s`, in seconds."""
        self._at = (self._at + _STEP) % 1.0
        return self._at * longest_s
