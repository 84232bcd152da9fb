"""Where held lists are kept: bounded in bytes, the least recently used go first."""

import weakref
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from cachetools import LRUCache

from gateway.deflate import Block
from gateway.filter import Asked, Question
from gateway.lists.held import OVERHEAD_BYTES, Held
from gateway.lists.packed import PackedList
from gateway.model import BackupList, SystemId

_LISTS_PER_SYSTEM: Final = 512
"""Every question looks through the lists of its system: odd filters by the thousand must not make that long."""

_SMALL_BYTES: Final = 16_384
"""A list below that gains little by being compressed: its columns are a good part of it."""


class Store(Protocol):
    """Where held lists are kept."""

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        ...

    @property
    def version(self) -> int:
        """Another number whenever lists have come, or something was learned of a held one."""
        ...

    def changed(self) -> None:
        """Something was learned of a held list: that its refresh failed, or that it may be empty by now."""
        ...

    def get(self, system_id: SystemId, asked: Asked) -> Held | None:
        """The list held for this very question."""
        ...

    def held(self, system_id: SystemId) -> list[Held]:
        """All lists held of a system."""
        ...

    def put(self, system_id: SystemId, held: Held) -> bool:
        """Keep a list in place of the older one for the same question; False where it does not fit.

        Where the older one has the same rows, it is kept on those: what was made of them is as good as before.
        """
        ...

    def forget(self, system_id: SystemId) -> None:
        """Drop every list of a system: it is another appliance now."""
        ...

    def view(self, backups: BackupList, question: Question) -> BackupList | None:
        """Rows picked from a held list's before, for the same question."""
        ...

    def put_view(self, backups: BackupList, question: Question, picked: BackupList) -> None:
        """Remember rows picked from those of a list that is kept, if they fit."""
        ...

    def block(self, backups: BackupList) -> Block | None:
        """The rows of a list, compressed before."""
        ...

    def put_block(self, backups: BackupList, block: Block) -> None:
        """Remember the compressed rows of a list that is kept, if they fit."""
        ...

    def keeps(self, backups: BackupList) -> bool:
        """Whether it is the rows of a held list, or those that are remembered of one."""
        ...


class MemoryStore:
    """Held lists in this process. Safe on one event loop: no method awaits.

    Lists of more than `compress_above` bytes are kept compressed; 0 is never. None leaves it to the room: what comes
    while half of it is taken is compressed, so that five times as many rows fit before the first list must go, and a
    fleet that needs less never pays for unpacking.
    """

    def __init__(self, memory_bytes: int, compress_above: int | None = None) -> None:
        self._compress_above = compress_above
        self._kept = _ByBytes(memory_bytes)
        self._memory_bytes = memory_bytes
        self._version = 0

    def __repr__(self) -> str:
        return f"<MemoryStore {len(self._kept)} lists, {self._kept.currsize} of {self._memory_bytes} bytes>"

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return int(self._kept.currsize)

    @property
    def version(self) -> int:
        """See Store."""
        return self._version

    def changed(self) -> None:
        """See Store."""
        self._version += 1

    def get(self, system_id: SystemId, asked: Asked) -> Held | None:
        """See Store; counts as a use."""
        return self._kept.list_for(system_id, asked)

    def held(self, system_id: SystemId) -> list[Held]:
        """See Store; counts as no use."""
        return self._kept.lists_of(system_id)

    def put(self, system_id: SystemId, held: Held) -> bool:
        """See Store."""
        self.changed()
        if self._is_to_be_packed(held.fetched.backups.nbytes):
            held.pack()
        older = self._kept.list_for(system_id, held.asked)
        if older is not None:
            held.share_rows_of(older)
        return self._kept.put_list(system_id, held)

    def _is_to_be_packed(self, nbytes: int) -> bool:
        if self._compress_above is None:
            return nbytes > _SMALL_BYTES and 2 * self.nbytes > self._memory_bytes
        return 0 < self._compress_above < nbytes

    def forget(self, system_id: SystemId) -> None:
        """See Store."""
        self.changed()
        for held in self.held(system_id):
            self._kept.pop(held, None)

    def view(self, backups: BackupList, question: Question) -> BackupList | None:
        """See Store."""
        found = self._kept.made_of(backups, question)
        return found.picked if isinstance(found, _View) else None

    def put_view(self, backups: BackupList, question: Question, picked: BackupList) -> None:
        """See Store. What was picked from a list that nobody else keeps is never asked for again."""
        if self.keeps(backups):
            self._kept.put_made(_View(weakref.ref(backups), id(backups), question, picked))

    def block(self, backups: BackupList) -> Block | None:
        """See Store."""
        if isinstance(backups, PackedList):
            return backups.block
        found = self._kept.made_of(backups, _BLOCK)
        return found.block if isinstance(found, _Packed) else None

    def put_block(self, backups: BackupList, block: Block) -> None:
        """See Store. That of a list that nobody else keeps would only fill the room as well."""
        if self.keeps(backups):
            self._kept.put_made(_Packed(weakref.ref(backups), id(backups), block))

    def keeps(self, backups: BackupList) -> bool:
        """See Store."""
        return id(backups) in self._kept.rows


_BLOCK: Final = "block"
_What = Question | str
"""What was made of a list: the rows of a question, or its block."""


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """Rows picked from a list; it must not keep alive a list that is counted no more."""

    of: "weakref.ref[BackupList]"
    owner: int
    what: Question
    picked: BackupList

    @property
    def nbytes(self) -> int:
        return self.picked.nbytes + OVERHEAD_BYTES


@dataclass(frozen=True, slots=True, eq=False)
class _Packed:
    """The compressed rows of a list that may be gone."""

    of: "weakref.ref[BackupList]"
    owner: int
    block: Block
    what: ClassVar[str] = _BLOCK

    @property
    def nbytes(self) -> int:
        return len(self.block.data) + OVERHEAD_BYTES


_Made = _View | _Packed
_Kept = Held | _Made


class _ByBytes(LRUCache[_Kept, _Kept]):
    """An LRU cache that also knows which lists belong to which system, and what was made of which list.

    What is kept is its own key, which is the quickest there is: a question looks up a list of each of thousands of
    systems. What was made of rows goes with them: else every renewal would leave its views behind, until they fill all
    the room.
    """

    def __init__(self, memory_bytes: int) -> None:
        super().__init__(max(memory_bytes, 1), getsizeof=lambda kept: kept.nbytes)
        self._lists: dict[SystemId, dict[Asked, Held]] = {}
        self._system_of: dict[Held, SystemId] = {}
        self._made: dict[int, dict[_What, _Made]] = {}  # by the id of the rows
        self.rows: Counter[int] = Counter()
        """The ids of all lists that are kept, or picked from one that is."""

    def list_for(self, system_id: SystemId, asked: Asked) -> Held | None:
        """The list for that question, used by this."""
        lists = self._lists.get(system_id)
        found = None if lists is None else lists.get(asked)
        if found is not None:
            self[found]
        return found

    def lists_of(self, system_id: SystemId) -> list[Held]:
        return list(self._lists.get(system_id, {}).values())

    def put_list(self, system_id: SystemId, held: Held) -> bool:
        """Keep it in place of the older one; where it is larger than all the room there is, both go."""
        older = self._lists.get(system_id, {}).get(held.asked)
        self.rows[id(held.fetched.backups)] += 1  # first: the older one may have the same, and what was made of them
        if older is not None:
            del self[older]
        if not self._fits(held):
            self._drop(held.fetched.backups)
            return False
        self._system_of[held] = system_id
        lists = self._lists.setdefault(system_id, {})
        lists[held.asked] = held  # what is renewed stands behind what is not
        if len(lists) > _LISTS_PER_SYSTEM:
            del self[next(iter(lists.values()))]
        return True

    def made_of(self, backups: BackupList, what: _What) -> _Made | None:
        """What was made of that list before, used by this."""
        found = self._made.get(id(backups), {}).get(what)
        if found is None or found.of() is not backups:
            return None
        self[found]
        return found

    def put_made(self, made: _Made) -> None:
        """Keep it in place of the older one, if it fits."""
        older = self._made.get(made.owner, {}).get(made.what)
        if older is not None:
            del self[older]
        if self._fits(made):
            self._made.setdefault(made.owner, {})[made.what] = made
            if isinstance(made, _View):
                self.rows[id(made.picked)] += 1

    def _fits(self, kept: _Kept) -> bool:
        try:
            self[kept] = kept
        except ValueError:
            return False
        return True

    def __delitem__(self, kept: _Kept, **kwargs: object) -> None:
        super().__delitem__(kept)
        if isinstance(kept, Held):
            lists = self._lists[self._system_of.pop(kept)]
            del lists[kept.asked]
            self._drop(kept.fetched.backups)
            return
        made = self._made.get(kept.owner, {})
        made.pop(kept.what, None)
        if not made:
            self._made.pop(kept.owner, None)
        if isinstance(kept, _View):
            self._drop(kept.picked)

    def _drop(self, backups: BackupList) -> None:
        """One place less has these rows; with the last one goes what was made of them."""
        self.rows[id(backups)] -= 1
        if not self.rows[id(backups)]:
            del self.rows[id(backups)]
            for made in self._made.pop(id(backups), {}).values():
                self.pop(made, None)
