"""Stand-ins: what is shown while an appliance fails, for how long, and how soon it is over."""

import asyncio
from typing import Any

import pytest

from gateway.simulator import ApplianceSpec, Fault
from tests.kit.waiting import until
from tests.shield.material import is_open
from tests.shield.support import DAY_S, HOUR_S, NOW, rig


async def test_a_failure_that_is_over_is_over_at_the_next_poll_although_the_list_is_young() -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask()
        await shield.appliance.inject(Fault("error", count=1))
        shield.hands.turn(5)
        assert (await shield.ask(max_age=0)).state == "stale"
        shield.hands.turn(1)
        assert (await shield.ask()).state == "stale"  # at once, while a refresh runs behind it
        await shield.settle()
        assert (await shield.ask()).state == "ok"


@pytest.mark.parametrize("later", [5, 100, 5000])
async def test_max_stale_bounds_every_stand_in_however_fresh_it_is(later: float) -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask()
        await shield.appliance.inject("error")
        shield.hands.turn(later)
        assert (await shield.ask(max_age=0)).state == "stale"
        assert (await shield.ask(max_stale=later + 1)).state == "stale"
        refused = await shield.ask(max_stale=later - 1)
        assert refused.error is not None
        assert (refused.state, refused.error.kind, len(refused.backups)) == ("missing", "appliance_error", 0)


@pytest.mark.parametrize(("fault", "longest"), [("error", 86_400), ("unauthorized", HOUR_S), ("forbidden", HOUR_S)])
async def test_a_stand_in_ends_when_it_must(fault: str, longest: float) -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask()
        await shield.appliance.inject(fault)
        shield.hands.turn(longest - 10)
        assert (await shield.ask()).state == "stale"
        shield.hands.turn(11)
        assert (await shield.ask()).state == "missing"


@pytest.mark.parametrize("then", ["refusing", "error", "too_many"])
@pytest.mark.parametrize("fault", ["unauthorized", "forbidden"])
async def test_a_stand_in_that_ended_by_a_refusal_does_not_come_back_with_another_fault(fault: str, then: str) -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask()
        await shield.appliance.inject(fault)
        shield.hands.turn(HOUR_S + 1)
        assert (await shield.ask()).state == "missing"
        await shield.appliance.inject(then)
        for _ in range(20):
            shield.hands.turn(HOUR_S)
            answer = await shield.ask()
            assert answer.error is not None
            assert (answer.state, answer.error.kind in ("auth", "denied")) == ("missing", False)


async def test_a_call_that_began_before_the_refusal_and_ends_well_does_not_undo_it() -> None:
    async with rig(ApplianceSpec(rows=40, workers=1)) as shield:
        await shield.ask({"client_id": 1})
        workers = shield.appliance._workers
        async with workers:
            older = asyncio.create_task(shield.ask())
            await until(lambda: workers._waiters)
            shield.hands.turn(1)
            await shield.appliance.inject("forbidden")
            assert (await shield.ask({"client_id": 2}, max_age=0)).state == "missing"
        assert (await older).state == "ok"
        await shield.appliance.inject("error")
        shield.hands.turn(HOUR_S - 2)
        assert (await shield.ask()).state == "stale"
        shield.hands.turn(2)
        assert (await shield.ask()).state == "missing"


async def test_who_is_let_in_again_has_whole_stand_ins_again() -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask()
        await shield.appliance.inject("forbidden")
        shield.hands.turn(HOUR_S + 1)
        assert (await shield.ask()).state == "missing"
        await shield.appliance.recover()
        shield.hands.turn(HOUR_S)
        assert (await shield.ask()).state == "ok"
        await shield.appliance.inject("error")
        shield.hands.turn(20 * HOUR_S)
        assert (await shield.ask()).state == "stale"


@pytest.mark.parametrize("rows", [12, 40], ids=["no tail", "a tail"])
async def test_an_empty_list_is_believed_when_a_second_one_says_the_same(rows: int) -> None:
    async with rig(ApplianceSpec(rows=rows)) as shield:
        first = await shield.ask()
        await shield.appliance.inject("empty_list")
        shield.hands.turn(700)
        suspect = await shield.ask()
        assert suspect.error is not None
        assert (suspect.state, suspect.error.kind) == ("stale", "bad_reply")
        assert "suspect_empty" in suspect.warnings
        assert suspect.backups.rows() == first.backups.rows()
        assert suspect.age_s == 700
        shield.hands.turn(1)
        believed = await shield.ask()
        assert (believed.state, len(believed.backups), believed.age_s) == ("ok", 0, 0)
        assert believed.warnings == ()
        await shield.appliance.recover()
        shield.hands.turn(700)
        assert (await shield.ask()).backups.rows() == first.backups.rows()


async def test_what_a_tail_says_is_no_answer_to_whether_all_is_gone() -> None:
    """Nothing began lately, so no part of a tail need be empty where all of the list is."""
    async with rig(ApplianceSpec(weeks=4)) as shield:
        records = shield.appliance.records
        settled = [record for record in records if record.id is not None and record.start < NOW - 3 * DAY_S]
        settled = [record for record in settled if not is_open(record)]
        records.clear()
        records.add(*settled)
        await shield.ask()
        records.clear()
        shield.hands.turn(61)
        suspect = await shield.ask(max_age=0)
        assert (suspect.state, "suspect_empty" in suspect.warnings) == ("stale", True)
        shield.hands.turn(61)
        believed = await shield.ask(max_age=1)
        assert (believed.state, len(believed.backups), believed.warnings) == ("ok", 0, ())


async def test_an_empty_list_that_was_a_slip_is_forgotten() -> None:
    async with rig(ApplianceSpec(rows=12)) as shield:
        first = await shield.ask()
        for _ in range(3):
            await shield.appliance.inject(Fault("empty_list", count=1))
            shield.hands.turn(700)
            assert (await shield.ask()).state == "stale"
            again = await shield.ask()
            assert (again.state, again.age_s) == ("ok", 0)
            assert again.backups.rows() == first.backups.rows()
            assert again.warnings == ()


async def test_an_empty_list_is_no_surprise_where_every_row_has_left_the_window() -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        assert len((await shield.ask({"start_hours": 24})).backups)
        shield.hands.turn(3 * 24 * HOUR_S)
        answer = await shield.ask({"start_hours": 24})
        assert (answer.state, len(answer.backups), answer.warnings) == ("ok", 0, ())


async def test_max_age_0_asks_for_the_whole_list_and_sees_what_no_tail_sees() -> None:
    async with rig(ApplianceSpec(weeks=2)) as shield:
        whole = len((await shield.ask()).backups)
        oldest = min(shield.appliance.records, key=lambda record: (record.id is None, record.start))
        shield.appliance.records.purge([oldest.id or 0])
        shield.hands.turn(100)
        listed = shield.appliance.counters.rows_listed
        answer = await shield.ask(max_age=0)
        assert shield.appliance.counters.rows_listed - listed == len(answer.backups) < whole
        assert answer.backups.rows() == shield.truth()


async def test_a_list_that_is_too_large_is_not_asked_for_again_and_again() -> None:
    """Neither by those who ask nor by a refresh in the background: each time costs the appliance all of it."""
    async with rig(ApplianceSpec(rows=40), fanout={"max_reply_bytes": 100_000}) as shield:
        first = await shield.ask()
        await shield.appliance.inject(Fault("huge", size_bytes=200_000))
        shield.hands.turn(61)
        calls = shield.appliance.counters.list_calls
        for _ in range(500):
            shield.hands.turn(1)
            answer = await shield.ask()
            await shield.settle()
        assert answer.error is not None
        assert (answer.state, answer.error.kind) == ("stale", "too_large")
        assert answer.backups.rows() == first.backups.rows()
        assert shield.appliance.counters.list_calls == calls + 1
        assert shield.system().guard.breaker.state(shield.hands.monotonic()) == "closed"
        await shield.appliance.recover()
        shield.hands.turn(700)
        assert (await shield.ask()).state == "ok"


@pytest.mark.parametrize("held", [{"start_hours": 24 * 400}, {"client_id": 2}], ids=["a window", "a client"])
async def test_an_empty_list_is_asked_for_again_where_narrower_ones_show_rows(held: dict[str, Any]) -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        narrow = await shield.ask(held)
        assert len(narrow.backups)
        await shield.appliance.inject(Fault("empty_list", count=1))
        wide = await shield.ask()
        assert (wide.state, wide.backups.rows()) == ("ok", shield.truth())
        assert shield.appliance.counters.list_calls == 3
        assert (await shield.ask(held)).backups.rows() == narrow.backups.rows()


async def test_an_empty_list_is_asked_for_again_where_a_wider_one_shows_rows() -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask()
        await shield.appliance.inject(Fault("empty_list", count=1))
        narrow = await shield.ask({"client_id": 2}, max_age=0)
        assert (narrow.state, narrow.backups.rows()) == ("ok", shield.truth({"client_id": 2}))
        nobody = await shield.ask({"client_id": 999}, max_age=0)
        assert (nobody.state, len(nobody.backups)) == ("ok", 0)
        assert shield.appliance.counters.list_calls == 4


async def test_an_empty_list_that_is_said_twice_is_believed_and_others_do_not_stand_against_it() -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask({"client_id": 2})
        await shield.appliance.inject("empty_list")
        shield.hands.turn(100)
        wide = await shield.ask()
        assert (wide.state, len(wide.backups), shield.appliance.counters.list_calls) == ("ok", 0, 3)
        assert len((await shield.ask({"client_id": 2})).backups) == 0


async def test_an_empty_list_is_a_surprise_although_its_rows_stand_at_the_edge_of_the_question() -> None:
    async with rig(ApplianceSpec(rows=40, dialect="wiki-2015")) as shield:
        second = next(record.start for record in shield.appliance.records if record.start % 60)
        question = {"start_time": second, "end_time": second}  # of which the row shows the minute alone
        assert len((await shield.ask(question)).backups)
        await shield.appliance.inject("empty_list")
        shield.hands.turn(700)
        suspect = await shield.ask(question)
        assert (suspect.state, "suspect_empty" in suspect.warnings) == ("stale", True)
