"""`python -m tests.soak [--minutes 60] [--systems 500] [--clients 200]`: what an hour of trouble leaves behind.

Simulated appliances in this process, one or more faults each second; the gateway in a process of its own, whose
configuration is touched each ten seconds and which is ended and started anew each two minutes; callers of every kind.
Prints errors by kind, statements that were not true (0), and of the process its memory, descriptors, loop lag, and
its calls against the ceilings. 1 where something was not true or a ceiling was passed.
"""

import argparse
import asyncio
import contextlib
import random
import re
import resource
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp

from gateway.accounts import token_hash
from gateway.simulator import ApplianceSpec, Farm
from tests.gateway.processes import Running, running
from tests.soak.clients import Caller, Tally

TOKEN: Final = "token-of-the-soak"
DEADLINE_S: Final = 5.0
PER_MINUTE: Final = 30
_FAULTS: Final = ("slow", "hung", "cut", "reset", "broken_json", "html", "unauthorized", "login_refused", "refusing")
_TOUCHED_EVERY_S: Final = 10.0
_RESTARTED_EVERY_S: Final = 120.0
_LOOKED_AT_EVERY_S: Final = 5.0
_MINUTE_S: Final = 60.0


@dataclass
class Look:
    """One look at the process: seconds since the soak began, and what it takes then."""

    at: float
    rss_mb: float
    descriptors: int
    lag_s: float


@dataclass
class Soak:
    """The run: appliances, the gateway that is up now, what was seen."""

    farm: Farm
    file: Path
    end: float
    rng: random.Random
    begun: float = field(default_factory=time.monotonic)
    gateway: Running | None = None
    address: str = ""
    looks: list[Look] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    async def serve(self) -> None:
        """One gateway after the other; each ends by SIGTERM and must end well."""
        while time.monotonic() < self.end:
            async with running("serve", "--config", str(self.file)) as process:
                self.address, self.gateway = await process.address(), process
                until = min(self.end, time.monotonic() + _RESTARTED_EVERY_S)
                while time.monotonic() < until:
                    await asyncio.sleep(min(_TOUCHED_EVERY_S, max(0.0, until - time.monotonic())))
                    self.file.write_text(self.file.read_text())
                if time.monotonic() < self.end:
                    outcome = await process.end(signal.SIGTERM)
                    self.ends.append(time.time())
                    if outcome.code != 0:
                        raise RuntimeError(f"the gateway ended with {outcome.code}: {outcome.err[-2000:]}")
                else:
                    await asyncio.sleep(3.0)  # the callers' last questions

    async def trouble(self) -> None:
        """A fault each second, which lasts for some seconds."""
        sick: list[tuple[float, int]] = []
        while time.monotonic() < self.end:
            number = self.rng.randrange(len(self.farm))
            await self.farm[number].inject(self.rng.choice(_FAULTS))
            sick.append((time.monotonic() + self.rng.uniform(2, 30), number))
            for entry in [entry for entry in sick if entry[0] <= time.monotonic()]:
                sick.remove(entry)
                await self.farm[entry[1]].recover()
            await asyncio.sleep(1.0)

    async def look(self, http: aiohttp.ClientSession) -> None:
        """Look at the process from outside, as an operator does."""
        while time.monotonic() < self.end:
            await asyncio.sleep(_LOOKED_AT_EVERY_S)
            with contextlib.suppress(aiohttp.ClientError, OSError, AttributeError, TimeoutError):
                async with asyncio.timeout(5):
                    async with http.get(f"{self.address}/metrics", headers={"AuthToken": TOKEN}) as answer:
                        text = await answer.text()
                lag = re.search(r"^backup_gateway_loop_lag_longest_seconds (\S+)", text, re.MULTILINE)
                folder = Path(f"/proc/{self.gateway.process.pid}")
                rss = re.search(r"VmRSS:\s+(\d+)", (folder / "status").read_text())
                if lag and rss:
                    number = len(list((folder / "fd").iterdir()))
                    at = time.monotonic() - self.begun
                    self.looks.append(Look(at, int(rss[1]) / 1024, number, float(lag[1])))


def most_calls_in_a_minute(farm: Farm, ends: list[float]) -> int:
    """Of the busiest appliance, list calls of one process within any 60 seconds; `ends` is when processes ended."""
    most = 0
    for appliance in farm:
        times = sorted(request.time for request in appliance.requests if request.path.endswith("/backups"))
        first = 0
        for last, at in enumerate(times):
            began = max((end for end in ends if end <= at), default=0.0)
            while times[first] <= at - _MINUTE_S or times[first] < began:
                first += 1
            most = max(most, last - first + 1)
    return most


def report(soak: Soak, tally: Tally) -> tuple[str, bool]:
    """What is printed, and whether all is well."""
    most = most_calls_in_a_minute(soak.farm, soak.ends)
    looks = soak.looks
    lines = [
        f"{sum(tally.answers.values())} questions, {len(soak.ends)} restarts, {len(soak.farm)} systems",
        "answers: " + ", ".join(f"{name} {count}" for name, count in sorted(tally.answers.items())),
        "states of systems: " + ", ".join(f"{name} {count}" for name, count in sorted(tally.states.items())),
        f"statements that were not true: {len(tally.untrue)}",
        *(f"  {count} x {what}" for what, count in Counter(tally.untrue).most_common(10)),
        f"list calls of the busiest appliance in any minute: {most} (ceiling {PER_MINUTE})",
    ]
    if looks:
        lines += [
            f"memory: {looks[0].rss_mb:.0f} MB at first, {looks[-1].rss_mb:.0f} MB at last",
            f"memory: {max(one.rss_mb for one in looks):.0f} MB at most",
            f"descriptors: {max(one.descriptors for one in looks)} at most, {looks[-1].descriptors} at last",
            f"longest lag of the loop: {max(one.lag_s for one in looks):.2f} s",
            f"lag of this process, where callers and appliances are: {tally.own_lag_s:.2f} s",
        ]
    return "\n".join(lines), not tally.untrue and most <= PER_MINUTE


async def run(minutes: float, systems: int, clients: int) -> bool:
    """The whole of it."""
    rng = random.Random(1)
    specs = [
        ApplianceSpec(
            name=f"site-{n}", seed=n, rows=60, base_ms=20, dialect=("wiki-2015", "10.x")[n % 2], username=f"user-{n}"
        )
        for n in range(1, systems + 1)
    ]
    with TemporaryDirectory() as folder:
        async with Farm(specs) as farm, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            file = Path(folder) / "gateway.toml"
            token = f'[[token]]\nname = "soak"\ntoken_hash = "{token_hash(TOKEN)}"\nsystems = "all"\n'
            limits = f"[fanout]\ndeadline_seconds = {DEADLINE_S}\ncalls_per_minute = {PER_MINUTE}\n"
            cache = f'[cache]\nfresh_seconds = 5\nsnapshot = "{folder}/lists"\n'
            file.write_text(farm.config_toml(0) + limits + cache + token)
            soak, tally = Soak(farm, file, time.monotonic() + minutes * 60, rng), Tally()
            serving = asyncio.create_task(soak.serve())
            while not soak.address and not serving.done():  # noqa: ASYNC110 - a process that starts tells nobody
                await asyncio.sleep(0.1)
            callers = [
                Caller(http, lambda: soak.address, TOKEN, systems, DEADLINE_S, tally, random.Random(number))
                for number in range(clients)
            ]
            await asyncio.gather(
                serving,
                soak.trouble(),
                soak.look(http),
                tally.watch_lag(soak.end),
                *(caller.run(soak.end) for caller in callers),
            )
            text, well = report(soak, tally)
    print(text)
    return well


def main() -> int:
    """Run and print."""
    options = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    options.add_argument("--minutes", type=float, default=60.0)
    options.add_argument("--systems", type=int, default=500)
    options.add_argument("--clients", type=int, default=200)
    given = options.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return 0 if asyncio.run(run(given.minutes, given.systems, given.clients)) else 1


if __name__ == "__main__":
    sys.exit(main())
