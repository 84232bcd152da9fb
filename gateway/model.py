"""The frozen things that travel through the gateway."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Final, Literal, NewType

import msgspec
from msgspec import structs

from gateway.errors import FetchError

SystemId = NewType("SystemId", int)

State = Literal["ok", "stale", "missing"]
Source = Literal["appliance", "cache", "narrowed", "snapshot"]

UNKNOWN: Final = -(2**63)
"""In the columns of a list: an instant that the row does not tell."""
NEVER: Final = 2**63 - 1
"""In `finishes`: the backup is still running, so it has no end."""


class Later:
    """Bytes that are made when their turn comes to be sent; how many there will be is known before."""

    __slots__ = ("_make", "_size")

    def __init__(self, size: int, make: Callable[[], bytes]) -> None:
        self._size = size
        self._make = make

    def __len__(self) -> int:
        return self._size

    def made(self) -> bytes:
        """The bytes, made anew."""
        return self._make()


Part = bytes | Later
"""Of an answer that is sent part by part."""


def made(part: Part) -> bytes:
    """The bytes of a part."""
    return part.made() if isinstance(part, Later) else part


@dataclass(frozen=True, eq=False)
class BackupList:
    """The rows of one system for one question, as bytes that are ready to be sent, in the appliance's order.

    `body` holds the stamped rows joined by commas, without brackets; row i ends at `ends[i]`. `starts` and
    `finishes` are epoch seconds (or UNKNOWN, NEVER), `*_spans` how many seconds later the true instant may be.
    """

    body: bytes
    ends: "array[int]"
    starts: "array[int]"
    start_spans: "array[int]"
    finishes: "array[int]"
    finish_spans: "array[int]"

    def __len__(self) -> int:
        return len(self.ends)

    def __repr__(self) -> str:
        return f"<BackupList of {len(self)} rows, {self.nbytes} bytes>"

    @property
    def nbytes(self) -> int:
        """What the list takes in memory, in bytes, but for some hundred of overhead."""
        return len(self.body) + self.columns_nbytes

    @property
    def columns(self) -> tuple["array[int]", ...]:
        """All of them, each with as many numbers as there are rows."""
        return self.ends, self.starts, self.start_spans, self.finishes, self.finish_spans

    @property
    def columns_nbytes(self) -> int:
        """What the columns take of it."""
        return sum(len(column) * column.itemsize for column in self.columns)

    @property
    def is_packed(self) -> bool:
        """Whether its rows must be unpacked before they are read."""
        return False

    def unpacked(self) -> "BackupList":
        """The same with its rows at hand."""
        return self

    def is_same_as(self, other: "BackupList") -> bool:
        """Whether both hold the same rows in the same way, and are told the same times of them."""
        return not other.is_packed and self.body == other.body and self.columns == other.columns

    @cached_property
    def digest(self) -> bytes:
        """Changes exactly when the rows do: what an ETag is made of."""
        return blake2b(self.body, digest_size=16).digest()

    def row(self, index: int) -> bytes:
        """One stamped row."""
        return self.body[self.ends[index - 1] + 1 if index else 0 : self.ends[index]]

    def slice(self, begin: int, end: int) -> bytes:
        """The stamped rows `begin` to `end` (not included), joined by commas."""
        return self.body[self.ends[begin - 1] + 1 if begin else 0 : self.ends[end - 1]] if begin < end else b""

    def part(self, begin: int, end: int) -> Part:
        """The same, made later where that takes work and memory."""
        return self.slice(begin, end)

    def rows(self, begin: int = 0, end: int | None = None) -> list[bytes]:
        """The stamped rows `begin` to `end` (not included), one after the other."""
        body, out = self.body, []
        start = self.ends[begin - 1] + 1 if begin else 0
        for stop in self.ends[begin:end]:
            out.append(body[start:stop])
            start = stop + 1
        return out

    def pick(self, indexes: Sequence[int]) -> "BackupList":
        """The rows at `indexes`, which ascend; the same object where those are all of its rows."""
        if len(indexes) == len(self):
            return self
        build, plain = ListBuilder(), self.unpacked()
        begin = 0
        for at in range(1, len(indexes) + 1):
            if at == len(indexes) or indexes[at] != indexes[at - 1] + 1:
                build.add_run(plain, indexes[begin], indexes[at - 1] + 1)
                begin = at
        return build.done()


class ListBuilder:
    """Collects rows into a BackupList."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._ends = array("I")
        self._starts, self._finishes = array("q"), array("q")
        self._start_spans, self._finish_spans = array("H"), array("H")
        self._end = -1

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, row: bytes, start: int, start_span: int, finish: int, finish_span: int) -> None:
        """Append one stamped row with what is known of its times."""
        self._pieces.append(row)
        self._end += len(row) + 1
        self._ends.append(self._end)
        self._starts.append(start)
        self._start_spans.append(start_span)
        self._finishes.append(finish)
        self._finish_spans.append(finish_span)

    def add_run(self, backups: BackupList, begin: int, end: int) -> None:
        """Append the rows `begin` to `end` (not included) of a list as one piece."""
        first = backups.ends[begin - 1] + 1 if begin else 0
        self._pieces.append(backups.body[first : backups.ends[end - 1]])
        shift = self._end + 1 - first
        ends = backups.ends[begin:end]
        self._ends.extend([place + shift for place in ends] if shift else ends)
        self._end = self._ends[-1]
        self._starts.extend(backups.starts[begin:end])
        self._start_spans.extend(backups.start_spans[begin:end])
        self._finishes.extend(backups.finishes[begin:end])
        self._finish_spans.extend(backups.finish_spans[begin:end])

    def done(self) -> BackupList:
        """The list; the builder must not be used after it."""
        body = b",".join(self._pieces)
        self._pieces = []
        return BackupList(body, self._ends, self._starts, self._start_spans, self._finishes, self._finish_spans)


@dataclass(frozen=True, slots=True)
class Fetched:
    """One whole success of one call to an appliance.

    `asked_at` and `answered_at` are monotonic seconds, `wall_at` the epoch second of the answer; `skew_s` is what
    the appliance's clock is ahead of ours, None where it did not say; `reply_bytes` counts decoded bytes.
    """

    backups: BackupList
    asked_at: float
    answered_at: float
    wall_at: float
    reply_bytes: int
    skew_s: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def took_s(self) -> float:
        """What the call took, in seconds."""
        return self.answered_at - self.asked_at


class SystemAnswer(msgspec.Struct, frozen=True):
    """What one asked system contributes to an answer (contract section 5.3).

    `age_s` is what it was at `told_at` (monotonic seconds).
    """

    system_id: SystemId
    name: str
    state: State
    backups: BackupList
    source: Source | None
    took_s: float
    age_s: float | None = None
    last_success: float | None = None
    error: FetchError | None = None
    warnings: tuple[str, ...] = ()
    told_at: float | None = None

    def told(self, now: float) -> "SystemAnswer":
        """The same with the age that it has `now` (monotonic seconds), since it may have waited for others."""
        if self.age_s is None or self.told_at is None:
            return self
        return structs.replace(self, age_s=self.age_s + now - self.told_at, told_at=now)


EMPTY: Final = ListBuilder().done()
