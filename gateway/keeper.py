"""Keeps the folder of `cache.snapshot` in step with the held lists, at most some seconds behind."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from gateway import snapshot
from gateway.config import System
from gateway.held import Held
from gateway.model import SystemId
from gateway.snapshot import Appliance, Clocks, SnapshotError
from gateway.sources.source import Clock
from gateway.store import Store

_EVERY_S: Final = 20.0


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
    ) -> None:
        self._folder = folder
        self._store = store
        self._systems = systems
        self._memory_bytes = memory_bytes
        self._monotonic = monotonic
        self._wall = wall
        self._written: dict[str, Held] = {}
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Keeper of {len(self._written)} files in {self._folder}>"

    def follow(self, systems: Mapping[SystemId, System]) -> None:
        """Another configuration has taken effect: lists of its systems are kept from now on."""
        self._systems = systems

    async def open(self) -> None:
        """Take up what the last run left; faults are told and passed by."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in await asyncio.to_thread(lambda: list(snapshot.files(self._folder))):
                await self._take(path)
        except OSError as error:
            structlog.get_logger().warning("snapshot_unreadable", folder=str(self._folder), reason=error.strerror)
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """A last write, so that a planned stop loses nothing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.save()

    async def save(self) -> None:
        """Write every list that is not on disk yet. A full disk is told, and costs nothing else."""
        held = {
            snapshot.file_name(system_id, one.asked): (system, one)
            for system_id, system in self._systems.items()
            for one in self._store.held(system_id)
        }
        clocks = Clocks(self._monotonic(), self._wall())
        try:
            for name, (system, one) in held.items():
                if self._written.get(name) is not one:
                    await asyncio.to_thread(_save_one, self._folder, name, system, one, clocks)
                    self._written[name] = one
            gone = [name for name in self._written if name not in held]
            await asyncio.to_thread(snapshot.remove, self._folder, gone)
            await asyncio.to_thread(snapshot.sync_folder, self._folder)
        except OSError as error:
            structlog.get_logger().warning("snapshot_not_written", folder=str(self._folder), reason=error.strerror)
            return
        for name in gone:
            del self._written[name]

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.save()

    async def _take(self, path: Path) -> None:
        clocks = Clocks(self._monotonic(), self._wall())
        try:
            data = await asyncio.to_thread(path.read_bytes)
            header, held = await asyncio.to_thread(snapshot.decode, data, clocks, self._memory_bytes)
            system = self._systems.get(SystemId(header.system_id))
            if system is None or Appliance.of(system) != header.appliance:
                raise SnapshotError("is of an appliance that is not configured")
            if held.age_s(clocks.monotonic) > system.limits.stale_seconds:
                raise SnapshotError("is older than stale_seconds")
        except (SnapshotError, OSError) as error:
            structlog.get_logger().warning("snapshot_skipped", file=path.name, reason=str(error))
            return
        if self._store.put(SystemId(header.system_id), held):
            self._written[path.name] = held


def _save_one(folder: Path, name: str, system: System, held: Held, clocks: Clocks) -> None:
    snapshot.write(folder, name, snapshot.encode(system, held, clocks))
