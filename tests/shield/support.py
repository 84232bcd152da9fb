"""What the tests of the shield share: clocks turned by hand, a gateway over simulated appliances, and the truth."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.config.checked import Config
from gateway.config.file import parse
from gateway.dates import ApplianceZone
from gateway.dialects.rows import Stamper
from gateway.dialects.wire import split_rows
from gateway.lists.plan import Need
from gateway.model import SystemAnswer, SystemId
from gateway.onion import Stacked
from gateway.question.query import parse_body
from gateway.simulator import Appliance, ApplianceSpec, Farm, Record
from gateway.simulator.core_types import canonical
from gateway.simulator.filters import predicate
from gateway.sources.source import CallEvent
from gateway.stack import Gateway
from tests.kit.accounts import token_table
from tests.kit.toml import table

NOW = 1_762_900_000.0
"""2025-11-11: some days after the clocks of North America were put back."""
DAY_S = 86_400
HOUR_S = 3600
TOKEN = "token-of-the-shield-tests"
STATUS_WORDS = {None: "None", 0: "Success", 1: "Warning", 2: "Failure"}


class Hands:
    """The hands of all clocks of a test. Nothing moves them but `turn`."""

    def __init__(self, wall: float = NOW) -> None:
        self._wall = wall
        self.elapsed = 0.0

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed

    def wall(self) -> float:
        return self._wall + self.elapsed

    def skewed(self, seconds: float) -> Callable[[], float]:
        """An appliance's clock that is ahead by so much."""
        return lambda: self.wall() + seconds

    def turn(self, seconds: float) -> None:
        self.elapsed += seconds


class Real(Hands):
    """The real clocks, for what cannot be turned: the ceiling counts by them."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


class Steady(random.Random):
    """Chance that always draws the lower end."""

    def uniform(self, a: float, b: float) -> float:
        return a


def text_of(
    farm: Farm,
    cache: Mapping[str, object] | None = None,
    fanout: Mapping[str, object] | None = None,
    server: Mapping[str, object] | None = None,
) -> str:
    """A configuration over a running farm. Where time is turned by hand the ceiling, which is not, must be high."""
    text = farm.config_toml(0).replace("[server]\n", table("[server]", server or {}))
    for name, values in {"cache": cache or {}, "fanout": {"calls_per_minute": 100_000, **(fanout or {})}}.items():
        text += "\n" + table(f"[{name}]", values)
    return f"{text}\n{table('[[token]]', token_table('tests', TOKEN, role='admin'))}"


def config_of(farm: Farm, *tables: Mapping[str, object] | None) -> Config:
    """The same, read."""
    return parse(text_of(farm, *tables), "test", Path.cwd())


@dataclass
class Rig:
    """A gateway in this process over real sockets, and everything that a test turns or looks at."""

    farm: Farm
    gateway: Gateway
    hands: Hands
    events: list[CallEvent]

    @property
    def appliance(self) -> Appliance:
        return self.farm[0]

    def system(self, number: int = 1) -> Stacked:
        return self.gateway.systems[SystemId(number)]

    async def ask(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        number: int = 1,
        max_age: float | None = None,
        max_stale: float | None = None,
        deadline: float = 10.0,
    ) -> SystemAnswer:
        """One question to one system, as the web layer asks it."""
        system = self.system(number)
        question = parse_body(json.dumps(body or {}).encode()).filter.at(system.zone)
        need = Need(asyncio.get_running_loop().time() + deadline, max_age, max_stale)
        return await system.source.answer(question, need)

    async def settle(self, number: int = 1) -> None:
        """Until no call and no refresh in the background is left."""
        source = self.system(number).source
        while source._soon or source.calls:  # noqa: ASYNC110 - nothing tells of the end
            await asyncio.sleep(0)

    def truth(self, body: Mapping[str, Any] | None = None, number: int = 1) -> list[bytes]:
        """What the appliance's list for that question is now, as stamped rows."""
        appliance = self.farm[number - 1]
        listed = select(appliance, body or {}, list(appliance.records), appliance.spec.clock())
        return stamped(appliance, listed, number)


@contextlib.asynccontextmanager
async def rig(
    *specs: ApplianceSpec,
    hands: Hands | None = None,
    cache: Mapping[str, object] | None = None,
    fanout: Mapping[str, object] | None = None,
    delay: Callable[[float], float] = lambda longest_s: 0.0,
) -> AsyncIterator[Rig]:
    """Appliances and an open gateway. A spec with the default clock gets the turned one.

    `delay` draws how long, by the real clock, each refresh in the background waits.
    """
    hands = hands or Hands()
    own = [replace(spec, clock=hands.wall) if spec.clock is _REAL_CLOCK else spec for spec in specs]
    events: list[CallEvent] = []
    async with Farm(own) as farm:
        gateway = Gateway(
            config_of(farm, cache, fanout),
            monotonic=hands.monotonic,
            wall=hands.wall,
            hook=events.append,
            jitter=Steady(1),
            delay=delay,
        )
        async with gateway:
            yield Rig(farm, gateway, hands, events)


_REAL_CLOCK = ApplianceSpec().clock


def select(appliance: Appliance, body: Mapping[str, Any], records: Iterable[Record], now: float) -> list[Record]:
    """The records that a question means, each filter alone on the true facts; in the order of `records`."""
    words = {word.casefold() for word in _many(body.get("type"))} | {
        canonical(word) for word in _many(body.get("type"))
    }
    statuses = {word.casefold() for word in _many(body.get("status"))}
    checks = [
        predicate({key: value}, zone=appliance.zone, now=now)
        for key, value in body.items()
        if key not in ("type", "status")
    ]
    return [
        record
        for record in records
        if all(check(record) for check in checks)
        and (not words or record.display_type.casefold() in words or record.core_type in words)
        and (not statuses or STATUS_WORDS[record.status].casefold() in statuses)
    ]


def _many(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def stamped(appliance: Appliance, records: Iterable[Record], number: int = 1) -> list[bytes]:
    """Rows as the gateway shows them, from the appliance's own text."""
    spec = appliance.spec
    stamper = Stamper(number, spec.name, ApplianceZone(spec.timezone))
    for _ in stamper.run(split_rows(appliance.records.answer(list(records), sync_message=False))):
        pass
    return stamper.build.done().rows()
