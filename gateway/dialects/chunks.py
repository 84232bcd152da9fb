"""A large reply cut into chunks of rows, so that reading it does not hold up everybody else."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.dialects.wire import BOM, ENVELOPE_KEYS

WHOLE_BYTES: Final = 1_048_576
"""A larger reply is read in steps, so that it does not hold up everybody else."""
_CHUNK_BYTES: Final = 131_072

_BLANKS: Final = rb"[ \t\r\n]{0,64}+"
"""As many as anybody writes between two signs. Possessive: a reply of blanks alone costs no second look."""
_KEYS: Final = "|".join(ENVELOPE_KEYS).encode()
_OPENING: Final = re.compile(
    _BLANKS.join((b"(?:" + BOM + b")?", rb"(?:\{", b'"(' + _KEYS + b')"', b":", rb")?+\[", rb"\{"))
)
_CLOSING: Final = re.compile(_BLANKS.join((rb"\}", rb"\]", rb"(\}?+)", rb"\Z")))
_LONGEST_CLOSING: Final = 256
_BETWEEN_ROWS: Final = re.compile(_BLANKS.join((rb"\}", b",", rb"\{")))


class Envelope(NamedTuple):
    """Where rows lie in a reply: from behind the brace of the first to before that of the last, under `key`.

    The key of a bare list is empty.
    """

    key: str
    begin: int
    end: int


def envelope_of(body: bytes) -> Envelope | None:
    """The envelope of a reply that is a list of objects and nothing else; None for one of no usual kind."""
    opening = _OPENING.match(body)
    if opening is None:
        return None
    begin = opening.end()
    closing = _CLOSING.search(body, max(begin, len(body) - _LONGEST_CLOSING))
    key = opening[1] or b""
    if closing is None or bool(closing[1]) != bool(key):
        return None
    return Envelope(key.decode(), begin, closing.start())


def chunks_of(body: bytes) -> Iterator[bytes] | None:
    """A large reply of the usual kind cut where a row seems to end; None where it is of no usual kind.

    A cut may be wrong, inside a text or inside a row: then what lies on either side of it is no JSON.
    """
    envelope = envelope_of(body)
    return None if envelope is None else _chunks(body, envelope.begin, envelope.end)


def _chunks(body: bytes, begin: int, end: int) -> Iterator[bytes]:
    while end - begin > _CHUNK_BYTES:
        cut = _BETWEEN_ROWS.search(body, begin + _CHUNK_BYTES, end)
        if cut is None:
            break
        yield body[begin : cut.start()]
        begin = cut.end()
    yield body[begin:end]
