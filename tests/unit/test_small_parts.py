"""Small parts of a running gateway: the watch over its loop, memory given back, lines of ready answers, retries."""

import asyncio
import io
import json
import time

import pytest
import structlog

from gateway.config.tables import Log
from gateway.loop import allocator
from gateway.loop.lag import LagWatch
from gateway.sources.guarded import RetryBudget
from gateway.telemetry.observe import configure_logs
from gateway.telemetry.request_log import RequestLines


async def test_whatever_holds_up_the_loop_shows_as_lag() -> None:
    watch = LagWatch()
    watch.start()
    time.sleep(0.6)  # noqa: ASYNC251 - this is what it watches for
    async with asyncio.timeout(5):
        while not watch.longest_s:  # noqa: ASYNC110 - its timer tells nobody
            await asyncio.sleep(0.01)
    assert watch.longest_s >= 0.3
    watch.stop()


async def test_memory_is_given_back_once_after_much_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed = asyncio.Event()
    calls: list[int] = []

    def counted(pad: int) -> int:
        calls.append(pad)
        trimmed.set()
        return 1

    monkeypatch.setattr(allocator, "_MALLOC_TRIM", counted)
    monkeypatch.setattr(allocator, "_AFTER_S", 0.0)
    trimmer = allocator.Trimmer()
    trimmer.took(1000)
    assert trimmer._soon is None
    for _ in range(3):
        trimmer.took(20_000_000)
    await asyncio.wait_for(trimmed.wait(), 5)
    assert calls == [0]


@pytest.mark.parametrize(
    ("level", "form", "lines"), [("info", "json", 70), ("warning", "json", 0), ("info", "console", 70)]
)
async def test_lines_of_ready_answers_are_those_of_all_others(level: str, form: str, lines: int) -> None:
    out = io.StringIO()
    configure_logs(Log(level=level, format=form), out)  # type: ignore[arg-type]
    try:
        log = RequestLines()
        spelled = log.spelled(
            {"method": "GET", "path": "/api/backups\x1b[31m" + "x" * 999, "status": 200, "token": "t"}
        )
        for number in range(70):
            log.write(spelled, 0.00123, f"id-{number}")
        log.flush()
        structlog.get_logger().info("request", method="GET", path="/", status=200, ms=1.2, request_id="x")
    finally:
        structlog.reset_defaults()
    written = out.getvalue().splitlines()
    assert len(written) == lines + (level == "info")
    assert "\x1b[31mx" not in out.getvalue()
    if form == "json" and lines:
        told = [json.loads(line) for line in written]
        assert [line["request_id"] for line in told[:-1]] == [f"id-{number}" for number in range(70)]
        assert {(line["ms"], line["token"], len(line["path"])) for line in told[:-1]} == {(1.2, "***", 256)}
        assert told[0].keys() - {"token"} == told[-1].keys()
        assert told[0]["timestamp"][:17] == told[-1]["timestamp"][:17]


def test_retries_leave_room_in_their_tenth_for_calls_that_are_made_again_without_a_question() -> None:
    budget = RetryBudget(lambda: 0.0)
    assert [budget.take() for _ in range(4)] == [True, True, True, False], "three in any case"
    for _ in range(1000):
        budget.called()
    retries = 3 + sum(budget.take() for _ in range(1000))
    assert 75 <= retries <= 85
    budget.spend(5)
    assert not budget.take()
    for _ in range(100):
        budget.called()
    assert sum(budget.take() for _ in range(1000)) <= 4, "those count among them"
