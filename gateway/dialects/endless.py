"""Numbers like 1e999, which JSON may write and no double can hold (RFC 8259 section 6).

Rows pass as they are sent, so one such number of one appliance would make the whole answer unreadable to clients whose
parser refuses it. Most numbers are never decoded here; they are looked for in the bytes, which costs a thirtieth of
decoding them.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

_E: Final = ord("e")
_LOWER: Final = 0x20
_ZERO: Final = np.uint8(ord("0"))
_DIGITS: Final = 10
_SLICE: Final = 262_144
_LARGE: Final = re.compile(rb"[eE]\+?0*[1-9][0-9]{2,}[\s,}\]]")

_STEP: Final = 50
"""With an exponent below 100 a number needs 210 digits before its point to be too large. So many in a row hold four
that lie 50 apart, and to look at every 50th byte costs next to nothing."""
_ONE_FOR_DIGITS: Final = bytes.maketrans(b"0123456789", b"1111111111")
_BEGUN: Final = re.compile(rb"[\s:,\[]-?[1-9][0-9]*\Z")
_GOES_ON: Final = re.compile(rb"[0-9]{150,}+[.eE]")

_decode: Final = msgspec.json.Decoder().decode


def holds_endless_number(body: bytes) -> bool:
    """Whether a number in this JSON text is too large for a double.

    Whole numbers without an exponent are integers, which have no end: they pass.
    """
    if not any(_is_suspect(body, begin) for begin in range(0, len(body), _SLICE)):
        return False
    try:
        _decode(body)  # it may stand inside a text: only a parser can tell
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return True
    return False


def _is_suspect(body: bytes, begin: int) -> bool:
    """Whether one slice looks as if it held one: what fits into the processor's cache goes three times as fast."""
    return any(_LARGE.match(body, at) for at in _exponents(body, begin)) or any(
        _is_long(body, at) for at in _runs(body, begin)
    )


def _exponents(body: bytes, begin: int) -> list[int]:
    """Where an "e" follows a digit."""
    text = np.frombuffer(body, np.uint8, count=min(_SLICE + 1, len(body) - begin), offset=begin)
    found = (text[1:] | _LOWER) == _E
    found &= (text[:-1] - _ZERO) < _DIGITS  # bytes wrap: what is below "0" is far above "9"
    return [int(at) for at in np.flatnonzero(found) + begin + 1]


def _runs(body: bytes, begin: int) -> Iterator[int]:
    """Where four digits lie one step apart."""
    looked_at = body[begin : begin + _SLICE + 4 * _STEP : _STEP].translate(_ONE_FOR_DIGITS)
    at = looked_at.find(b"1111")
    while at >= 0:
        yield begin + at * _STEP
        at = looked_at.find(b"1111", at + 1)


def _is_long(body: bytes, at: int) -> bool:
    """Whether the digit there is one of the first of a long number that is no integer. Most long runs are texts."""
    begun = _BEGUN.search(body, max(0, at - _STEP - 1), at + 1)
    return begun is not None and _GOES_ON.match(body, at) is not None
