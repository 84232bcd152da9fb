"""Callers of every kind, and what each checks of every answer: false statements are what a soak looks for."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import msgspec

from tests.soak.truth import Given, Memory, Truth

PATIENCE_S: Final = 40.0
LATE_S: Final = 1.5


@dataclass
class Tally:
    """What all callers saw: answers by kind and status, and every statement that was not true."""

    answers: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    ages_checked: int = 0
    late: int = 0
    """Answers that came well after their deadline: on a machine that is busy with the whole soak some may."""
    slowest_s: float = 0.0
    untrue: list[str] = field(default_factory=list)
    own_lag_s: float = 0.0
    longest_own_lag_s: float = 0.0
    """How late this process itself is at times: callers and appliances share one loop."""

    async def watch_lag(self, end: float) -> None:
        while time.monotonic() < end:
            before = time.monotonic()
            await asyncio.sleep(0.1)
            self.own_lag_s = max(time.monotonic() - before - 0.1, self.own_lag_s * 0.99)
            self.longest_own_lag_s = max(self.longest_own_lag_s, self.own_lag_s)

    def check(self, holds: bool, what: str) -> None:
        if not holds:
            self.untrue.append(what)


class _Row(msgspec.Struct):
    system_id: int


class _Answer(msgspec.Struct):
    """What is looked at of an answer: decoding all of it would be most of the load."""

    systems: list[dict[str, Any]]
    complete: bool
    total: int
    backups: list[_Row] = []
    next_cursor: str | None = None


_decode = msgspec.json.Decoder(_Answer).decode


@dataclass
class Caller:
    """One caller that asks on and on, always for the same systems: a dashboard of the whole fleet, or of some sites.

    `url` is asked for each question: the gateway may have come back elsewhere.
    """

    http: aiohttp.ClientSession
    url: Callable[[], str]
    token: str
    systems: list[int]
    deadline_s: float
    tally: Tally
    truth: Truth
    rng: random.Random
    memory: Memory = field(default_factory=Memory)
    _given: Given = field(default_factory=lambda: Given(0.0, 0.0))

    async def run(self, end: float) -> None:
        kinds = [self._post, self._get, self._lines, self._table, self._summary, self._walk]
        while time.monotonic() < end:
            kind = self.rng.choice(kinds)
            try:
                await kind()
            except (aiohttp.ClientError, ConnectionError) as error:
                self.tally.answers[f"{kind.__name__[1:]} {type(error).__name__}"] += 1  # between two processes
            except TimeoutError:
                self.tally.untrue.append(f"{kind.__name__[1:]} had no end after {PATIENCE_S:g} s")
            await asyncio.sleep(self.rng.uniform(0.5, 6.0))

    async def _asked(self, method: str, path: str, kind: str, **more: Any) -> tuple[int, bytes, Any]:
        begun, begun_at, lag_s = time.monotonic(), time.time(), self.tally.own_lag_s
        headers = {"AuthToken": self.token} | more.pop("headers", {})
        async with asyncio.timeout(PATIENCE_S):
            async with self.http.request(method, self.url() + path, headers=headers, **more) as answer:
                body = await answer.read()
        took = time.monotonic() - begun
        self._given = Given(begun_at, time.time())
        self.tally.answers[f"{kind} {answer.status}"] += 1
        self.tally.check(answer.status < 500 or answer.status in (502, 503, 504), f"{kind}: a {answer.status}")
        late_s = took - self.deadline_s - 4 * max(lag_s, self.tally.own_lag_s)
        self.tally.late += late_s > LATE_S
        self.tally.slowest_s = max(self.tally.slowest_s, took)
        return answer.status, body, answer.headers

    @property
    def _listed(self) -> str:
        return ",".join(map(str, self.systems))

    async def _post(self) -> None:
        hours = self.rng.choice([6, 24, 48])
        asked = {"start_hours": hours, "system_id": self.systems}
        status, body, _ = await self._asked("POST", "/api/backups", "post", json=asked)
        if status != 503 or b'"systems"' in body:
            self._read(body, f"post {hours}")

    async def _get(self) -> None:
        path = f"/api/backups?start_hours=24&status=Failure&system_id={self._listed}"
        status, body, headers = await self._asked("GET", path, "get")
        if status == 200:
            self._read(body, "get")
            await self._asked("GET", path, "again", headers={"If-None-Match": headers["ETag"]})

    async def _lines(self) -> None:
        path = f"/api/backups?start_hours=24&format=ndjson&system_id={self._listed}"
        status, body, _ = await self._asked("GET", path, "ndjson")
        if status == 200:
            *lines, last = body.splitlines()
            told = msgspec.json.decode(last)
            rows = sum(line.startswith(b'{"system_id"') for line in lines)
            self.tally.check("complete" in told and told["total"] == rows, "ndjson: cut, or its total is not so")
            self._named(_Answer(told["systems"], told["complete"], told["total"]))

    async def _table(self) -> None:
        await self._asked("GET", f"/api/backups?start_hours=24&format=csv&system_id={self._listed}", "csv")

    async def _summary(self) -> None:
        status, body, _ = await self._asked("GET", f"/gateway/summary?limit=5&system_id={self._listed}", "summary")
        if status == 200:
            told = msgspec.json.decode(body)
            self.tally.check(told["systems"]["total"] == len(self.systems), "summary: systems are missing")
            self.tally.check(told["complete"] == (not told["not_answering"]), "summary: complete is not so")

    async def _walk(self) -> None:
        """A walk by cursor: every row once."""
        asked: dict[str, Any] = {"start_hours": 24, "page_size": 2000, "fields": ["id"], "system_id": self.systems}
        seen = 0
        while True:
            status, body, _ = await self._asked("POST", "/api/backups", "walk", json=asked)
            if status != 200:
                return
            page = _decode(body)
            seen += len(page.backups)
            if page.next_cursor is None:
                self.tally.check(seen == page.total, "walk: not every row once")
                return
            asked = {"cursor": page.next_cursor}

    def _read(self, body: bytes, question: str) -> None:
        try:
            told = _decode(body)
        except msgspec.MsgspecError:
            self.tally.untrue.append(f"no answer: {body[:200]!r}")
            return
        self._named(told)
        rows = Counter(row.system_id for row in told.backups)
        for system in told.systems:
            self.tally.check(rows[system["system_id"]] == system["rows"], "a system's rows are not as many as it says")
            if system["age_seconds"] is not None:
                self._aged(system, question)

    def _aged(self, system: dict[str, Any], question: str) -> None:
        """An age is that of a list which the appliance really gave, and no good list is older than one before it.

        A stand-in may be: what stood behind a younger answer cannot always tell what is asked now.
        """
        number, age_s, late_s = system["system_id"], system["age_seconds"], 4 * self.tally.own_lag_s
        self.tally.ages_checked += 1
        fault = self.truth.fault(number, self._given, age_s, late_s)
        self.tally.check(not fault, fault)
        back = self.memory.goes_back(question, number, self._given, age_s)
        self.tally.check(not back or system["state"] != "ok", "an older list after a younger one")

    def _named(self, told: _Answer) -> None:
        self.tally.states.update(system["state"] for system in told.systems)
        self.tally.reasons.update(system["error"]["kind"] for system in told.systems if system["error"] is not None)
        self.tally.check([one["system_id"] for one in told.systems] == self.systems, "a system is not named")
        self.tally.check(told.complete == all(one["state"] == "ok" for one in told.systems), "complete is not so")
        for one in told.systems:
            self.tally.check(one["state"] == "ok" or one["error"] is not None, f"{one['state']} without a reason")
