"""What to run for how many appliances: costs measured here and now, and what follows from them.

    python -m tests.bench.sizing

Measured, as CPU of this process over local sockets: taking in a list of an appliance, taking one up from the store
that replicas share, answering a question out of what is held; and the bytes of a row in memory, compressed, and on its
way through the store. Then the load of a fleet is worked out of them: every system asked by somebody each minute, each
minute's refresh being a tail of a hundredth of the list's rows. Which of the limits comes first, and how many replicas
keep it, is arithmetic (`needs`); what it cannot know (other programs, slow disks, bursts) is why a replica is planned
at half a core.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.config.tables import Log
from gateway.filter import BackupFilter
from gateway.lists import snapshot
from gateway.lists.held import Held
from gateway.lists.packed import PackedList
from gateway.lists.snapshot import Clocks
from gateway.loop.garbage import relax_collector
from gateway.model import BackupList
from gateway.stack import Gateway
from gateway.telemetry.observe import configure_logs
from tests.bench import appliances, ours
from tests.bench.fleet import Fleet, Site
from tests.bench.processes import CLIENT_CORE, spawned

SHORT: Final = Fleet("50 x 10 rows", 50, 10, moving=True)
LONG: Final = Fleet("50 x 1000 rows", 50, 1000, moving=True)
ROUNDS: Final = 5

REFRESHED_EACH_S: Final = 60.0
ROWS: Final = 3000
"""Of one system: a hundred a day for thirty days."""
TAIL_SHARE: Final = 0.01
DASHBOARDS_PER_SYSTEM: Final = 0.2
"""Each asks for all systems of its customer, twenty of them, once a minute."""
SYSTEMS_PER_QUESTION: Final = 20
BUSY: Final = 0.5
"""The share of a core that a replica may take when all is well."""
STORE_BYTES_PER_S: Final = 400e6
"""What one Valkey carries of values of this size: a third of what it carried when nothing else ran."""
REPLICA_BYTES: Final = 8 * 2**30


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of CPU and bytes: of a call, of a row in it, of a list taken up, of a system in a held answer."""

    call_s: float
    row_s: float
    adopt_row_s: float
    held_system_s: float
    row_bytes: float
    packed_row_bytes: float
    travelling_row_bytes: float


@dataclass(frozen=True, slots=True)
class Load:
    """What a fleet asks of so many replicas: of each its share of a core and its bytes; of the store bytes a second."""

    cores: float
    held_bytes: float
    store_bytes_per_s: float

    @property
    def is_fine(self) -> bool:
        """Whether every replica and the store keep their bounds."""
        return self.cores <= BUSY and self.held_bytes <= REPLICA_BYTES and self.store_bytes_per_s <= STORE_BYTES_PER_S


def load_of(costs: Costs, systems: int, replicas: int) -> Load:
    """The load of each of so many replicas. What one fetches, all others take up, whole: that does not get less."""
    refreshes = systems / REFRESHED_EACH_S
    taking = refreshes * (costs.call_s + ROWS * TAIL_SHARE * costs.row_s)
    adopting = refreshes * ROWS * costs.adopt_row_s * (replicas - 1)
    questions = systems * DASHBOARDS_PER_SYSTEM / 60 * SYSTEMS_PER_QUESTION * costs.held_system_s
    shared = refreshes * ROWS * costs.travelling_row_bytes * (replicas if replicas > 1 else 0)
    return Load((taking + adopting + questions) / replicas, systems * ROWS * costs.packed_row_bytes, shared)


def needs(costs: Costs, systems: int) -> int | None:
    """How many replicas keep every bound; None where no number does, and the fleet must be divided."""
    return next((number for number in range(1, 65) if load_of(costs, systems, number).is_fine), None)


def largest(costs: Costs, replicas: int) -> int:
    """How many systems so many replicas carry, in hundreds."""
    low, high = 0, 10_000
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if load_of(costs, middle * 100, replicas).is_fine else (low, middle - 1)
    return low * 100


async def _measured(short: list[Site], long: list[Site]) -> Costs:
    few, many = await _call_s(short), await _call_s(long)
    row_s = max(many - few, 0.0) / (LONG.rows - SHORT.rows)
    async with Gateway(ours.config_of(long)) as gateway:
        await ours.merged(gateway)
        held_s = await _least(lambda: _answered(gateway)) / LONG.size
        (system, *_), (held, *_) = gateway.systems.values(), gateway.store.held(1)
        backups = held.fetched.backups
        blob = snapshot.encode(system.config, held, Clocks(gateway.monotonic(), gateway.wall()))
        adopt_s = await _least(lambda: _adopted(gateway, blob))
    return Costs(
        call_s=max(few - row_s * SHORT.rows, 0.0),
        row_s=row_s,
        adopt_row_s=adopt_s / LONG.rows,
        held_system_s=held_s,
        row_bytes=_bytes_of(held, backups),
        packed_row_bytes=_bytes_of(held, PackedList(backups)),
        travelling_row_bytes=len(blob) / LONG.rows,
    )


def _bytes_of(held: Held, backups: BackupList) -> float:
    index_bytes = held.nbytes - held.fetched.backups.nbytes
    return (backups.nbytes + index_bytes) / LONG.rows


async def _call_s(sites: list[Site]) -> float:
    """CPU of one warm list call, its answer taken in."""
    async with Gateway(ours.config_of(sites)) as gateway:
        await ours.merged(gateway)
        return await _least(lambda: ours.merged(gateway)) / len(sites)


async def _answered(gateway: Gateway) -> None:
    ours.joined(await ours.asked(gateway, BackupFilter(), max_age_s=None))


async def _adopted(gateway: Gateway, blob: bytes) -> None:
    snapshot.decode(blob, Clocks(gateway.monotonic(), gateway.wall()), 2**30)


async def _least(work: Callable[[], Awaitable[object]]) -> float:
    """The least CPU of some rounds: what comes on top is the machine's."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        await work()
        found.append(time.process_time() - begun)
    return min(found)


def report(costs: Costs) -> str:
    """The table."""
    micro = 1e6
    lines = [
        f"a list call takes {costs.call_s * micro:.0f} us, a row in it {costs.row_s * micro:.1f} us,",
        f"a row taken up from the store {costs.adopt_row_s * micro:.2f} us,",
        f"a system in a held answer {costs.held_system_s * micro:.0f} us;",
        f"a row is held in {costs.row_bytes:.0f} bytes, compressed in {costs.packed_row_bytes:.0f},",
        f"and travels in {costs.travelling_row_bytes:.0f}",
        "",
        f"{'systems':>8} {'replicas':>9} {'cores each':>11} {'memory each':>12} {'store':>10}",
    ]
    for systems in (50, 500, 5_000, 20_000, 100_000):
        number = needs(costs, systems)
        if number is None:
            lines.append(f"{systems:>8} {'divide':>9}   into groups with a store of their own")
            continue
        load = load_of(costs, systems, number)
        store = "none" if number == 1 else f"{load.store_bytes_per_s / 1e6:.0f} MB/s"
        lines.append(f"{systems:>8} {number:>9} {load.cores:>11.2f} {load.held_bytes / 2**20:>9.0f} MB {store:>10}")
    lines.append("")
    for number in (1, 2, 3, 4):
        lines.append(f"{number} replicas carry {largest(costs, number)} systems")
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    appliances.allow_many_files()
    with Path(os.devnull).open("w") as nowhere, spawned(appliances.serve, CLIENT_CORE) as sites:
        configure_logs(Log(), nowhere)
        relax_collector()
        sites.send({SHORT, LONG})
        listening = sites.recv()
        print(report(asyncio.run(_measured(listening[SHORT], listening[LONG]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
