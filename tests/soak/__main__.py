"""`python -m tests.soak [--minutes 60] [--systems 500] [--clients 200]`: what an hour of trouble leaves behind.

Simulated appliances in this process, one or more faults each second; the gateway in a process of its own, whose
configuration is touched each ten seconds and which is ended and started anew four times; callers of every kind. In the
last 60 % of the time one process stays, so that its memory can be seen to grow or not; at last callers and faults
leave, and what they held must be given back. Prints one line for each goal; 1 where one is missed.
"""

import argparse
import asyncio
import logging
import random
import resource
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp

from gateway.simulator import ApplianceSpec, Farm
from tests.kit.accounts import token_table
from tests.kit.toml import table
from tests.soak.clients import Caller, Tally
from tests.soak.process import Plan, Serving
from tests.soak.report import lines_of
from tests.soak.trouble import Trouble
from tests.soak.truth import Truth

TOKEN: Final = "token-of-the-soak"
DEADLINE_S: Final = 5.0
PER_MINUTE: Final = 30
KEPT_S: Final = 240.0
"""After so long without a question no connection to an appliance is left; a short run does not wait for it."""


def specs(systems: int) -> list[ApplianceSpec]:
    """Appliances of both dialects."""
    return [
        ApplianceSpec(
            name=f"site-{n}", seed=n, rows=20, base_ms=20, dialect=("wiki-2015", "10.x")[n % 2], username=f"user-{n}"
        )
        for n in range(1, systems + 1)
    ]


def scopes(systems: int, clients: int, rng: random.Random) -> list[list[int]]:
    """What each caller looks after: one in ten the whole fleet, the others some sites of it."""
    fleet = range(1, systems + 1)
    return [
        list(fleet) if number % 10 == 0 else sorted(rng.sample(fleet, min(systems, rng.randint(1, 30))))
        for number in range(clients)
    ]


def configuration(farm: Farm, folder: str) -> str:
    """A ceiling that is reached, lists that grow old quickly, and a snapshot."""
    limits = table("[fanout]", {"deadline_seconds": DEADLINE_S, "calls_per_minute": PER_MINUTE})
    cache = table("[cache]", {"fresh_seconds": 5, "snapshot": f"{folder}/lists"})
    return farm.config_toml(0) + limits + cache + table("[[token]]", token_table("soak", TOKEN))


async def run(minutes: float, systems: int, clients: int) -> bool:
    """The whole of it."""
    rest_s = KEPT_S + 10 if minutes * 60 > 4 * KEPT_S else 20.0
    with TemporaryDirectory() as folder:
        connector = aiohttp.TCPConnector(limit=0)
        async with Farm(specs(systems)) as farm, aiohttp.ClientSession(connector=connector) as http:
            file = Path(folder) / "gateway.toml"
            file.write_text(configuration(farm, folder))
            plan = Plan.over(minutes * 60)
            truth = Truth(farm)
            serving, trouble, tally = Serving(file, plan, TOKEN, http), Trouble(farm, random.Random(1)), Tally()
            async with asyncio.TaskGroup() as group:  # an hour without a gateway shows nothing: its end ends all
                group.create_task(serving.run())
                await serving.look_at_rest(1.0)
                callers = [
                    Caller(http, lambda: serving.address, TOKEN, scope, DEADLINE_S, tally, truth, random.Random(number))
                    for number, scope in enumerate(scopes(systems, clients, random.Random(2)))
                ]
                await asyncio.gather(
                    trouble.run(plan.end),
                    serving.look_on(),
                    tally.watch_lag(plan.end),
                    *(caller.run(plan.end) for caller in callers),
                )
                await serving.look_at_rest(rest_s)
                serving.over.set()
            kept = 0 if rest_s > KEPT_S else 2 * systems  # as many as calls at once
            lines, well = lines_of(serving, tally, farm, ceiling=PER_MINUTE, kept=kept)
    print("\n".join(lines))
    print(f"{time.strftime('%H:%M:%S')}, {minutes:g} minutes, {systems} systems, {clients} callers")
    return well


async def _ended_by_sigterm(work: Coroutine[None, None, bool]) -> bool:
    """That work; SIGTERM ends it as Ctrl-C does, so that no gateway outlives its soak and spoils the next measuring."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


def main() -> int:
    """Run and print; 143 where SIGTERM ended it."""
    options = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    options.add_argument("--minutes", type=float, default=60.0)
    options.add_argument("--systems", type=int, default=500)
    options.add_argument("--clients", type=int, default=200)
    given = options.parse_args()
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # faults of appliances are the point, not news
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        return 0 if asyncio.run(_ended_by_sigterm(run(given.minutes, given.systems, given.clients))) else 1
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM


if __name__ == "__main__":
    sys.exit(main())
