"""A large reply cut into chunks of rows, so that reading it does not hold up everybody else."""

from typing import Final

from gateway.dialects.wire import ENVELOPE_KEYS

WHOLE_BYTES: Final = 1_048_576
"""A larger reply is read in steps, so that it does not hold up everybody else."""
_CHUNK_BYTES: Final = 131_072


def opening_of(key: str) -> bytes:
    """What stands before the first row's content where the list lies under that key."""
    return b'{"%s":[{' % key.encode()


_ENVELOPES: Final = ((b"[{", b"}]"), *((opening_of(key), b"}]}") for key in ENVELOPE_KEYS))


def envelope_of(text: bytes) -> tuple[bytes, bytes] | None:
    """What stands before the first row's content and behind the last one's; None for a reply of no usual kind."""
    return next((pair for pair in _ENVELOPES if text.startswith(pair[0]) and text.endswith(pair[1])), None)


def chunks_of(body: bytes) -> list[bytes] | None:
    """A large reply of the usual kind cut where a row seems to end; None where it is of no usual kind.

    A cut may be wrong, inside a text or inside a row: then what lies on either side of it is no JSON.
    """
    text = body.rstrip()
    envelope = envelope_of(text)
    if envelope is None:
        return None
    opening, closing = envelope
    begin, end = len(opening), len(text) - len(closing)
    chunks = []
    while end - begin > _CHUNK_BYTES:
        cut = text.find(b"},{", begin + _CHUNK_BYTES, end)
        if cut < 0:
            break
        chunks.append(text[begin:cut])
        begin = cut + 3
    return [*chunks, text[begin:end]]
