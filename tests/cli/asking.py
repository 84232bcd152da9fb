"""A verb as a process of its own, pointed at a gateway by its environment; with a terminal where a test wants one."""

import asyncio
import contextlib
import os
import pty
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tests.gateway.live import STATIC_TOKEN, Client
from tests.gateway.processes import ROOT, Outcome, run

_PATIENCE_S = 30.0


async def ask(client: Client, *arguments: str, **environment: str) -> Outcome:
    """The verb with the address and a token of a running gateway."""
    return await run(*arguments, **(_address(client) | environment))


def _address(client: Client) -> dict[str, str]:
    return {"BACKUP_GATEWAY_URL": client.url, "BACKUP_GATEWAY_TOKEN": STATIC_TOKEN}


@dataclass
class Seen:
    """What stood on a terminal, or came through a pipe, with every sign that moves or colours."""

    code: int
    out: str
    err: str


async def look(client: Client, *arguments: str, on: Sequence[str] = ("out", "err"), **environment: str) -> Seen:
    """The same with its stdout, its stderr or both on one terminal of 160 columns each."""
    masters: dict[str, int] = {}
    streams: dict[str, int] = {}
    for name in ("out", "err"):
        masters[name], streams[name] = pty.openpty() if name in on else os.pipe()
    environment = {"TERM": "xterm-256color", "COLUMNS": "160", "PYTHONUTF8": "1"} | _address(client) | environment
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", *arguments),
        cwd=ROOT,
        env=kept | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=streams["out"],
        stderr=streams["err"],
    )
    for stream in streams.values():
        os.close(stream)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            out, err = await asyncio.gather(*(asyncio.to_thread(_all_of, masters[name]) for name in ("out", "err")))
            return Seen(await process.wait(), out, err)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _all_of(master: int) -> str:
    pieces = []
    with contextlib.suppress(OSError):  # a terminal whose other end is closed says so with an error
        while piece := os.read(master, 65_536):
            pieces.append(piece)
    os.close(master)
    return b"".join(pieces).decode().replace("\r\n", "\n")
