"""What `serve` tells a service manager, over a real datagram socket (contract section 7, sd_notify(3))."""

import asyncio
import contextlib
import os
import signal
import socket
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.cli.notify import ServiceManager, ping_period_s
from gateway.simulator import Farm, Fault
from tests.gateway.live import config_text, small
from tests.gateway.processes import Running, running
from tests.gateway.test_process import http
from tests.kit.waiting import until

_PATIENCE_S = 20.0
_FILE = "gateway.toml"


class Manager:
    """The other end: messages as the assignments that they are."""

    def __init__(self, listening: socket.socket) -> None:
        self.socket = listening

    async def next(self) -> dict[str, str]:
        async with asyncio.timeout(_PATIENCE_S):
            return _read(await asyncio.get_running_loop().sock_recv(self.socket, 4096))

    def waiting(self) -> list[dict[str, str]]:
        """What has come, without a turn of the loop."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(_read(self.socket.recv(4096)))
        return found


def _read(message: bytes) -> dict[str, str]:
    return dict(line.split("=", 1) for line in message.decode().splitlines())


@contextlib.contextmanager
def manager_at(address: str) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)
        listening.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        yield Manager(listening)


@contextlib.asynccontextmanager
async def managed(folder: Path, address: str, **environment: str) -> AsyncIterator[tuple[Running, Manager, Farm]]:
    """`serve` under a manager."""
    async with Farm([small(1)]) as farm:
        (folder / _FILE).write_text(config_text(farm))
        with manager_at(address) as manager:
            arguments = ("serve", "--config", str(folder / _FILE))
            async with running(*arguments, NOTIFY_SOCKET=address, **environment) as process:
                yield process, manager, farm


def _now_us() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


async def _reloaded(process: Running, manager: Manager) -> dict[str, str]:
    """Send SIGHUP as systemd does: what its clock says is older than the signal answers something else."""
    sent = _now_us()
    process.send(signal.SIGHUP)
    begun = await manager.next()
    while int(begun.get("MONOTONIC_USEC", "0")) < sent:
        begun = await manager.next()
    assert begun["RELOADING"] == "1"
    assert int(begun["MONOTONIC_USEC"]) <= _now_us()
    assert "READY" not in begun
    return await manager.next()


async def test_it_tells_start_reload_refused_reload_and_end_in_this_order(tmp_path: Path):
    async with managed(tmp_path, str(tmp_path / "notify")) as (process, manager, _):
        first = await manager.next()
        address = await process.address()
        assert first["READY"] == "1"
        assert address in first["STATUS"]
        async with http() as session, session.get(f"{address}/readyz") as answer:
            assert answer.status == 200

        good = await _reloaded(process, manager)
        assert good["READY"] == "1"
        assert "refused" not in good["STATUS"]

        (tmp_path / _FILE).write_text("[server]\nprot = 1\n")
        bad = await _reloaded(process, manager)
        assert bad["READY"] == "1"
        assert "refused" in bad["STATUS"]

        # The watcher sees the same bad file by itself, sooner or later.
        process.send(signal.SIGTERM)
        last = [message := await manager.next()]
        while "STOPPING" not in message:
            last.append(message := await manager.next())
        assert last[-1]["STOPPING"] == "1"
        assert (await process.end(None)).code == 0
        assert manager.waiting() == []


async def test_a_change_of_the_file_is_told_as_a_reload(tmp_path: Path):
    async with managed(tmp_path, str(tmp_path / "notify")) as (_, manager, farm):
        assert "READY" in await manager.next()
        (tmp_path / _FILE).write_text(config_text(farm, each={1: {"name": "renamed"}}))
        assert "RELOADING" in await manager.next()
        assert "READY" in await manager.next()


async def test_an_abstract_address_works_as_well(tmp_path: Path):
    async with managed(tmp_path, f"@backup-gateway/{uuid.uuid4()}") as (_, manager, _farm):
        assert "READY" in await manager.next()


async def test_a_manager_that_is_gone_stops_nothing(tmp_path: Path):
    async with managed(tmp_path, str(tmp_path / "notify")) as (process, manager, _):
        assert "READY" in await manager.next()
        manager.socket.close()
        process.send(signal.SIGHUP)
        await process.line(lambda line: "config_reloaded" in line, process.err)
        outcome = await process.end()
    assert outcome.code == 0
    assert "service_manager_not_told" in outcome.err
    assert "Traceback" not in outcome.err


async def test_the_watchdog_hears_of_the_process_also_while_it_drains(tmp_path: Path):
    async with managed(tmp_path, str(tmp_path / "notify"), WATCHDOG_USEC="100000") as (process, manager, farm):
        assert "READY" in await manager.next()
        address = await process.address()
        assert [await manager.next() for _ in range(3)] == [{"WATCHDOG": "1"}] * 3
        await farm[0].inject(Fault("slow", seconds=1.0))
        async with http() as session:
            asked = asyncio.create_task(session.post(f"{address}/api/backups"))
            await until(lambda: farm[0].counters.list_calls)
            process.send(signal.SIGTERM)
            while "STOPPING" not in await manager.next():
                pass
            assert await manager.next() == {"WATCHDOG": "1"}
            assert not asked.done()
            (await asked).close()
        assert (await process.end(None)).code == 0


async def test_a_loop_that_stands_still_pings_nobody_and_pings_again_when_it_goes_on(tmp_path: Path):
    address = str(tmp_path / "notify")
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid())}
    with manager_at(address) as manager, ServiceManager(environment) as told:
        told.ready("here")
        assert "READY" in await manager.next()
        assert await manager.next() == {"WATCHDOG": "1"}
        assert await manager.next() == {"WATCHDOG": "1"}
        manager.waiting()
        time.sleep(0.2)  # noqa: ASYNC251 - the loop stands still on purpose
        assert manager.waiting() == []
        assert await manager.next() == {"WATCHDOG": "1"}


async def test_the_pings_end_with_the_process_that_sends_them(tmp_path: Path):
    address = str(tmp_path / "notify")
    with manager_at(address) as manager:
        with ServiceManager({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2000"}) as told:
            told.ready("here")
            assert "READY" in await manager.next()
            assert "WATCHDOG" in await manager.next()
        manager.waiting()
        await asyncio.sleep(0.02)  # ten pings' time
        assert manager.waiting() == []


@pytest.mark.parametrize(
    ("environment", "period_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "78"}, None),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": ""}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "9" * 5000}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_pinged_twice_in_the_time_that_it_waits_for_this_process(
    environment: dict[str, str], period_s: float | None
):
    assert ping_period_s(environment, 77) == period_s


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative/path"])
def test_without_an_address_that_it_knows_nothing_is_said(address: str):
    with ServiceManager({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"}) as told:
        told.ready("here")
        told.reloading()
        told.stopping()
