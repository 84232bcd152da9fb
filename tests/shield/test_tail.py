"""A tail costs a twentieth of a list and leaves the list as if all of it had been asked for."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from gateway.simulator import ApplianceSpec, Fault
from tests.shield.material import NEW_YORK, is_open, thirty_days
from tests.shield.support import DAY_S, HOUR_S, NOW, Hands, Rig, rig

LARGEST_SHARE = 0.05
PAST_REVALIDATE_S = 700.0


def large(**keys: Any) -> ApplianceSpec:
    return ApplianceSpec(name="large", timezone=NEW_YORK, records=thirty_days(), **keys)


def small(**keys: Any) -> ApplianceSpec:
    """Every fortieth row: enough for what does not depend on the size."""
    return ApplianceSpec(name="small", timezone=NEW_YORK, records=thirty_days()[::40], **keys)


def one_night(shield: Rig) -> None:
    """New rows begin and end, copies come, a third of the open rows settle."""
    records = shield.appliance.records
    now = int(shield.hands.wall())
    first = 1 + max(record.id or 0 for record in records)
    likes = [record for record in records if record.id is not None][:24]
    fresh = [
        replace(like, id=first + n, start=now - 60 * n, end=None if n % 3 else now, sync=None, output=f"new {n}")
        for n, like in enumerate(likes)
    ]
    copies = [
        replace(like, start=now - n, end=None, status=None, output=f"copy {n}") for n, like in enumerate(likes[:8])
    ]
    records.add(*fresh, *copies)
    for record in [record for record in records if is_open(record)][:: max(3, len(records) // 500)]:
        records.change(replace(record, end=record.end or now, replication="Completed", status=record.status or 0))


@pytest.mark.parametrize("order", ["newest", "oldest", "id"])
@pytest.mark.parametrize("dialect", ["wiki-2015", "10.x"])
async def test_a_tail_of_20000_rows_moves_a_twentieth_and_is_the_whole_list(dialect: Any, order: Any) -> None:
    body = {"start_hours": 29 * 24} if order == "oldest" else {}
    async with rig(large(dialect=dialect, order=order)) as shield:
        first = await shield.ask(body)
        whole = shield.appliance.counters.rows_listed
        assert len(first.backups) == whole
        assert whole > 19_000
        shield.hands.turn(PAST_REVALIDATE_S)
        one_night(shield)
        renewed = await shield.ask(body)
        moved = shield.appliance.counters.rows_listed - whole
        assert (renewed.state, renewed.source, renewed.age_s) == ("ok", "appliance", 0)
        assert shield.gateway.ledger.of(renewed.system_id).answers["tail"] == 1
        print(f"{dialect} {order}: a tail moves {moved} of {whole} rows, {100 * moved / whole:.1f} %")
        assert moved <= LARGEST_SHARE * whole
        assert renewed.backups.rows() == shield.truth(body)


async def test_a_repeated_hour_inside_the_tail_is_no_reason_to_be_wrong() -> None:
    """The clocks of New York were put back at 06:00 UTC on 2 November 2025; the appliance hides seconds."""
    change = 1_762_063_200
    now = change + DAY_S + 900  # the tail begins inside the hour that was repeated
    shift = int(NOW) - now
    records = tuple(
        replace(record, start=record.start - shift, end=record.end and record.end - shift)
        for record in thirty_days()[::40]
    )
    edge = [replace(records[0], start=change + 60 * n, id=900_000 + n, output=f"edge {n}") for n in range(-60, 60, 7)]
    spec = ApplianceSpec(
        timezone=NEW_YORK, records=(*records, *(replace(r, row=10_000 + n) for n, r in enumerate(edge)))
    )
    async with rig(spec, hands=Hands(now)) as shield:
        await shield.ask()
        for _ in range(12):
            shield.hands.turn(PAST_REVALIDATE_S)
            one_night(shield)
            answer = await shield.ask()
            assert answer.state == "ok"
            assert answer.backups.rows() == shield.truth()


@pytest.mark.parametrize("order", ["newest", "oldest", "id"])
@pytest.mark.parametrize("dialect", ["wiki-2015", "10.x"])
async def test_a_window_that_slides_stays_exact_from_tail_to_tail(dialect: Any, order: Any) -> None:
    body = {"start_hours": 15 * 24}
    async with rig(small(dialect=dialect, order=order)) as shield:
        await shield.ask(body)
        whole = shield.appliance.counters.rows_listed
        for _ in range(5):
            shield.hands.turn(PAST_REVALIDATE_S)
            one_night(shield)
            answer = await shield.ask(body)
            assert answer.state == "ok"
            assert answer.backups.rows() == shield.truth(body)
        assert shield.gateway.ledger.of(answer.system_id).answers["tail"] >= 4
        assert shield.appliance.counters.rows_listed < 4 * whole


async def test_purged_and_held_rows_are_seen_after_one_sweep_and_not_before() -> None:
    async with rig(small(dialect="wiki-2015"), cache={"sweep_seconds": 3600}) as shield:
        before = await shield.ask()
        settled = [r for r in shield.appliance.records if not is_open(r) and r.start < NOW - 3 * DAY_S and r.id]
        shield.appliance.records.purge([record.id for record in settled[:20] if record.id is not None])
        shield.appliance.records.change(replace(settled[40], legalhold=not settled[40].legalhold))
        shield.hands.turn(PAST_REVALIDATE_S)
        lagging = await shield.ask()
        assert lagging.backups.rows() == before.backups.rows()
        shield.hands.turn(HOUR_S)
        swept = await shield.ask()
        assert swept.backups.rows() == shield.truth()
        assert len(swept.backups) < len(before.backups)


async def test_an_order_that_the_list_did_not_show_yet_sends_for_the_whole_list() -> None:
    """By id or by start: as long as both agree nobody can tell, and then a copy comes with the id of an old row."""
    rows = tuple(
        replace(record, id=5000 + n, row=n)
        for n, record in enumerate(sorted(thirty_days()[::80], key=lambda r: r.start))
    )
    async with rig(ApplianceSpec(records=rows, order="id", dialect="10.x", timezone=NEW_YORK)) as shield:
        await shield.ask()
        shield.hands.turn(PAST_REVALIDATE_S)
        now = int(shield.hands.wall())
        shield.appliance.records.add(replace(rows[10], start=now, end=None, status=None, output="a copy"))
        assert (await shield.ask()).backups.rows() == shield.truth()


@pytest.mark.parametrize("fault", ["error", "broken_json", "empty_list", "cut"])
async def test_a_tail_whose_second_half_fails_leaves_the_list_and_its_mark_alone(fault: str) -> None:
    async with rig(small()) as shield:
        await shield.ask()
        (held,) = shield.gateway.store.held(shield.system().source.system_id)
        body, made = held.fetched.backups.body, held.fetched.asked_at
        shield.hands.turn(PAST_REVALIDATE_S)
        one_night(shield)
        calls = shield.appliance.counters.list_calls
        await shield.appliance.inject(Fault(fault, every=2, count=2))
        answer = await shield.ask()
        assert shield.appliance.counters.list_calls >= calls + 2
        (still,) = shield.gateway.store.held(shield.system().source.system_id)
        if fault in ("empty_list", "cut"):  # asked again at once: as a whole list, or the broken half once more
            assert answer.backups.rows() == shield.truth()
            return
        assert still is held
        assert (still.fetched.backups.body, still.fetched.asked_at) == (body, made)
        assert (answer.state, answer.age_s) == ("stale", PAST_REVALIDATE_S)
        assert b"[" + body + b"]" == b"[" + answer.backups.body + b"]"
        await shield.appliance.recover()
        await shield.ask()
        await shield.settle()
        assert (await shield.ask()).backups.rows() == shield.truth()


async def test_two_halves_of_a_tail_are_one_call_at_a_time() -> None:
    async with rig(small(base_ms=5)) as shield:
        await shield.ask()
        shield.hands.turn(PAST_REVALIDATE_S)
        await asyncio.gather(*(shield.ask() for _ in range(50)))
        assert shield.appliance.counters.list_calls == 3  # the whole list, then both halves for all fifty
        assert shield.appliance.counters.max_in_flight == 1
