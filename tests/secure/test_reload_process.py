"""The process reloads on SIGHUP and when its file changes; a bad file is refused fault by fault."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from gateway.simulator import ApplianceSpec, Farm
from tests.kit.accounts import token_table
from tests.secure.support import TOKEN, config_text, system_table

SERVER = {"server": {"port": 0}}
BAD = {"server": {"prot": 1, "port": -1}, "fanout": {"concurrency": "two"}}
FAULTS = ("server.prot: unknown key; the nearest known one is port", "server.port: ", "fanout.concurrency: ")


class Process:
    """A `serve` of its own, and every line of its log."""

    def __init__(self, process: asyncio.subprocess.Process, file: Path) -> None:
        self.process = process
        self.file = file
        self.lines: list[dict[str, Any]] = []
        self._read = 0

    async def next(self, **wanted: str) -> dict[str, Any]:
        """The next line that holds all of this; those before it are read and kept in `lines`."""
        while True:
            while self._read < len(self.lines):
                self._read += 1
                line = self.lines[self._read - 1]
                if all(line.get(key) == value for key, value in wanted.items()):
                    return line
            assert self.process.stderr is not None
            text = await asyncio.wait_for(self.process.stderr.readline(), 20)
            assert text, f"ended without {wanted}: {self.lines}"
            self.lines.append(json.loads(text))

    def write(self, text: str, *, replace: bool = False) -> None:
        """Write the file in its place, or beside it and over it, as editors do."""
        if not replace:
            self.file.write_text(text)
            return
        beside = self.file.with_suffix(".new")
        beside.write_text(text)
        beside.replace(self.file)

    async def refusals(self) -> list[str]:
        """The faults of the next refused reload."""
        start = len(self.lines)
        await self.next(audit="reload")
        return [line["fault"] for line in self.lines[start:] if line.get("event") == "config_refused"]


@contextlib.asynccontextmanager
async def serving(folder: Path, text: str) -> AsyncIterator[tuple[Process, str]]:
    """`backup-gateway serve` over that file, and its address."""
    file = folder / "gateway.toml"
    file.write_text(text)
    environ = {**os.environ, "BACKUP_GATEWAY_LOG_LEVEL": ""}
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "serve", "--config", str(file)), stderr=asyncio.subprocess.PIPE, env=environ
    )
    process = Process(started, file)
    try:
        address = (await process.next(event="listening"))["address"]
        yield process, address
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.send_signal(signal.SIGTERM)
        await asyncio.wait_for(started.communicate(), 30)
        assert started.returncode == 0


async def _status(http: ClientSession, address: str, token: str) -> int:
    async with http.get(f"{address}/api/backups", headers={"AuthToken": token}) as answer:
        await answer.read()
        return answer.status


async def test_a_running_process_takes_good_files_and_refuses_bad_ones(tmp_path: Path) -> None:
    """By SIGHUP, by a write in place, by a rename over it; what a bad file says never counts, not even in part."""
    async with Farm([ApplianceSpec(name="north", rows=20)]) as farm, ClientSession() as http:
        systems = [system_table(1, farm["north"])]
        good = config_text(systems, tables=SERVER)
        bad = config_text(systems, tokens=[token_table("new", "new-token", systems="all")], tables=BAD)
        new = config_text(systems, tokens=[token_table("new", "new-token", systems="all")], tables=SERVER)
        async with serving(tmp_path, good) as (process, address):
            assert await _status(http, address, TOKEN) == 200

            process.process.send_signal(signal.SIGHUP)
            await process.next(audit="reload", outcome="taken")  # from here on the file is watched
            process.write(bad)
            faults = await process.refusals()
            assert len(faults) == len(FAULTS)
            assert all(any(known in fault for fault in faults) for known in FAULTS)
            process.process.send_signal(signal.SIGHUP)
            assert await process.refusals() == faults
            process.write("[[system]\n", replace=True)
            assert len(await process.refusals()) == 1
            assert await _status(http, address, TOKEN) == 200
            assert await _status(http, address, "new-token") == 401

            process.write(new, replace=True)
            taken = await process.next(audit="reload", outcome="taken")
            assert (taken["who"], taken["what"]) == ("operator", "gateway.toml")
            assert await _status(http, address, TOKEN) == 401
            assert await _status(http, address, "new-token") == 200

            process.process.send_signal(signal.SIGHUP)
            await process.next(audit="reload", outcome="taken")
            assert await _status(http, address, "new-token") == 200
            assert farm["north"].counters.logins == 1


async def test_a_bad_file_with_secrets_is_refused_without_a_word_of_them(tmp_path: Path) -> None:
    """The log of a refused reload names keys, never values."""
    async with Farm([ApplianceSpec(name="north", rows=20)]) as farm:
        good = config_text([system_table(1, farm["north"])], tables=SERVER)
        bad = config_text(
            [{**system_table(1, farm["north"]), "password": "canary-one", "passwrod": "canary-two"}],
            users=[{"username": "noc", "password_hash": "canary-three"}],
            tokens=[{"name": "tool", "token_hash": "canary-four"}],
            tables=SERVER,
        )
        async with serving(tmp_path, good) as (process, _):
            process.write(bad, replace=True)
            process.process.send_signal(signal.SIGHUP)
            assert len(await process.refusals()) == 3
            assert "canary" not in json.dumps(process.lines)
