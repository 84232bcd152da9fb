"""The columns of a list as bytes, to be kept beside its rows: taking them up costs a fiftieth of reading every row.

Four bytes with the length of a JSON head, the head, and one array after the other, all of it compressed. Bytes that do
not fit the list, or that were made by another reading of rows, are no columns: whoever gets None reads the rows.
"""

from functools import lru_cache
from typing import Final

import msgspec
import numpy as np
from isal import isal_zlib
from msgspec import Raw

from gateway.dialects.wire import BAD_JSON
from gateway.lists.columns import READING, Coded, Columns, Narrow, lacking_of

_HEAD_BYTES: Final = 1_048_576
"""Columns with more texts than that tell something else in each row: they are not kept."""
_MOST_BYTES_PER_ROW: Final = 6 * 8
_SIZES: Final = {np.dtype(size).str: np.dtype(size) for size in (np.int8, np.int16, np.int32, np.int64)}
_NO_COLUMNS: Final = (*BAD_JSON, isal_zlib.IsalError, ValueError, LookupError)


class _Head(msgspec.Struct, array_like=True, frozen=True):
    """`sizes` are numpy's names of the arrays' types: ids, clients, instances, codes of types and statuses, unsettled.

    `types` and `statuses` are the values behind the codes.
    """

    reading: int
    rows: int
    sizes: tuple[str, str, str, str, str, str]
    types: list[Raw]
    statuses: list[str]


_encode: Final = msgspec.json.Encoder().encode
_decode_head: Final = msgspec.json.Decoder(_Head).decode
_decode_names: Final = msgspec.json.Decoder(frozenset[str]).decode


def packed(columns: Columns) -> bytes:
    """Columns as bytes; none at all where they are not worth it."""
    rows = len(columns.ids)
    arrays: tuple[Narrow, ...] = (
        *(columns.ids, columns.clients, columns.instances),
        *(columns.types.codes, columns.statuses.codes, columns.unsettled.astype(np.int8)),
    )
    types = [sorted(names) for names in columns.types.values]
    head = _encode((READING, rows, [array.dtype.str for array in arrays], types, columns.statuses.values))
    if not rows or len(head) > _HEAD_BYTES:
        return b""
    content = b"".join((len(head).to_bytes(4, "big"), head, *(array.tobytes() for array in arrays)))
    return isal_zlib.compress(content, 1)


def unpacked(data: bytes, rows: int) -> Columns | None:
    """The columns of a list of so many rows; None where the bytes are none of them."""
    try:
        return _read(data, rows)
    except _NO_COLUMNS:  # type: ignore[misc]
        return None


def _read(data: bytes, rows: int) -> Columns | None:
    unpacker = isal_zlib.decompressobj()
    content = unpacker.decompress(data, 4 + _HEAD_BYTES + rows * _MOST_BYTES_PER_ROW)
    at = 4 + int.from_bytes(content[:4], "big")
    head = _decode_head(content[4:at])
    if not unpacker.eof or (head.reading, head.rows) != (READING, rows):
        return None
    arrays: list[Narrow] = []
    for name in head.sizes:
        end = at + rows * _SIZES[name].itemsize
        # Copied: a part would keep all of the bytes alive, and lie at an odd place.
        arrays.append(np.frombuffer(content[at:end], _SIZES[name]).copy())
        at = end
    if at != len(content):
        return None
    ids, clients, instances, types, statuses, unsettled = arrays
    return Columns(
        ids=ids,
        clients=clients,
        instances=instances,
        types=_coded(types, [_names(bytes(text)) for text in head.types]),
        statuses=_coded(statuses, head.statuses),
        unsettled=unsettled.astype(bool),
        lacking=lacking_of(clients, instances),
    )


def _coded(codes: Narrow, values: list[frozenset[str]] | list[str]) -> Coded:
    if codes.min() < 0 or codes.max() >= len(values):
        raise ValueError("a code without a value")
    return Coded(codes, values)


@lru_cache(maxsize=4096)
def _names(text: bytes) -> frozenset[str]:
    """One set for all lists: most appliances list the same types."""
    return _decode_names(text)
