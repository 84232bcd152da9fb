"""Ranges and lengths of time as monitoring plug-ins write them (Monitoring Plugins Development Guidelines)."""

import math
import re
from dataclasses import dataclass
from typing import Final

from gateway.cli.exits import ClientError, Exit

_NUMBER: Final = r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?"
_RANGE: Final = re.compile(rf"(@?)(?:(~|{_NUMBER}):)?({_NUMBER})?", re.ASCII)
_LENGTH: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(s|m|min|h|d)?", re.ASCII)
_HOUR_S: Final = 3600
_UNITS: Final = {None: 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Range:
    """`10` (alert outside 0 to 10), `10:`, `~:10`, `10:20`, `@10:20` (alert inside), as it was written."""

    text: str
    low: float
    high: float
    inside: bool

    def alerts(self, value: float) -> bool:
        """Whether a value is one to be told of."""
        return (self.low <= value <= self.high) == self.inside


def range_of(flag: str, text: str) -> Range | None:
    """None for the word `none`: no threshold. Raises ClientError for what is no range."""
    if text == "none":
        return None
    found = _RANGE.fullmatch(text)
    if not text or found is None or (found[2] is None and found[3] is None):
        raise ClientError(Exit.USAGE, f"{flag}: {text} is no range; write 5, 5:, ~:5, 5:9, @5:9 or none")
    low = -math.inf if found[2] == "~" else float(found[2] or 0)
    high = math.inf if found[3] is None else float(found[3])
    if low > high:
        raise ClientError(Exit.USAGE, f"{flag}: {text} begins above its end")
    return Range(text, low, high, found[1] == "@")


def hours_of(flag: str, text: str) -> str:
    """`25h`, `120m`, `2d`, or plain seconds, as the whole number of hours that GET /gateway/summary takes."""
    found = _LENGTH.fullmatch(text)
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not seconds:
        raise ClientError(Exit.USAGE, f"{flag}: {text} is no length of time; write 25h, 120m, 2d, or seconds")
    if seconds % _HOUR_S:
        raise ClientError(Exit.USAGE, f"{flag}: {text} is no whole number of hours, in which the gateway counts")
    return f"{seconds / _HOUR_S:.0f}"
