"""Numbers like 1e999, which JSON may write and no double can hold (RFC 8259 section 6).

Rows pass as they are sent, so one such number of one appliance would make the whole answer unreadable to clients whose
parser refuses it. Most numbers are never decoded here; they are looked for in the bytes, which costs a fifteenth of
decoding them.
"""

import re
from typing import Final

import msgspec
import numpy as np

_E: Final = ord("e")
_LOWER: Final = 0x20
_DIGITS: Final = (ord("0"), ord("9"))
_LARGE: Final = re.compile(rb"[eE]\+?0*[1-9][0-9]{2,}[\s,}\]]")

_decode: Final = msgspec.json.Decoder().decode


def holds_endless_number(body: bytes) -> bool:
    """Whether a number in this JSON text is too large for a double."""
    text = np.frombuffer(body, np.uint8)
    places = np.flatnonzero((text | _LOWER) == _E)
    places = places[places > 0]
    before = text[places - 1]
    places = places[(before >= _DIGITS[0]) & (before <= _DIGITS[1])]
    if not any(_LARGE.match(body, at) for at in places.tolist()):
        return False
    try:
        _decode(body)  # it may stand inside a text: only a parser can tell
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return True
    return False
