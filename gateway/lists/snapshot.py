"""A held list as the bytes of its file, and back, so that a restart forgets nothing.

A magic line, the SHA-256 of all that follows, the length of a JSON header, the header, the compressed rows with their
times, and behind them the columns of their index, where they had been built. (An earlier release sees no columns in
such a file, and reads it.) What is torn, changed or about another appliance is a SnapshotError. There is never a token
or a password in it.
"""

import hashlib
import sys
from array import array
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
from isal import isal_zlib

from gateway.config.checked import System
from gateway.errors import ErrorKind, FetchError
from gateway.filter import Asked
from gateway.lists.held import Held
from gateway.lists.index import ListIndex
from gateway.lists.names import ApplianceIdentity
from gateway.model import BackupList, Fetched

_MAGIC: Final = b"backup-gateway held list 1\n"
_COLUMNS: Final[tuple[tuple[str, str], ...]] = (
    ("ends", "I"),
    ("starts", "q"),
    ("start_spans", "H"),
    ("finishes", "q"),
    ("finish_spans", "H"),
)
_COLUMN_BYTES: Final = sum(array(code).itemsize for _, code in _COLUMNS)
"""Of a row."""


class Header(msgspec.Struct, frozen=True):
    """What a file says of its list. Times are epoch seconds, `swept_before_s` seconds before `asked_at`.

    `failed` is the kind and the message of the refresh that failed since; files of earlier releases do not say.
    """

    system_id: int
    appliance: ApplianceIdentity
    asked: Asked
    rows: int
    body_bytes: int
    asked_at: float
    wall_at: float
    took_s: float
    swept_before_s: float
    skew_s: float | None
    warnings: tuple[str, ...]
    byteorder: Literal["little", "big"]
    failed: tuple[ErrorKind, str] | None = None


_decode_header: Final = msgspec.json.Decoder(Header).decode
"""Made here, while there is one thread: the first look at a type by several of them at once ends the process."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks read at one moment: a file has epoch seconds, a held list monotonic ones."""

    monotonic: float
    wall: float


class SnapshotError(Exception):
    """A file that cannot be used; the text says why."""


def encode(system: System, held: Held, clocks: Clocks) -> bytes:
    """A held list as the bytes of its file."""
    fetched, backups, failed = held.fetched, held.fetched.backups.unpacked(), held.failed
    header = Header(
        system_id=system.id,
        appliance=ApplianceIdentity.of(system),
        asked=held.asked,
        rows=len(backups),
        body_bytes=len(backups.body),
        asked_at=clocks.wall - (clocks.monotonic - fetched.asked_at),
        wall_at=fetched.wall_at,
        took_s=fetched.took_s,
        swept_before_s=fetched.asked_at - held.swept_at,
        skew_s=fetched.skew_s,
        warnings=fetched.warnings,
        byteorder=sys.byteorder,
        failed=None if failed is None else (failed.kind, failed.message),
    )
    head = msgspec.json.encode(header)
    columns = b"".join(getattr(backups, name).tobytes() for name, _ in _COLUMNS)
    rows = isal_zlib.compress(backups.body + columns, 1)
    content = b"".join((len(head).to_bytes(4, "big"), head, rows, held.index.kept()))
    return _MAGIC + hashlib.sha256(content).digest() + content


def decode(data: bytes, clocks: Clocks, most_bytes: int) -> tuple[Header, Held]:
    """The list of a file; raises SnapshotError. `most_bytes` bounds what it may unpack to."""
    content = data[len(_MAGIC) + 32 :]
    if not data.startswith(_MAGIC):
        raise SnapshotError("is no held list of this release")
    if hashlib.sha256(content).digest() != data[len(_MAGIC) : len(_MAGIC) + 32]:
        raise SnapshotError("is torn or was changed")
    length = int.from_bytes(content[:4], "big")
    try:
        header = _decode_header(content[4 : 4 + length])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SnapshotError("has a header of another release") from error
    if header.byteorder != sys.byteorder:
        raise SnapshotError("comes from a machine with another byte order")
    size = header.body_bytes + header.rows * _COLUMN_BYTES
    if header.rows < 0 or header.body_bytes < 0:
        raise SnapshotError("has another length than its header says")
    if size > most_bytes:
        raise SnapshotError("is larger than the memory for held lists")
    unpacker = isal_zlib.decompressobj()
    try:
        # Room for as much as there must be: room that grows with what comes takes twice the time. 0 would be no limit.
        payload = unpacker.decompress(content[4 + length :], max(size, 1))
    except isal_zlib.IsalError as error:  # type: ignore[misc]
        raise SnapshotError("cannot be unpacked") from error
    if not unpacker.eof or len(payload) != size:
        raise SnapshotError("has another length than its header says")
    return header, _held(header, payload, unpacker.unused_data, clocks)


def _held(header: Header, payload: bytes, kept: bytes, clocks: Clocks) -> Held:
    columns: dict[str, array[int]] = {}
    at = header.body_bytes
    for name, code in _COLUMNS:
        column = array(code)
        size = header.rows * column.itemsize
        column.frombytes(payload[at : at + size])
        columns[name] = column
        at += size
    # Of a file from the future nobody knows the age: whoever takes it up decides what that means.
    age = max(0.0, clocks.wall - header.asked_at)
    asked_at = clocks.monotonic - age
    backups = BackupList(payload[: header.body_bytes], **columns)
    fetched = Fetched(
        backups,
        asked_at,
        asked_at + header.took_s,
        header.wall_at,
        0,
        header.skew_s,
        header.warnings,
    )
    index = ListIndex(backups, kept=kept)
    failed = None if header.failed is None else FetchError(*header.failed)
    return Held(header.asked, fetched, asked_at - header.swept_before_s, "snapshot", index, failed)
