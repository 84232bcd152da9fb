"""Keeps the folder of `cache.snapshot` in step with the held lists, at most some seconds behind."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from gateway import whole_files
from gateway.clock import Clock
from gateway.config.checked import Limits, System
from gateway.errors import LOGIN_FAULTS
from gateway.lists import snapshot
from gateway.lists.folder import file_name, files, remove
from gateway.lists.held import Held
from gateway.lists.names import ApplianceIdentity
from gateway.lists.snapshot import Clocks, Header, SnapshotError
from gateway.lists.store import Store
from gateway.model import SystemId

_EVERY_S: Final = 20.0
_BUILDING_S: Final = 15.0
"""For so long a save also reads the columns of lists that have none yet. A fleet with more of them than that goes on
without: what is on disk must not be older than a minute."""
_LAST_WRITE_S: Final = 10.0
"""What is not on disk by then is left."""
_END_S: Final = 22.0
"""The same from the begin of a drain on, which may take 20 s: who ends a process kills it after 30 or 45."""
_LEAST_S: Final = 2.0
"""For lists that came while the last requests were answered."""
_AT_ONCE: Final = 32
"""Files that one turn of a thread reads or writes: a turn takes longer than a file."""
_AT_ONCE_BYTES: Final = 33_554_432

_AHEAD_S: Final = 5.0
"""A file that is so much younger than now is from the future. Less is what a clock is set by while it runs."""

_Told = tuple[Held, bool | None]
"""What is on disk: a list, and whether its last refresh failed, by a refused login or otherwise."""
_Found = tuple[Header, Held] | SnapshotError | OSError
"""What reading one file gave."""


class Keeper:
    """Reads the folder at the start, then writes what is new in it and removes what is held no more."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        systems: Mapping[SystemId, System],
        memory_bytes: int,
        *,
        monotonic: Clock,
        wall: Clock,
        last_write_s: float = _LAST_WRITE_S,
    ) -> None:
        self._folder = folder
        self._store = store
        self._systems = systems
        self._memory_bytes = memory_bytes
        self._monotonic = monotonic
        self._wall = wall
        self._last_write_s = last_write_s
        self._written: dict[str, _Told] = {}
        self._building_until = 0.0
        self._task: asyncio.Task[None] | None = None
        self._last_at: float | None = None

    def __repr__(self) -> str:
        return f"<Keeper of {len(self._written)} files in {self._folder}>"

    def follow(self, systems: Mapping[SystemId, System]) -> None:
        """Another configuration has taken effect: lists of its systems are kept from now on."""
        self._systems = systems

    async def open(self) -> None:
        """Take up what the last run left; faults are told and passed by."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            paths = await asyncio.to_thread(lambda: list(files(self._folder)))
            while paths:
                clocks = Clocks(self._monotonic(), self._wall())
                some = await asyncio.to_thread(self._read_some, paths[:_AT_ONCE], clocks)
                for path, found in zip(paths, some, strict=False):
                    self._take(path.name, found, clocks)
                paths = paths[len(some) :]
        except OSError as error:
            structlog.get_logger().warning("snapshot_unreadable", folder=str(self._folder), reason=error.strerror)
        self._task = asyncio.create_task(self._run())

    async def hasten(self) -> None:
        """The end is near: what is not on disk is written from now on, beside the last answers."""
        await self._stop()
        self._last_at = asyncio.get_running_loop().time() + _END_S
        self._task = asyncio.create_task(self.save())

    async def close(self) -> None:
        """A last write, so that a planned stop loses nothing."""
        now = asyncio.get_running_loop().time()
        until = now + self._last_write_s if self._last_at is None else max(self._last_at, now + _LEAST_S)
        try:
            async with asyncio.timeout_at(until):
                if self._last_at is None:
                    await self._stop()
                elif self._task is not None:
                    await asyncio.gather(self._task, return_exceptions=True)
                await self.save()
        except TimeoutError:
            structlog.get_logger().warning(
                "snapshot_incomplete", folder=str(self._folder), lists=len(self._unwritten(self._held()))
            )

    async def _stop(self) -> None:
        self._building_until = 0.0  # a thread goes on when whoever waits for it is cancelled
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def save(self, building_s: float = 0.0) -> None:
        """Write every list that is not on disk yet. A full disk is told, and costs nothing else.

        For `building_s` columns that nobody has needed so far are read as well: the first question after the next
        start would read those of every list, and nobody knows when that will be. It takes 5 us a row.
        """
        self._building_until = self._monotonic() + building_s
        clocks = Clocks(self._monotonic(), self._wall())
        try:
            held = self._held()
            new = self._unwritten(held)
            # Before: what is learned meanwhile is not in the files.
            told = {name: _told_of(one) for name, (_, one) in new}
            for begin in range(0, len(new), _AT_ONCE):
                some = new[begin : begin + _AT_ONCE]
                await asyncio.to_thread(self._save_some, some, clocks)
                self._written |= {name: told[name] for name, _ in some}
            gone = [name for name in self._written if name not in held]
            await asyncio.to_thread(remove, self._folder, gone)
            await asyncio.to_thread(whole_files.sync_folder, self._folder)
        except OSError as error:
            structlog.get_logger().warning("snapshot_not_written", folder=str(self._folder), reason=error.strerror)
            return
        for name in gone:
            del self._written[name]

    def _held(self) -> dict[str, tuple[System, Held]]:
        """Every held list of a configured system, by the name of its file."""
        return {
            file_name(system_id, one.asked): (system, one)
            for system_id, system in self._systems.items()
            for one in self._store.held(system_id)
        }

    def _unwritten(self, held: Mapping[str, tuple[System, Held]]) -> list[tuple[str, tuple[System, Held]]]:
        """Those that are not on disk as they are held."""
        return [(name, kept) for name, kept in held.items() if self._written.get(name) != _told_of(kept[1])]

    def _save_some(self, lists: Sequence[tuple[str, tuple[System, Held]]], clocks: Clocks) -> None:
        for name, (system, held) in lists:
            if self._monotonic() < self._building_until:
                held.index.build()
            whole_files.write(self._folder, name, snapshot.encode(system, held, clocks))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.save(_BUILDING_S)

    def _read_some(self, paths: Sequence[Path], clocks: Clocks) -> list[_Found]:
        """What the first of these files hold: all, or as many as are much already before they are packed."""
        some: list[_Found] = []
        size = 0
        for path in paths:
            found = self._read(path, clocks)
            some.append(found)
            size += 0 if isinstance(found, Exception) else found[1].nbytes
            if size >= _AT_ONCE_BYTES:
                break
        return some

    def _read(self, path: Path, clocks: Clocks) -> _Found:
        try:
            return snapshot.decode(path.read_bytes(), clocks, self._memory_bytes)
        except (SnapshotError, OSError) as error:
            return error

    def _take(self, name: str, found: _Found, clocks: Clocks) -> None:
        """Hold one list, if it is still good for anything."""
        try:
            if isinstance(found, Exception):
                raise found
            header, held = found
            system = self._systems.get(SystemId(header.system_id))
            if system is None or ApplianceIdentity.of(system) != header.appliance:
                raise SnapshotError("is of an appliance that is not configured")
            if header.asked_at > clocks.wall + _AHEAD_S:
                _age(held, system.limits, clocks.monotonic)
            if held.age_s(clocks.monotonic) > system.limits.stale_seconds:
                raise SnapshotError("is older than stale_seconds")
        except (SnapshotError, OSError) as error:
            structlog.get_logger().warning("snapshot_skipped", file=name, reason=str(error))
            return
        there = self._store.get(SystemId(header.system_id), held.asked)
        if there is not None and there.fetched.asked_at >= held.fetched.asked_at:
            return  # another replica gave a younger one meanwhile
        if self._store.put(SystemId(header.system_id), held):
            self._written[name] = _told_of(held)


def _told_of(held: Held) -> _Told:
    return held, None if held.failed is None else held.failed.kind in LOGIN_FAULTS


def _age(held: Held, limits: Limits, now: float) -> None:
    """Make a list from the future one that is asked for before it is shown; `now` in monotonic seconds.

    The clock is behind now, as that of a host that has just begun to run may be, or was ahead then: nobody knows how
    old the list is. Thrown away it could stand in for no appliance of a site that begins to run as a whole. What it
    knew of the appliance's clock counts on from an unknown moment, so nothing is decided by that.
    """
    asked_at = now - limits.revalidate_seconds - 1.0
    took_s = held.fetched.took_s
    held.fetched = replace(held.fetched, asked_at=asked_at, answered_at=asked_at + took_s, skew_s=None)
    held.swept_at = asked_at - limits.sweep_seconds
