"""Histories of lists that are in use, read once for each list."""

from typing import Final
from weakref import WeakKeyDictionary

from gateway.loop.aside import Aside
from gateway.loop.flight import Flight
from gateway.loop.pauses import Pauses
from gateway.model import BackupList
from gateway.reports.history import NOTHING, History, history_of

_ROWS_ON_THE_LOOP: Final = 200


class Histories:
    """A list is read when it is first asked about, a large one aside, and forgotten with the list."""

    def __init__(self, aside: Aside) -> None:
        self._aside = aside
        self._known: WeakKeyDictionary[BackupList, History] = WeakKeyDictionary()
        self._flight: Flight[int, History] = Flight()
        self._pauses = Pauses()

    def __repr__(self) -> str:
        return f"<Histories of {len(self._known)} lists>"

    async def of(self, backups: BackupList) -> History:
        """What a list tells."""
        if not len(backups):
            return NOTHING
        found = self._known.get(backups)
        if found is None:
            if len(backups) <= _ROWS_ON_THE_LOOP:
                found = history_of(backups)
                await self._pauses.when_due()  # hundreds of lists in a row
            else:
                found = await self._flight.run(id(backups), lambda: self._aside.run(lambda: history_of(backups)))
            self._known[backups] = found
        return found

    async def close(self) -> None:
        """End what is being read."""
        await self._flight.close()
