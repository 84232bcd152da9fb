"""A day of fifty dashboards, in turned time: what the appliances are asked, by this gateway and by plainer ones.

    python -m tests.bench.day [systems]

No sockets and no waiting: the gateway's own held lists, plans, tails and widening over simulated records. Each system
is asked by all dashboards alike and on its own, so the ratios of a sample (one system unless told otherwise; the odd
ones are of the documented dialect, whose tails are dearer) are those of two hundred. Compared with a plain cache that
keeps each answer for `fresh_seconds`, keyed by the question, and with no cache at all. Figures are upstream calls and
listed rows: counts, the same on every machine.
"""

import asyncio
import heapq
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import json

from gateway.config.checked import Limits
from gateway.config.tables import Cache, Fanout
from gateway.dates import ApplianceZone, format_day
from gateway.dialects.rows import Stamper
from gateway.dialects.wire import encode_asked, split_rows
from gateway.filter import Asked, BackupFilter, Question
from gateway.lists.plan import Need
from gateway.lists.store import MemoryStore
from gateway.lists.widen import Widener
from gateway.model import Fetched, SystemId
from gateway.question.query import parse_body
from gateway.simulator.dialects import Rendering
from gateway.simulator.facts import Record
from gateway.simulator.records import generate
from gateway.simulator.store import RecordStore
from gateway.simulator.zones import local_day
from gateway.sources.cached import Cached
from gateway.sources.in_turn import InTurn
from gateway.sources.refresh import Refresh
from gateway.sources.source import Call

ZONE: Final = "America/New_York"
DAY_S: Final = 86_400
BEGIN: Final = 1_762_920_000.0
"""23:00 on 11 November 2025 in New York: the night comes first."""
DASHBOARDS: Final = 50
ASSETS: Final = 30
WEEKS: Final = 4
COUNTED_EVERY_S: Final = 300
REPLICATED_AFTER_S: Final = 5 * 3600
PERIOD_S: Final = 63.0


class Clock:
    """Seconds since the day began, turned by the simulation."""

    elapsed = 0.0

    def monotonic(self) -> float:
        return 1e6 + self.elapsed

    def wall(self) -> float:
        return BEGIN + self.elapsed


class Site:
    """One appliance whose backups begin, end and are replicated as the day goes by."""

    def __init__(self, number: int, clock: Clock) -> None:
        self._clock = clock
        zone = ZoneInfo(ZONE)
        final = generate(number, zone, int(BEGIN) + DAY_S, WEEKS, ASSETS, name=f"site-{number}")
        dialect: Any = ("10.x", "wiki-2015")[number % 2]
        self.records = RecordStore((), Rendering(dialect, zone), "newest")
        known = self.records.add(*(_as_of(record, BEGIN) for record in final if record.start <= BEGIN))
        self._events: list[tuple[float, int, Record, Record | None]] = []
        for later, now in zip((r for r in final if r.start <= BEGIN), known, strict=True):
            self._plan(later, now)
        for record in final:
            if record.start > BEGIN:
                heapq.heappush(self._events, (record.start, record.row, record, None))
        self._counts: dict[tuple[Asked, int], int] = {}

    def _plan(self, final: Record, kept: Record) -> None:
        """The next time at which a row changes: it ends, or its replication does."""
        now = BEGIN + self._clock.elapsed
        if final.end is None:
            return
        for when in (final.end, final.end + REPLICATED_AFTER_S):
            if when > now:
                heapq.heappush(self._events, (when, final.row, final, kept))
                return

    def catch_up(self) -> None:
        """Let happen what is due."""
        now = self._clock.wall()
        while self._events and self._events[0][0] <= now:
            _, _, final, kept = heapq.heappop(self._events)
            if kept is None:
                (kept,) = self.records.add(_as_of(final, now))
            else:
                kept = replace(_as_of(final, now), row=kept.row)
                self.records.change(kept)
            self._plan(final, kept)

    def count(self, asked: Asked) -> int:
        """How many rows the appliance lists for a question; counted once in five minutes, which is near enough."""
        key = (asked, int(self._clock.elapsed // COUNTED_EVERY_S))
        if key not in self._counts:
            self._counts[key] = len(self.select(asked))
        return self._counts[key]

    def select(self, asked: Asked) -> list[Record]:
        return self.records.select(json.decode(encode_asked(asked, None)), self._clock.wall())


def _as_of(record: Record, now: float) -> Record:
    if record.end is None or record.end > now:
        return replace(record, end=None, status=None, replication="Not Applicable")
    waits = record.end + REPLICATED_AFTER_S > now and record.replication != "Not Applicable"
    return replace(record, replication="Needed") if waits else record


class Appliance:
    """A BackupSource without a network; counts what it is asked."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self._site = site
        self._clock = clock
        self._zone = ApplianceZone(ZONE)
        self.calls = self.rows = 0
        self._turns: deque[float] = deque(maxlen=Fanout().calls_per_minute)

    async def fetch(self, call: Call) -> Fetched:
        call.started = True
        rows = self._site.select(call.asked)
        self.calls += 1
        self.rows += len(rows)
        self._turns.append(self._clock.elapsed)
        stamper = Stamper(1, "site", self._zone)
        for _ in stamper.run(split_rows(self._site.records.answer(rows, sync_message=False))):
            pass
        now = self._clock.monotonic()
        return Fetched(stamper.build.done(), now, now, self._clock.wall(), 0, 0.0)

    def free_in(self, ahead: int) -> float:
        """The ceiling, as gateway.sources.gate keeps it."""
        recent = [turn for turn in self._turns if self._clock.elapsed - turn < PERIOD_S]
        over = len(recent) + ahead - (self._turns.maxlen or 0)
        return 0.0 if over < 0 else recent[over] + PERIOD_S - self._clock.elapsed


def limits() -> Limits:
    """The defaults of the configuration."""
    values = Cache().model_dump() | Fanout().model_dump()
    return Limits(**{key: values[key] for key in Limits.__dataclass_fields__})


class Gateway:
    """This gateway's shield for one site."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self.appliance = Appliance(site, clock)
        clocks: dict[str, Any] = {"monotonic": clock.monotonic, "wall": clock.wall}
        cache, store = Cache(), MemoryStore(Cache().memory_bytes)
        in_turn = InTurn()
        refresh = Refresh(
            self.appliance, store, SystemId(1), cache.sweep_seconds, reads=in_turn, monotonic=clock.monotonic
        )
        self.source = Cached(
            refresh,
            store,
            SystemId(1),
            "site",
            limits(),
            ceiling=lambda: self.appliance.free_in(self.source.calls.queued),
            widener=Widener(cache.widen_rows),
            hook=lambda *_: None,
            delay=lambda longest_s: longest_s,
            spread_s=0.0,  # time is turned from poll to poll
            in_turn=in_turn,
            **clocks,
        )

    async def ask(self, question: Question) -> None:
        deadline = asyncio.get_running_loop().time() + 60
        answer = await self.source.answer(question, Need(deadline))
        while self.source._soon or self.source.calls:  # noqa: ASYNC110 - time stands still meanwhile
            await asyncio.sleep(0)
        if answer.state == "missing":
            raise RuntimeError(f"no answer: {answer.error}")


@dataclass
class Plain:
    """A cache of whole answers for `fresh_s`, keyed by the question; 0 is no cache."""

    site: Site
    clock: Clock
    fresh_s: float

    def __post_init__(self) -> None:
        self.calls = self.rows = 0
        self._until: dict[Question, float] = {}

    def ask(self, question: Question) -> None:
        if self._until.get(question, -1.0) > self.clock.elapsed:
            return
        self.calls += 1
        self.rows += self.site.count(question.asked)
        self._until[question] = self.clock.elapsed + self.fresh_s


def dashboards(rng: Random, clients: Sequence[int], *, whole: bool) -> Iterator[Mapping[str, Any]]:
    """What fifty dashboards show: mostly the last day, as a whole, by status, by type, by client, by calendar day.

    `whole`: three of them show the whole list, and five the last week; without them nobody asks for more than a day.
    """
    day = {"start_hours": 24}
    mix: list[Mapping[str, Any]] = [day] * 16
    mix += [day | {"status": status} for status in ("Failure", "Failure", "Failure", "Warning", "Success", "None")]
    mix += [day | {"type": word} for word in ("Full", "Incremental", "SQL Transaction", "SQL Full")]
    mix += [day | {"client_id": client} for client in rng.sample(list(clients), 6)]
    mix += [{"start_day": "today"}] * 4 + [{"start_hours": 12}] * 3 + [{"end_hours": 24}] * 3
    wide: list[Mapping[str, Any]] = [{}, {}, {"status": "Failure"}]
    wide += [{"start_hours": 168}] * 3 + [{"start_hours": 168, "status": "Failure"}] * 2
    mix += wide if whole else [day] * len(wide)
    assert len(mix) == DASHBOARDS
    return iter(mix)


def question_of(body: Mapping[str, Any], zone: ApplianceZone, wall: float) -> Question:
    today = format_day(local_day(wall, ZoneInfo(ZONE)))
    said = {key: today if value == "today" else value for key, value in body.items()}
    wanted: BackupFilter = parse_body(json.encode(said)).filter
    return wanted.at(zone)


async def day(systems: int, *, whole: bool) -> tuple[list[tuple[str, int, int]], int]:
    """Calls and rows of a day: (who, calls, rows) for each way to answer, and how many questions there were."""
    clock, rng, zone = Clock(), Random(11), ApplianceZone(ZONE)
    sites = [Site(number, clock) for number in range(1, systems + 1)]
    ours = [Gateway(site, clock) for site in sites]
    plain = [Plain(site, clock, Cache().fresh_seconds) for site in sites]
    naked = [Plain(site, clock, 0.0) for site in sites]
    clients = sorted({record.client_id for record in sites[0].records})
    polls = [
        (rng.uniform(0, 60), n, rng.uniform(30, 60), body)
        for n, body in enumerate(dashboards(rng, clients, whole=whole))
    ]
    heapq.heapify(polls)
    asked = 0
    while polls[0][0] < DAY_S:
        when, number, every, body = heapq.heappop(polls)
        heapq.heappush(polls, (when + every, number, every, body))
        clock.elapsed = when
        question = question_of(body, zone, clock.wall())
        for site, gateway, cache, none in zip(sites, ours, plain, naked, strict=True):
            site.catch_up()
            await gateway.ask(question)
            cache.ask(question)
            none.ask(question)
            asked += 1
    sums = [
        ("this gateway", sum(g.appliance.calls for g in ours), sum(g.appliance.rows for g in ours)),
        ("plain cache", sum(p.calls for p in plain), sum(p.rows for p in plain)),
        ("no cache", sum(p.calls for p in naked), sum(p.rows for p in naked)),
    ]
    return sums, asked


def report(title: str, sums: list[tuple[str, int, int]], asked: int, systems: int, took_s: float) -> None:
    (_, calls, rows), *others = sums
    print(f"\n{title}: {systems} systems, {DASHBOARDS} dashboards, {asked} questions to a system ({took_s:.0f} s)")
    for who, their_calls, their_rows in sums:
        print(f"  {who:<14}{their_calls:>10} calls {their_rows:>12} rows")
    for who, their_calls, their_rows in others:
        print(
            f"  to {who}: {100 * calls / their_calls:.1f} % of its calls, {100 * rows / their_rows:.1f} % of its rows"
        )


def main() -> None:
    systems = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    for title, whole in (("with some dashboards of the whole list", True), ("nobody asks for more than a day", False)):
        begun = time.monotonic()
        sums, asked = asyncio.run(day(systems, whole=whole))
        report(title, sums, asked, systems, time.monotonic() - begun)


if __name__ == "__main__":
    main()
