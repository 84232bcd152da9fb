"""Rows that are no objects: what they are worth is judged by the whole list, and said for as long as it is held."""

from collections.abc import Iterable

import pytest

from gateway.model import SystemId
from gateway.simulator import Appliance, ApplianceSpec, Fault
from tests.shield.material import thirty_days
from tests.shield.support import DAY_S, Rig, rig

_DUE_S = 61
_SITE = ApplianceSpec(records=thirty_days()[::40], dialect="wiki-2015")
"""500 rows, a dozen of them of the last day."""


def with_odd_rows(appliance: Appliance, odd: int) -> None:
    """So many nulls stand before the rows of every list that is not empty from now on."""
    plain = appliance.records.answer

    def answer(records: Iterable[object], *, sync_message: bool) -> bytes:
        text = plain(listed := list(records), sync_message=sync_message)  # type: ignore[arg-type]
        return text.replace(b'{"backups":[', b'{"backups":[' + b"null," * odd, 1) if listed else text

    appliance.records.answer = answer  # type: ignore[method-assign]


def failures(shield: Rig) -> list[str]:
    return [event.error for event in shield.events if event.error]


async def renewed(shield: Rig, times: int = 8) -> set[tuple[str, tuple[str, ...]]]:
    """The states and warnings of so many renewals."""
    told = set()
    for _ in range(times):
        shield.hands.turn(_DUE_S)
        answer = await shield.ask(max_age=1)
        assert answer.age_s == 0 or answer.state == "stale"
        told.add((answer.state, answer.warnings))
    return told


@pytest.mark.parametrize("since", ["the first list", "the first renewal"])
async def test_one_odd_row_among_the_recent_ones_leaves_a_healthy_appliance_healthy(since: str) -> None:
    async with rig(_SITE) as shield:
        if since == "the first list":
            with_odd_rows(shield.appliance, 1)
        rows = len((await shield.ask()).backups)
        with_odd_rows(shield.appliance, int(since == "the first renewal"))
        assert await renewed(shield) == {("ok", ("dropped_rows",))}
        assert len((await shield.ask()).backups) == rows == 500
        breaker = shield.system().guard.breaker
        assert (breaker.failures, [good for _, good in breaker.recent if not good]) == (0, [])
        assert failures(shield) == ["bad_reply"], "one part of a tail was, by itself"
        assert shield.appliance.counters.list_calls == 1 + 1 + 8, "then no tail is tried that would come to nothing"


async def test_a_day_later_tails_are_tried_again() -> None:
    async with rig(_SITE) as shield:
        await shield.ask()
        with_odd_rows(shield.appliance, 1)
        await renewed(shield, 2)
        shield.hands.turn(DAY_S - 300)
        await renewed(shield, 1)
        assert len(failures(shield)) == 1
        shield.hands.turn(300)
        await renewed(shield, 1)
        assert len(failures(shield)) == 2


async def test_when_its_odd_rows_are_gone_a_list_is_renewed_by_its_tail() -> None:
    async with rig(_SITE) as shield:
        plain = shield.appliance.records.answer
        await shield.ask()
        with_odd_rows(shield.appliance, 1)
        await renewed(shield, 2)
        shield.appliance.records.answer = plain  # type: ignore[method-assign]
        assert await renewed(shield, 1) == {("ok", ())}
        listed = shield.appliance.counters.rows_listed
        await renewed(shield, 1)
        assert shield.appliance.counters.rows_listed - listed < 100


async def test_more_than_one_of_a_hundred_in_the_whole_list_is_a_bad_reply() -> None:
    async with rig(_SITE) as shield:
        await shield.ask()
        with_odd_rows(shield.appliance, 6)
        shield.hands.turn(_DUE_S)
        answer = await shield.ask(max_age=1)
        assert answer.error is not None
        assert (answer.state, answer.error.kind) == ("stale", "bad_reply")
        assert shield.system().guard.breaker.failures == 1, "the whole list"


async def test_a_probe_that_meets_an_odd_row_does_not_leave_the_breaker_open() -> None:
    async with rig(_SITE) as shield:
        await shield.ask()
        await shield.appliance.inject("error")
        for _ in range(5):
            shield.hands.turn(_DUE_S)
            await shield.ask(max_age=1)
        assert shield.system().guard.breaker.state(shield.hands.monotonic()) == "open"
        await shield.appliance.recover()
        with_odd_rows(shield.appliance, 1)
        assert await renewed(shield, 1) == {("ok", ("dropped_rows",))}


async def test_another_bad_reply_to_a_part_is_one_to_the_list() -> None:
    async with rig(_SITE) as shield:
        await shield.ask()
        await shield.appliance.inject("broken_json")
        shield.hands.turn(_DUE_S)
        assert (await shield.ask(max_age=1)).state == "stale"
        assert shield.appliance.counters.list_calls == 2


async def test_what_was_dropped_among_rows_that_are_kept_is_said_until_the_whole_list_says_otherwise() -> None:
    async with rig(_SITE, cache={"sweep_seconds": 1000}) as shield:
        whole = shield.appliance.records.answer(list(shield.appliance.records), sync_message=False).decode()
        odd = whole.removesuffix("]}") + ",null]}"  # behind the oldest row of all
        await shield.appliance.inject(Fault("body", text=odd, status=201, count=1))
        assert (await shield.ask()).warnings == ("dropped_rows",)
        assert await renewed(shield) == {("ok", ("dropped_rows",))}
        assert (await shield.ask()).warnings == ("dropped_rows",)
        assert shield.gateway.ledger.of(SystemId(1)).answers["tail"] == 8
        shield.hands.turn(1000)
        assert await renewed(shield, 1) == {("ok", ())}
