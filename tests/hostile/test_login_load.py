"""Logins as a lever on the processor: few hashes at once, a short line, and those who only read go on."""

import asyncio
import statistics
import time

from gateway.callers.hashing import hash_password
from tests.hostile.live import Live, running
from tests.kit.accounts import PASSWORD, user_table


async def _read(live: Live) -> tuple[int, float]:
    begun = time.perf_counter()
    async with live.http.get(f"{live.url}/api/backups", headers=live.headers) as answer:
        await answer.read()
        return answer.status, time.perf_counter() - begun


async def _reads(live: Live, count: int) -> list[tuple[int, float]]:
    return [await _read(live) for _ in range(count)]


def _p99(reads: list[tuple[int, float]]) -> float:
    return statistics.quantiles([took for _, took in reads], n=100)[98]


async def test_a_flood_of_logins_is_turned_away_and_cached_reads_all_succeed() -> None:
    stored = hash_password(PASSWORD)
    users = [{**user_table(f"user-{number}"), "password_hash": stored} for number in range(60)]
    async with running(users=users) as live:
        await _reads(live, 20)  # warm
        alone = await _reads(live, 200)
        logins = [asyncio.create_task(live.login(f"user-{number}", "wrong")) for number in range(60)]
        beside = await _reads(live, 200)
        flooded = sum(not login.done() for login in logins)
        answers = await asyncio.gather(*logins)
        after = await _reads(live, 50)
    statuses = [status for status, _ in answers]
    print(
        f"p99 of cached reads: {_p99(alone) * 1000:.1f} ms alone, {_p99(beside) * 1000:.1f} ms beside a login flood,"
        f" ratio {_p99(beside) / _p99(alone):.1f}; {flooded} of 60 logins were still open at their end"
    )
    assert {status for status, _ in (*alone, *beside, *after)} == {200}
    assert statuses.count(401) <= 20, "twenty failures a minute from one address"
    assert statuses.count(503) >= 60 - 33 - 20, "who finds a full line is told at once"
    assert set(statuses) == {401, 429, 503}
    assert all("result" in body for _, body in answers)


async def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    users = [{**user_table(f"user-{number}"), "password_hash": hash_password(PASSWORD)} for number in range(4)]
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    async with running(users=users) as live:
        for number in range(7):
            for kind, name in (("known", f"user-{number % 4}"), ("unknown", f"nobody-{number}")):
                begun = time.perf_counter()
                status, _ = await live.login(name, "wrong")
                took[kind].append(time.perf_counter() - begun)
                assert status == 401
    known, unknown = (statistics.median(took[kind]) * 1000 for kind in ("known", "unknown"))
    print(f"median of a refused login: {known:.1f} ms for a known name, {unknown:.1f} ms for an unknown one")
