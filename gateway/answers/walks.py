"""Walks through one frozen answer, page by page: every row once, whatever changes meanwhile (contract section 5.2).

A walk keeps the lists of its answer alive, in bounded bytes and for a bounded time; what is gone is told as gone.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from cachetools import TLRUCache
from msgspec import structs

from gateway.answers.arrange import Arrangement
from gateway.answers.table import headings_of
from gateway.clock import Clock
from gateway.model import BackupList, SystemAnswer, SystemId
from gateway.question.query import BackupQuery

LIFE_S: Final = 900.0
"""After a page of it was read."""
READ_LIFE_S: Final = 60.0
"""After the last one who began it has read its last page: long enough to ask for that one again."""
LONGEST_LIFE_S: Final = 3600.0
_SAME_FOR_S: Final = 60.0
_ANSWER_BYTES: Final = 256
"""What a walk keeps for each asked system beside its rows, which may be none: its answer with three times, and the
digest of its rows in the key of the walk (227 measured)."""
_ERROR_BYTES: Final = 1024
"""And where one says why it is not ok (975 measured, with 300 letters)."""
_OVERHEAD_BYTES: Final = 1024
_READERS: Final = 1000
"""Of one walk; who comes after them begins another one through the same rows."""
_CURSOR: Final = re.compile(r"([A-Za-z0-9_-]{22})\.([0-9]{1,9})\.([0-9]{1,12})\.([0-9]{1,6})", re.ASCII)


@dataclass(eq=False)
class Walk:
    """One frozen answer. `owner` is who may go on with it, `question` what it answers, `made_at` monotonic seconds.

    Its owner may begin it more than once: each time is a reader of its own, who is named in its cursors. `readers` are
    those whose latest page was not the last one, a bit for each.
    """

    owner: tuple[str, str]
    question: BackupQuery
    answers: Sequence[SystemAnswer]
    arrangement: Arrangement
    extra: dict[str, Any]
    made_at: float
    name: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    readers: int = 0
    begun: int = 0

    def __post_init__(self) -> None:
        self.answers = [_bare(answer) for answer in self.answers]

    @cached_property
    def columns(self) -> list[str]:
        """Of the whole answer as a table: its pages have the same ones, so that they can be put together."""
        return headings_of(self.arrangement.rows(), self.question.fields)

    @property
    def systems(self) -> frozenset[SystemId]:
        """The systems whose rows it shows."""
        return frozenset(answer.system_id for answer in self.answers)

    @property
    def states(self) -> list[str]:
        """Of the answers, in their order."""
        return [answer.state for answer in self.answers]

    @property
    def nbytes(self) -> int:
        """What it keeps alive, in bytes: never less, but more where others keep the same rows."""
        failed = sum(answer.error is not None for answer in self.answers)
        answers = _ANSWER_BYTES * len(self.answers) + _ERROR_BYTES * failed
        return self.arrangement.nbytes + answers + _OVERHEAD_BYTES

    def answers_at(self, now: float) -> list[SystemAnswer]:
        """The answers with the ages that they have by now."""
        return [answer.told(now) for answer in self.answers]

    def share(self, lists: Sequence[BackupList]) -> None:
        """Keep these lists, one for each answer, in place of its own where they are the same."""
        self.answers = [
            structs.replace(answer, backups=known) if known.is_same_as(answer.backups) else answer
            for answer, known in zip(self.answers, lists, strict=True)
        ]
        self.arrangement = self.arrangement.over([answer.backups for answer in self.answers])

    def enter(self, end: int) -> int:
        """One more reader, who gets the page before row `end` with that."""
        reader, self.begun = self.begun, self.begun + 1
        self.note(reader, end)
        return reader

    def note(self, reader: int, end: int) -> None:
        """A reader gets the page before row `end`, for the first time or once more."""
        if end < len(self.arrangement):
            self.readers |= 1 << reader
        else:
            self.readers &= ~(1 << reader)


class Place(NamedTuple):
    """Where a reader of a walk goes on: `size` rows from the row `begin` on."""

    walk: Walk
    reader: int
    begin: int
    size: int

    @property
    def cursor(self) -> str | None:
        """What asks for these rows; None behind the last row."""
        walk, reader, begin, size = self
        return f"{walk.name}.{reader}.{begin}.{size}" if begin < len(walk.arrangement) else None


class Walks:
    """Walks that may still be gone on with; the oldest end first when there are too many bytes of them."""

    def __init__(self, memory_bytes: int, monotonic: Clock) -> None:
        self._monotonic = monotonic
        self._walks: TLRUCache[str, Walk] = TLRUCache(
            max(memory_bytes, 1), self._ends_at, timer=monotonic, getsizeof=lambda walk: walk.nbytes
        )
        self._latest: WeakValueDictionary[tuple[object, ...], Walk] = WeakValueDictionary()
        """The last one of each owner, question and rows; it is forgotten with its walk."""
        self._lists: WeakValueDictionary[bytes, BackupList] = WeakValueDictionary()
        """Those of all walks, by their digest: walks of one fleet differ in what has changed between them."""

    def __repr__(self) -> str:
        return f"<Walks {len(self._walks)}, {self._walks.currsize} bytes>"

    def begin(self, walk: Walk, end: int) -> tuple[Walk, int]:
        """Keep a walk for a reader who gets the page before row `end`; the walk that is kept, and the reader.

        Where the same owner asked the same of the same rows a moment ago, it is that walk. Raises ValueError where it
        does not fit.
        """
        lists = [answer.backups for answer in walk.answers]
        digests = tuple(backups.digest for backups in lists)
        walk.share(list(map(self._lists.setdefault, digests, lists)))
        key = (walk.owner, walk.question, digests)
        known = self._latest.get(key)
        if known is not None and self._goes_on(known, walk):
            known.answers = walk.answers  # the same rows, seen again
            walk = known
        reader = walk.enter(end)
        self._walks[walk.name] = walk
        self._latest[key] = walk
        return walk, reader

    def _goes_on(self, known: Walk, walk: Walk) -> bool:
        """Whether a walk with the same rows is to be gone on with in place of this one."""
        is_young = known.name in self._walks and walk.made_at - known.made_at < _SAME_FOR_S
        return is_young and known.begun < _READERS and known.states == walk.states

    def find(self, cursor: str, owner: tuple[str, str]) -> Place | None:
        """Where a cursor leads; None for what is over or somebody else's."""
        found = _CURSOR.fullmatch(cursor)
        walk = None if found is None else self._walks.get(found[1])
        if found is None or walk is None or walk.owner != owner:
            return None
        place = Place(walk, *map(int, found.groups()[1:]))
        is_one = place.reader < walk.begun and place.begin <= len(walk.arrangement) and place.size > 0
        return place if is_one else None

    def read(self, walk: Walk, reader: int, end: int) -> None:
        """A reader gets the page before row `end`: the life of the walk begins anew, up to about an hour in all."""
        walk.note(reader, end)
        if self._monotonic() - walk.made_at < LONGEST_LIFE_S:
            self._walks[walk.name] = walk

    @staticmethod
    def _ends_at(_: str, walk: Walk, now: float) -> float:
        return now + (LIFE_S if walk.readers else READ_LIFE_S)


def _bare(answer: SystemAnswer) -> SystemAnswer:
    """An answer without the way its error came: that keeps alive replies and lists that are counted nowhere."""
    return answer if answer.error is None else structs.replace(answer, error=answer.error.again())
