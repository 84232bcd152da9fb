"""The gateway of a soak: one process after the other, and what each of them takes, looked at from outside."""

import asyncio
import contextlib
import re
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from tests.gateway.processes import Running, running

_TOUCHED_EVERY_S: Final = 10.0
_LOOKED_AT_EVERY_S: Final = 5.0
_RESTARTS: Final = 4
_LAST_SHARE: Final = 0.6
"""Of the time: the last process has it for itself."""
_WARM_S: Final = 960.0
"""A walk that is not read to its end lives for a quarter of an hour: only then do as many end as begin."""
_GRACE_S: Final = 45.0
"""What the unit of systemd and the manifest of Kubernetes give a process to end."""
_COMPLAINTS: Final = ("never retrieved", "was destroyed", "never awaited", "Traceback", "exception was")


@dataclass(frozen=True, slots=True)
class Plan:
    """When what happens, in monotonic seconds."""

    restarts: tuple[float, ...]
    end: float

    @classmethod
    def over(cls, seconds: float) -> "Plan":
        """From now on, over so many seconds."""
        now = time.monotonic()
        part = seconds * (1 - _LAST_SHARE) / _RESTARTS
        return cls(tuple(now + part * number for number in range(1, _RESTARTS + 1)), now + seconds)


@dataclass(frozen=True, slots=True)
class Look:
    """What the process takes at one moment (monotonic seconds), in bytes, numbers and seconds."""

    at: float
    rss: int
    held_bytes: int
    """Of that, held lists."""
    descriptors: int
    tasks: int
    lag_s: float
    longest_lag_s: float


@dataclass
class Serving:
    """Starts and ends processes over one configuration file, and notes what they take and say."""

    file: Path
    plan: Plan
    token: str
    http: aiohttp.ClientSession
    address: str = ""
    ends: list[float] = field(default_factory=list)
    """When processes ended, in epoch seconds."""
    looks: list[Look] = field(default_factory=list)
    at_rest: list[Look] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    slowest_end_s: float = 0.0
    """From the signal to the end of the process."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _up: asyncio.Event = field(default_factory=asyncio.Event)
    _pid: int = 0

    async def run(self) -> None:
        """One process after the other until `over` is set. Raises RuntimeError where one does not end well."""
        for until in (*self.plan.restarts, None):
            async with running("serve", "--config", str(self.file)) as process:
                self.address, self._pid = await process.address(), process.process.pid
                self._up.set()
                await self._touch_until(until)
                await self._end(process)

    async def _touch_until(self, until: float | None) -> None:
        """Save the configuration again and again: each time it is read anew."""
        while not self.over.is_set() and (until is None or time.monotonic() < until):
            left = _TOUCHED_EVERY_S if until is None else min(_TOUCHED_EVERY_S, until - time.monotonic())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), max(left, 0.0))
            if not self.over.is_set():
                self.file.write_text(self.file.read_text())

    async def _end(self, process: Running) -> None:
        begun = time.monotonic()
        outcome = await process.end(signal.SIGTERM, patience_s=_GRACE_S)
        self.slowest_end_s = max(self.slowest_end_s, time.monotonic() - begun)
        self.ends.append(time.time())
        self.complaints += [line for line in outcome.err.splitlines() if any(word in line for word in _COMPLAINTS)]
        if outcome.code != 0:
            raise RuntimeError(f"the gateway ended with {outcome.code}: {outcome.err[-2000:]}")

    async def look_on(self) -> None:
        """Look again and again until callers stop."""
        while time.monotonic() < self.plan.end:
            await asyncio.sleep(_LOOKED_AT_EVERY_S)
            look = await self._look()
            if look is not None:
                self.looks.append(look)

    async def look_at_rest(self, after_s: float) -> None:
        """One look without callers, so many seconds after the last one left."""
        await self._up.wait()
        await asyncio.sleep(after_s)
        look = await self._look()
        if look is None:
            raise RuntimeError("the gateway does not answer, though nobody asks")
        self.at_rest.append(look)

    @property
    def last_looks(self) -> list[Look]:
        """Those at the last process once it is warm; in a short run those of its last five sixths."""
        last = self.plan.restarts[-1]
        warm = last + _WARM_S if last + _WARM_S < self.plan.end else last + (self.plan.end - last) / 6
        return [look for look in self.looks if look.at >= warm]

    async def _look(self) -> Look | None:
        """None between two processes."""
        try:
            async with asyncio.timeout(5):
                async with self.http.get(f"{self.address}/metrics", headers={"AuthToken": self.token}) as answer:
                    text = await answer.text()
            folder = Path(f"/proc/{self._pid}")
            status, descriptors = (folder / "status").read_text(), len(list((folder / "fd").iterdir()))
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None

        def number(pattern: str, where: str) -> float:
            found = re.search(pattern, where, re.MULTILINE)
            return float(found[1]) if found else 0.0

        return Look(
            time.monotonic(),
            int(number(r"^VmRSS:\s+(\d+)", status)) * 1024,
            int(number(r"^backup_gateway_held_bytes (\S+)", text)),
            descriptors,
            int(number(r"^backup_gateway_tasks (\S+)", text)),
            number(r"^backup_gateway_loop_lag_seconds (\S+)", text),
            number(r"^backup_gateway_loop_lag_longest_seconds (\S+)", text),
        )
