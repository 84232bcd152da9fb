"""The processes of the benchmark and their cores: whoever serves has the first one, whoever asks the second."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from gateway.config.file import LOG_LEVEL_VARIABLE
from tests.bench.fleet import Site
from tests.bench.questions import NOTHING, Request
from tests.bench.settings import HELD, WARM_TOKEN, text_of

SERVER_CORE: Final = 0
CLIENT_CORE: Final = 1
PROGRAM: Final = ("gateway",)
"""What `python -m` runs; another one may do more than the gateway."""

_START_S: Final = 20.0
_CALM_S: Final = 0.3
_KIB: Final = 1024


def pin(pid: int, core: int) -> None:
    """Keep a process on one core, where there are several."""
    if hasattr(os, "sched_setaffinity") and {SERVER_CORE, CLIENT_CORE} <= os.sched_getaffinity(pid):
        os.sched_setaffinity(pid, {core})


@contextmanager
def spawned(work: Callable[[Connection], None], core: int) -> Iterator[Connection]:
    """A process with a pipe to it, on a core of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,), daemon=True)
    process.start()
    try:
        pin(process.pid or 0, core)
        yield ours
    finally:
        process.terminate()
        process.join()


class RefusedKeyError(Exception):
    """The gateway does not know a key of the configuration."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running `backup-gateway serve`."""

    pid: int
    port: int

    def fill(self, **options: float) -> None:
        """Let it fetch every list, with the index of each, and send no row."""
        Request({**NOTHING, **options}).look(self.port).good()

    def resident(self) -> int:
        """Bytes of memory that it has now, once it has come to rest."""
        time.sleep(_CALM_S)
        return self._status("VmRSS")

    def peak(self) -> int:
        """The most that it had since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        """From now on `peak` counts anew (proc(5), clear_refs)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def cpu_s(self) -> float:
        """Seconds of CPU that all its threads have taken, by the clock of that process (Linux)."""
        return time.clock_gettime((~self.pid << 3) | 2)  # as clock_getcpuclockid(3) spells it

    def sockets(self) -> int:
        """Descriptors that are sockets, among them the few that it listens on."""
        found = 0
        for link in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                found += str(link.readlink()).startswith("socket:")
        return found

    def _status(self, key: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(text.partition(f"{key}:")[2].split()[0]) * _KIB


@contextmanager
def gateway(
    sites: Sequence[Site],
    warm: Site,
    *,
    cache: str = "",
    held: str = HELD,
    server: str = "",
    more: str = "",
    program: Sequence[str] = PROGRAM,
) -> Iterator[Served]:
    """`backup-gateway serve` over these appliances, its log in a file. It has answered for one other system already.

    `more` are tables at the end of its configuration.
    """
    text = text_of(sites, warm=replace(warm, id=0), cache=f"{held}\n{cache}", server=server) + more
    with serving(text, program) as served:
        Request({}, WARM_TOKEN).look(served.port).good()
        Request(NOTHING, WARM_TOKEN).look(served.port).good()
        yield served


@contextmanager
def serving(text: str, program: Sequence[str] = PROGRAM, start_s: float = _START_S) -> Iterator[Served]:
    """`backup-gateway serve` with that configuration, from the moment on in which it listens."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        file, log = Path(name) / "gateway.toml", Path(name) / "log"
        file.write_text(text)
        environ = {key: value for key, value in os.environ.items() if key != LOG_LEVEL_VARIABLE}
        with log.open("wb") as stream:
            command = [sys.executable, "-m", *program, "serve", "--config", str(file)]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=stream, env=environ)
        try:
            pin(process.pid, SERVER_CORE)
            yield Served(process.pid, _port(process, log, start_s))
        finally:
            process.terminate()
            try:
                process.wait(_START_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _port(process: "subprocess.Popen[bytes]", log: Path, start_s: float) -> int:
    """Where it listens, as its log says."""
    until = time.monotonic() + start_s
    while time.monotonic() < until:
        text = log.read_bytes()
        if process.poll() is not None:
            said = text.decode().strip()
            raise RefusedKeyError(said) if "unknown key" in said else RuntimeError(said)
        for line in text.splitlines(keepends=True):
            if b'"listening"' in line and line.endswith(b"\n"):
                return urlsplit(msgspec.json.decode(line)["address"]).port or 0
        time.sleep(0.02)
    raise RuntimeError("the gateway does not start")
