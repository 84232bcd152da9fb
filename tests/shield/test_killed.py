"""A real process is killed, its appliances are gone, and the next process answers for all of them."""

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

from gateway.simulator import ApplianceSpec, Farm
from tests.shield.support import TOKEN, text_of


class Process:
    """A real `python -m gateway serve`."""

    def __init__(self, config: Path) -> None:
        self._config = config

    async def __aenter__(self) -> "Process":
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "serve", "--config", str(self._config)), stderr=asyncio.subprocess.PIPE
        )
        assert self.process.stderr is not None
        self.log: list[bytes] = []
        self.address = ""
        while not self.address:
            line = await self.process.stderr.readline()
            assert line, b"".join(self.log).decode()
            self.log.append(line)
            if b'"listening"' in line:
                self.address = line.decode().split('"address":"')[1].split('"')[0]
        self._reader = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log.append(line)

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return await self.process.wait()

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reader

    async def ask(self, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        async with (
            aiohttp.ClientSession(headers={"AuthToken": TOKEN}) as client,
            client.post(f"{self.address}/api/backups", json=body or {}) as answer,
        ):
            return answer.status, await answer.json()


async def written(folder: Path, count: int) -> None:
    """Until so many lists are on disk; a running gateway writes every 20 s."""
    async with asyncio.timeout(40):
        while len(await asyncio.to_thread(lambda: list(folder.glob("*.held")))) < count:  # noqa: ASYNC110 - a folder
            await asyncio.sleep(0.1)


async def test_after_a_sigkill_every_system_stands_in_with_its_true_age(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    cache = {"snapshot": str(folder), "fresh_seconds": 1, "revalidate_seconds": 2}
    config = tmp_path / "gateway.toml"
    async with Farm([ApplianceSpec(name=f"site-{n}", seed=n, rows=50) for n in range(1, 4)]) as farm:
        config.write_text(text_of(farm, cache))
        async with Process(config) as first:
            earliest = time.time()
            status, told = await first.ask()
            latest = time.time()
            assert (status, told["complete"]) == (200, True)
            await written(folder, 3)
            await first.end(signal.SIGKILL)
        for appliance in farm:
            await appliance.inject("refusing")
        async with Process(config) as second:
            youngest = time.time() - latest
            status, again = await second.ask()
            oldest = time.time() - earliest
            assert status == 200
            assert again["backups"] == told["backups"]
            for system in again["systems"]:
                assert (system["state"], system["source"]) == ("stale", "snapshot")
                assert system["error"]["kind"] == "refused"
                assert youngest - 0.1 <= system["age_seconds"] <= oldest + 0.1
            assert await second.end(signal.SIGTERM) == 0
