"""A large reply cut into chunks of rows, so that reading it does not hold up everybody else."""

from typing import Final

_OPENINGS: Final = ((b"[{", b"}]"), (b'{"backups":[{', b"}]}"), (b'{"data":[{', b"}]}"))
_CHUNK_BYTES: Final = 131_072


def chunks_of(body: bytes) -> list[bytes] | None:
    """A large reply of the usual kind cut where a row seems to end; None where it is of no usual kind.

    A cut may be wrong, inside a text or inside a row: then what lies on either side of it is no JSON.
    """
    text = body.rstrip()
    for opening, closing in _OPENINGS:
        if text.startswith(opening) and text.endswith(closing):
            break
    else:
        return None
    begin, end = len(opening), len(text) - len(closing)
    chunks = []
    while end - begin > _CHUNK_BYTES:
        cut = text.find(b"},{", begin + _CHUNK_BYTES, end)
        if cut < 0:
            break
        chunks.append(text[begin:cut])
        begin = cut + 3
    return [*chunks, text[begin:end]]
