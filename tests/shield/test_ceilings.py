"""However many ask, an appliance sees no more calls than its ceiling, and every caller reads why."""

import asyncio
import contextlib
import io
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

from gateway.cli.serve import listening
from gateway.config.tables import Log
from gateway.simulator import Appliance, ApplianceSpec, Farm, Fault
from gateway.simulator.traffic import RecordedRequest
from gateway.telemetry.observe import configure_logs
from tests.shield.support import TOKEN, Real, config_of, rig

CLIENTS = 300
CALLS_PER_MINUTE = 12
CONCURRENCY = 2


@contextlib.asynccontextmanager
async def served(farm: Farm, fresh: float = 1, **fanout: object) -> AsyncIterator[aiohttp.ClientSession]:
    """A gateway that listens over a farm, and a client with a token and as many connections as it likes."""
    configure_logs(Log(level="error"), io.StringIO())
    config = config_of(
        farm, {"fresh_seconds": fresh, "revalidate_seconds": 2 * fresh}, fanout, {"trusted_proxies": ["10.0.0.0/8"]}
    )
    try:
        async with listening(config, Path.cwd()) as address:
            connector = aiohttp.TCPConnector(limit=0)
            headers = {"AuthToken": TOKEN}
            async with aiohttp.ClientSession(address, connector=connector, headers=headers) as client:
                yield client
    finally:
        structlog.reset_defaults()


def list_calls(appliance: Appliance) -> list[RecordedRequest]:
    return [request for request in appliance.requests if request.path.endswith("/backups")]


def most_in_a_minute(appliance: Appliance) -> int:
    times = [request.time for request in list_calls(appliance)]
    return max((sum(1 for other in times if begin <= other < begin + 60) for begin in times), default=0)


def fleet(count: int, **keys: Any) -> list[ApplianceSpec]:
    return [ApplianceSpec(name=f"site-{n}", seed=n, rows=12, **keys) for n in range(1, count + 1)]


FILTERS: Sequence[dict[str, Any]] = (
    {},
    *({"client_id": n} for n in range(1, 5)),
    *({"instance_id": n} for n in range(1, 4)),
    *({"status": status} for status in ("Failure", "Warning")),
    *({"start_hours": n} for n in (1, 24, 72)),
    *({"type": word} for word in ("Full", "Incremental")),
    *({"backup_ids": list(range(n, n + 50))} for n in (1000, 2000)),
    {"finish_interval_start": 1_700_000_001},
    {"end_hours": 24},
    {"start_time": 1_700_000_003, "max_age": 1},
)


async def test_300_dashboards_with_20_questions_stay_below_every_ceiling() -> None:
    assert len(FILTERS) == 20
    statuses: Counter[int] = Counter()
    kinds: Counter[str] = Counter()
    async with Farm(fleet(8, base_ms=300)) as farm:
        limits = {"calls_per_minute": CALLS_PER_MINUTE, "concurrency": CONCURRENCY, "deadline_seconds": 3.0}
        async with served(farm, **limits) as client:
            end = time.monotonic() + 8

            async def dashboard(number: int) -> None:
                await asyncio.sleep(number / CLIENTS)
                while time.monotonic() < end:
                    async with client.post("/api/backups", json=FILTERS[number % len(FILTERS)]) as answer:
                        told = await answer.json()
                    statuses[answer.status] += 1
                    assert [system["system_id"] for system in told["systems"]] == list(range(1, 9))
                    for system in told["systems"]:
                        kinds[system["state"] if system["error"] is None else system["error"]["kind"]] += 1
                    await asyncio.sleep(1)

            await asyncio.gather(*(dashboard(number) for number in range(CLIENTS)))
        print(dict(statuses), dict(kinds), [appliance.counters.list_calls for appliance in farm])
        assert set(statuses) <= {200, 502, 503, 504}
        assert set(kinds) <= {"ok", "overloaded", "timeout"}  # a call that is under way at the deadline: timeout
        assert kinds["ok"] > kinds["timeout"]
        for appliance in farm:
            assert 1 <= most_in_a_minute(appliance) <= CALLS_PER_MINUTE
            assert appliance.counters.max_in_flight <= CONCURRENCY
            assert appliance.counters.logins == 1


async def test_1000_equal_cold_questions_are_one_call_and_one_login_each() -> None:
    async with Farm(fleet(3, base_ms=200)) as farm, served(farm, fresh=60) as client:

        async def ask() -> tuple[int, bool]:
            async with client.post("/api/backups", json={"start_hours": 100_000}) as answer:
                return answer.status, (await answer.json())["complete"]

        answers = await asyncio.gather(*(ask() for _ in range(1000)))
        assert set(answers) == {(200, True)}
        for appliance in farm:
            assert (appliance.counters.list_calls, appliance.counters.logins) == (1, 1)


async def test_at_the_ceiling_a_held_list_answers_and_says_when_more_may_be_asked() -> None:
    async with rig(ApplianceSpec(rows=30), hands=Real(), fanout={"calls_per_minute": 1}) as shield:
        first = await shield.ask()
        begun = time.monotonic()
        again = await shield.ask(max_age=0)
        assert time.monotonic() - begun < 0.2
        assert again.error is not None
        assert (again.state, again.error.kind) == ("stale", "overloaded")
        assert again.error.retry_at is not None
        assert 55 < again.error.retry_at - time.time() <= 63
        assert again.backups.rows() == first.backups.rows()


async def test_at_the_ceiling_without_a_list_a_caller_waits_and_reads_overloaded() -> None:
    async with rig(ApplianceSpec(rows=30), hands=Real(), fanout={"calls_per_minute": 1}) as shield:
        await shield.ask({"client_id": 1})
        begun = time.monotonic()
        answer = await shield.ask({"client_id": 2}, deadline=0.3)
        assert 0.25 < time.monotonic() - begun < 0.8
        assert answer.error is not None
        assert (answer.state, answer.error.kind) == ("missing", "overloaded")
        await shield.settle()  # the call is given up: nobody waits for it any more
        assert shield.appliance.counters.list_calls == 1


async def test_a_burst_gets_the_turns_that_are_left_and_the_others_do_not_wait() -> None:
    cache = {"fresh_seconds": 0.05, "revalidate_seconds": 0.1}
    async with rig(
        ApplianceSpec(rows=60, base_ms=30), hands=Real(), cache=cache, fanout={"calls_per_minute": 12}
    ) as shield:
        ids = {record.id for record in shield.appliance.records if record.id is not None}
        questions = [{"backup_ids": [number]} for number in sorted(ids)[:8]]
        await asyncio.gather(*(shield.ask(question) for question in questions))
        await asyncio.sleep(0.15)  # now each list is a stand-in
        begun = time.monotonic()
        answers = await asyncio.gather(*(shield.ask(question, deadline=5) for question in questions))
        assert time.monotonic() - begun < 2
        told = Counter(answer.state if answer.error is None else answer.error.kind for answer in answers)
        assert told == {"ok": 4, "overloaded": 4}
        assert shield.appliance.counters.list_calls == 12


@pytest.mark.parametrize("held", [False, True], ids=["a whole list", "a tail"])
async def test_a_queued_call_whose_last_caller_left_is_never_made(held: bool) -> None:
    async with rig(ApplianceSpec(weeks=2), hands=Real(), fanout={"concurrency": 1}) as shield:
        question = {"start_time": 1000}
        if held:
            await shield.ask(question)
        await shield.appliance.inject(Fault("hung", count=1))
        first = asyncio.create_task(shield.ask({"backup_ids": [1], "max_age": 0}, max_age=0))
        while shield.appliance.counters.in_flight < 1:  # noqa: ASYNC110 - the simulator tells by its counters alone
            await asyncio.sleep(0.001)
        calls = shield.appliance.counters.list_calls
        answers = await asyncio.gather(*(shield.ask(question, max_age=0.001, deadline=0.2) for _ in range(5)))
        assert {answer.error.kind for answer in answers if answer.error} == {"overloaded"}
        assert {answer.state for answer in answers} == {"stale" if held else "missing"}
        await shield.appliance.recover()
        await first
        await shield.settle()
        # The hung one was asked again, as a broken connection may be; nothing else.
        assert shield.appliance.counters.list_calls <= calls + 1
        assert shield.system().source.refresh.last_error is None
