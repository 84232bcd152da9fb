"""`python -m tests.loads.watched FILE serve ...`: the gateway as it is; how late its event loop is goes into FILE.

A timer is due each hundredth of a second. For each turn FILE gets how late it was, and how much CPU the process has
taken since the turn before: what a late timer has not spent there it spent waiting for a core.
"""

import asyncio
import struct
import sys
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Final

from gateway.cli.main import main

EVERY_S: Final = 0.01
_TURN: Final = struct.Struct("<ff")
_WRITTEN_AT_ONCE: Final = 25


class _Timer:
    def __init__(self, loop: asyncio.AbstractEventLoop, file: FileIO) -> None:
        self._loop = loop
        self._file = file
        self._turns: list[bytes] = []
        self._due = 0.0
        self._cpu_s = 0.0

    def start(self) -> None:
        self._cpu_s = time.process_time()
        self._due = self._loop.time() + EVERY_S
        self._loop.call_at(self._due, self._turn)

    def _turn(self) -> None:
        late_s, cpu_s = self._loop.time() - self._due, time.process_time() - self._cpu_s
        self._turns.append(_TURN.pack(late_s, cpu_s))
        if len(self._turns) >= _WRITTEN_AT_ONCE:
            self._file.write(b"".join(self._turns))
            self._turns.clear()
        self.start()


class _Policy(asyncio.DefaultEventLoopPolicy):
    """Every loop has such a timer."""

    def __init__(self, file: FileIO) -> None:
        super().__init__()
        self._file = file

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        loop.call_soon(_Timer(loop, self._file).start)
        return loop


def lags_of(file: Path) -> Iterator[tuple[float, float]]:
    """Seconds that each turn was late, and those of them that the process itself had spent."""
    data = file.read_bytes() if file.exists() else b""
    for late_s, cpu_s in _TURN.iter_unpack(data[: len(data) // _TURN.size * _TURN.size]):
        yield late_s, min(late_s, cpu_s)


if __name__ == "__main__":
    name = sys.argv.pop(1)
    with Path(name).open("ab", buffering=0) as file:
        asyncio.set_event_loop_policy(_Policy(file))
        main()
