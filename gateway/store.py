"""Where held lists are kept: bounded in bytes, the least recently used go first."""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from cachetools import LRUCache

from gateway.deflate import Block
from gateway.filter import Asked, Question
from gateway.held import OVERHEAD_BYTES, Held
from gateway.model import BackupList, SystemId
from gateway.packed import PackedList

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
        """Keep a list in place of the older one for the same question; False where it does not fit."""
        ...

    def forget(self, system_id: SystemId) -> None:
        """Drop every list of a system: it is another appliance now."""
        ...

    def view(self, held: Held, question: Question) -> BackupList | None:
        """Rows picked from `held` before, for the same question."""
        ...

    def put_view(self, held: Held, question: Question, picked: BackupList) -> None:
        """Remember rows picked from `held`, if they fit."""
        ...

    def block(self, backups: BackupList) -> Block | None:
        """The rows of a list, compressed before."""
        ...

    def put_block(self, backups: BackupList, block: Block) -> None:
        """Remember the compressed rows of a list, if they fit."""
        ...


class MemoryStore:
    """Held lists in this process. Safe on one event loop: no method awaits.

    Lists of more than `compress_above` bytes are kept compressed; 0 is never. None leaves it to the room: what comes
    while half of it is taken is compressed, so that five times as many rows fit before the first list must go, and a
    fleet that needs less never pays for unpacking.
    """

    def __init__(self, memory_bytes: int, compress_above: int | None = None) -> None:
        self._compress_above = compress_above
        self._lists = _ByBytes(memory_bytes)
        self._memory_bytes = memory_bytes
        self._version = 0

    def __repr__(self) -> str:
        return f"<MemoryStore {len(self._lists)} lists, {self._lists.currsize} of {self._memory_bytes} bytes>"

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return int(self._lists.currsize)

    @property
    def version(self) -> int:
        """See Store."""
        return self._version

    def changed(self) -> None:
        """See Store."""
        self._version += 1

    def get(self, system_id: SystemId, asked: Asked) -> Held | None:
        """See Store; counts as a use."""
        found = self._lists.get((system_id, asked))
        return found if isinstance(found, Held) else None

    def held(self, system_id: SystemId) -> list[Held]:
        """See Store; counts as no use."""
        return list(self._lists.of(system_id))

    def put(self, system_id: SystemId, held: Held) -> bool:
        """See Store."""
        self.changed()
        if self._is_to_be_packed(held.fetched.backups.nbytes):
            held.pack()
        return self._lists.offer((system_id, held.asked), held)

    def _is_to_be_packed(self, nbytes: int) -> bool:
        if self._compress_above is None:
            return nbytes > _SMALL_BYTES and 2 * self.nbytes > self._memory_bytes
        return 0 < self._compress_above < nbytes

    def forget(self, system_id: SystemId) -> None:
        """See Store."""
        self.changed()
        for held in self.held(system_id):
            self._lists.pop((system_id, held.asked), None)

    def view(self, held: Held, question: Question) -> BackupList | None:
        """See Store."""
        found = self._lists.get((id(held), question))
        return found.picked if isinstance(found, _View) and found.of() is held else None

    def put_view(self, held: Held, question: Question, picked: BackupList) -> None:
        """See Store."""
        self._lists.offer((id(held), question), _View(weakref.ref(held), picked))

    def block(self, backups: BackupList) -> Block | None:
        """See Store."""
        if isinstance(backups, PackedList):
            return backups.block
        found = self._lists.get((id(backups), _BLOCK))
        return found.block if isinstance(found, _Packed) and found.of() is backups else None

    def put_block(self, backups: BackupList, block: Block) -> None:
        """See Store."""
        self._lists.offer((id(backups), _BLOCK), _Packed(weakref.ref(backups), block))


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """Rows picked from a list; it must not keep alive a list that is counted no more."""

    of: "weakref.ref[Held]"
    picked: BackupList

    @property
    def nbytes(self) -> int:
        return self.picked.nbytes + OVERHEAD_BYTES


@dataclass(frozen=True, slots=True, eq=False)
class _Packed:
    """The compressed rows of a list that may be gone."""

    of: "weakref.ref[BackupList]"
    block: Block

    @property
    def nbytes(self) -> int:
        return len(self.block.data) + OVERHEAD_BYTES


_BLOCK: Final = "block"
_Key = tuple[int, Asked | Question | str]
_Kept = Held | _View | _Packed


class _ByBytes(LRUCache[_Key, _Kept]):
    """An LRU cache that also knows which lists belong to which system, and what was made of which list.

    What was made of a list goes with it: else every renewal would leave its views behind, until they fill all the room.
    """

    def __init__(self, memory_bytes: int) -> None:
        super().__init__(max(memory_bytes, 1), getsizeof=lambda kept: kept.nbytes)
        self._systems: dict[int, dict[Asked, Held]] = {}
        self._made_of: dict[int, set[_Key]] = {}

    def of(self, system_id: int) -> Iterator[Held]:
        return iter(self._systems.get(system_id, {}).values())

    def offer(self, key: _Key, kept: _Kept) -> bool:
        """Keep it; where it is larger than all the room there is, the older value under the key goes as well."""
        self.pop(key, None)
        try:
            self[key] = kept
        except ValueError:
            return False
        if isinstance(kept, Held):
            lists = self._systems.setdefault(key[0], {})
            lists[kept.asked] = kept  # what is renewed stands behind what is not
            if len(lists) > _LISTS_PER_SYSTEM:
                del self[key[0], next(iter(lists))]
        else:
            self._made_of.setdefault(key[0], set()).add(key)
        return True

    def __delitem__(self, key: _Key, **kwargs: object) -> None:
        kept = self[key]
        super().__delitem__(key)
        if isinstance(kept, Held):
            self._systems[key[0]].pop(kept.asked, None)
            self._forget_made_of(kept, kept.fetched.backups)
            return
        made = self._made_of.get(key[0], set())
        made.discard(key)
        if not made:
            self._made_of.pop(key[0], None)
        if isinstance(kept, _View):
            self._forget_made_of(kept.picked)

    def _forget_made_of(self, *sources: object) -> None:
        for source in sources:
            for key in self._made_of.pop(id(source), ()):
                self.pop(key, None)
