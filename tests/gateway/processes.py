"""The command line as a process of its own, and what it writes."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
_PATIENCE_S: Final = 30.0


@dataclass
class Outcome:
    """A process that has ended."""

    code: int
    out: str
    err: str


@dataclass
class Running:
    """A process that runs. Its lines are collected as they come."""

    process: asyncio.subprocess.Process
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    def start_reading(self) -> None:
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            assert stream is not None
            self._readers.append(asyncio.create_task(self._read(stream, lines)))

    async def _read(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        while line := await stream.readline():
            lines.append(line.decode().rstrip("\n"))
            self._came.set()
        self._came.set()

    async def line(self, wanted: Callable[[str], Any], where: list[str]) -> Any:
        """What `wanted` makes of the first line that it takes."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                self._came.clear()
                for line in where:
                    found = wanted(line)
                    if found:
                        return found
                assert not all(reader.done() for reader in self._readers), (self.out, self.err)
                await self._came.wait()

    async def address(self) -> str:
        """Where `serve` says that it listens."""
        return await self.line(lambda line: event_of(line).get("address") if "listening" in line else None, self.err)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def end(self, number: signal.Signals | None = signal.SIGTERM, *, patience_s: float = _PATIENCE_S) -> Outcome:
        """Wait for the end of the process, asked for by a signal unless None."""
        if number is not None and self.process.returncode is None:
            self.send(number)
        async with asyncio.timeout(patience_s):
            code = await self.process.wait()
            await asyncio.gather(*self._readers)
        return Outcome(code, "\n".join(self.out), "\n".join(self.err))

    def events(self) -> list[dict[str, Any]]:
        """The lines of the log, each of them one JSON object."""
        return [json.loads(line) for line in self.err]


def event_of(line: str) -> dict[str, Any]:
    """A line of the log; empty for what is no JSON object."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@contextlib.asynccontextmanager
async def running(*arguments: str, **environment: str) -> AsyncIterator[Running]:
    """A started command; killed where a test leaves it behind."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", *arguments),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    started = Running(process)
    started.start_reading()
    try:
        yield started
    finally:
        if process.returncode is None:
            process.kill()
        await started.end(None)
        assert process.stdin is not None
        process.stdin.close()


async def run(*arguments: str, stdin: str | bytes = "", **environment: str) -> Outcome:
    """A command that ends by itself."""
    async with running(*arguments, **environment) as started:
        assert started.process.stdin is not None
        started.process.stdin.write(stdin.encode() if isinstance(stdin, str) else stdin)
        started.process.stdin.close()
        return await started.end(None)
