"""Decides rows one by one, for a few of them: below some dozen, plain numbers cost less than vectors do.

It says of each row what gateway.lists.index says of it: True is surely in, False surely out, None cannot tell.
"""

from collections.abc import Iterable

from gateway.filter import Window
from gateway.model import NEVER, UNKNOWN


def within(first: int, span: int, window: Window) -> bool | None:
    """An instant somewhere in `first` to `first + span` (what a row hides) against a window; epoch seconds."""
    if first == UNKNOWN:
        return None
    if first == NEVER:
        return False
    low, high, last = window.low, window.high, first + span
    if (low is not None and last < low) or (high is not None and first > high):
        return False
    return True if (low is None or first >= low) and (high is None or last <= high) else None


def bounds(window: Window) -> tuple[int, int]:
    """Both ends of a window, the open ones beyond every instant but NEVER, which is after all of them."""
    return UNKNOWN if window.low is None else window.low, NEVER if window.high is None else window.high


def since(first: int, span: int, early: int, late: int) -> bool | None:
    """The same against a start that lies between two instants itself."""
    if within(first, span, Window(late)):
        return True
    return False if within(first, span, Window(early)) is False else None


def equal(value: int, wanted: int) -> bool | None:
    """An id, UNKNOWN where the row has none: the appliance may know what the row does not show."""
    return None if value == UNKNOWN else value == wanted


def all_of(verdicts: Iterable[bool | None]) -> bool | None:
    """Out by one of them is out; else one that cannot tell is enough."""
    found: bool | None = True
    for verdict in verdicts:
        if verdict is False:
            return False
        found = found and verdict
    return found
