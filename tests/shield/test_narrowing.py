"""A narrower question needs no call where a wider list is held, and its rows are the appliance's own."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from gateway.dates import format_day
from gateway.model import SystemAnswer
from gateway.simulator import ApplianceSpec
from gateway.simulator.zones import HOUR, local_day, zone_changes
from tests.shield.support import DAY_S, Hands, Rig, rig

SMALLEST_SHARE = 0.8
QUESTIONS = 200

FLEETS = {
    # New York after the autumn change, Sydney and Santiago after a spring one, Kathmandu that has none.
    "hides seconds": ("wiki-2015", "America/New_York", 1_762_900_000.0, 0.0),
    "shows seconds": ("10.x", "Europe/Berlin", 1_762_000_000.0, 0.0),
    "put forward at midnight": ("wiki-2015", "America/Santiago", 1_757_500_000.0, 0.0),
    "half an hour of summer": ("10.x", "Australia/Lord_Howe", 1_759_900_000.0, 0.0),
    "a clock that is ahead": ("wiki-2015", "America/New_York", 1_762_900_000.0, 4_000.0),
    "a clock that is behind": ("10.x", "Asia/Kathmandu", 1_762_900_000.0, -95.5),
}


class Questioner:
    """Narrow questions of every kind and of mixtures, about rows that exist."""

    def __init__(self, shield: Rig, seed: int) -> None:
        self._rng = Random(seed)
        self._appliance = shield.appliance
        self._records = list(shield.appliance.records)
        spec = shield.appliance.spec
        now = int(spec.clock())
        self._changes = zone_changes(now - 28 * DAY_S, now, shield.appliance.zone)

    def question(self) -> dict[str, Any]:
        kinds = self._rng.sample(
            (self.client, self.instance, self.type, self.status, self.ids, self.days, self.times, self.hours),
            self._rng.choice((1, 1, 1, 2, 2, 3)),
        )
        body: dict[str, Any] = {}
        for kind in kinds:
            if not (body.keys() & {"start_day", "end_day"} and kind == self.times):
                body |= kind()
        return body

    def client(self) -> dict[str, Any]:
        return {"client_id": self._rng.choice(self._records).client_id}

    def instance(self) -> dict[str, Any]:
        return {"instance_id": self._rng.choice([r.instance_id for r in self._records if r.instance_id is not None])}

    def type(self) -> dict[str, Any]:
        one, other = self._rng.sample(self._records, 2)
        return {"type": self._rng.choice((one.display_type, [one.display_type, other.display_type]))}

    def status(self) -> dict[str, Any]:
        return {"status": self._rng.sample(("Success", "Warning", "Failure", "None"), self._rng.randint(1, 2))}

    def ids(self) -> dict[str, Any]:
        named = [record.id for record in self._records if record.id is not None]
        return {"backup_ids": self._rng.sample(named, self._rng.randint(1, 20))}

    def days(self) -> dict[str, Any]:
        first, last = sorted(self._instant() for _ in range(2))
        zone = self._appliance.zone
        return {"start_day": format_day(local_day(first, zone)), "end_day": format_day(local_day(last, zone))}

    def times(self) -> dict[str, Any]:
        first, last = sorted(self._instant() for _ in range(2))
        return {"start_time": first, "end_time": last}

    def hours(self) -> dict[str, Any]:
        return {self._rng.choice(("start_hours", "start_hours", "end_hours")): self._rng.choice((1, 8, 24, 48, 168))}

    def _instant(self) -> int:
        """Anywhere in the list, or within two hours of a change of the clock."""
        if self._changes and self._rng.random() < 0.3:
            return self._rng.choice(self._changes)[0] + self._rng.randint(-2 * HOUR, 2 * HOUR)
        return self._rng.choice(self._records).start + self._rng.randint(-HOUR, HOUR)


@pytest.mark.parametrize("fleet", FLEETS)
async def test_most_narrow_questions_need_no_call_and_every_answer_is_exact(fleet: str) -> None:
    dialect, zone, now, ahead = FLEETS[fleet]
    hands = Hands(now)
    spec = ApplianceSpec(
        dialect=dialect,  # type: ignore[arg-type]
        timezone=zone,
        weeks=4,
        assets=16,
        clock=hands.skewed(ahead),
        loose_types=fleet == "half an hour of summer",
    )
    async with rig(spec, hands=hands, cache={"fresh_seconds": 10_000, "revalidate_seconds": 10_000}) as shield:
        await shield.ask()
        questioner = Questioner(shield, 5)
        saved = 0
        for _ in range(QUESTIONS):
            hands.turn(0.7)
            body = questioner.question()
            calls = shield.appliance.counters.list_calls
            answer = await shield.ask(body)
            assert answer.state == "ok"
            assert answer.backups.rows() == shield.truth(body), body
            saved += shield.appliance.counters.list_calls == calls
        print(f"{fleet}: {saved} of {QUESTIONS} narrow questions needed no call")
        assert saved >= SMALLEST_SHARE * QUESTIONS


async def test_a_window_of_hours_serves_narrower_ones_at_once() -> None:
    async with rig(ApplianceSpec(weeks=2)) as shield:
        await shield.ask({"start_hours": 48})
        records = list(shield.appliance.records)
        for body in (
            {"start_hours": 48, "client_id": records[0].client_id},
            {"start_hours": 24, "status": "Failure"},
            {"start_hours": 48, "type": records[5].display_type},
        ):
            assert (await shield.ask(body)).source == "narrowed"
            assert (await shield.ask(body)).backups.rows() == shield.truth(body)
        assert shield.appliance.counters.list_calls == 1


async def test_questions_that_differ_in_their_client_become_one_wider_question() -> None:
    async with rig(ApplianceSpec(weeks=2)) as shield:
        clients = sorted({record.client_id for record in shield.appliance.records})
        await shield.ask({"start_hours": 200})
        shield.hands.turn(700)  # the list still tells how many rows a window has, but serves no more
        for client in clients:
            body = {"start_hours": 24, "client_id": client}
            assert (await shield.ask(body)).backups.rows() == shield.truth(body)
        assert shield.appliance.counters.list_calls == 4  # the list before, two narrow ones, one for all that follow


async def test_a_wider_question_that_is_too_large_leaves_the_narrow_one_to_itself() -> None:
    fanout = {"max_reply_bytes": 60_000}
    async with rig(ApplianceSpec(weeks=2), cache={"widen_rows": 1_000_000}, fanout=fanout) as shield:
        records = list(shield.appliance.records)
        clients = sorted({record.client_id for record in records})[:6]
        await shield.ask({"start_hours": 2})
        shield.hands.turn(700)
        for client in clients:
            body = {"start_hours": 160, "client_id": client}
            answer = await shield.ask(body)
            assert answer.state == "ok", answer.error
            assert answer.backups.rows() == shield.truth(body)
        too_large = [event for event in shield.events if event.error == "too_large"]
        assert len(too_large) <= 1


async def test_the_longer_a_call_took_the_less_its_date_tells() -> None:
    """Some appliances write the Date header first. A list that took a minute must not be cut at a wrong second."""
    hands = Hands()
    spec = ApplianceSpec(weeks=1, dialect="10.x", clock=hands.wall)
    async with rig(spec, hands=hands, fanout={"fetch_seconds": 60}) as shield:
        records = shield.appliance.records
        like = next(iter(records))
        now = int(hands.wall())
        for n in range(0, 80, 4):
            records.add(replace(like, id=n, start=now - HOUR + n, end=now, output=f"at {n}"))
        assert (await _late(shield, 40)).state == "ok"
        for n in range(20):
            hands.turn(2)
            body = {"start_hours": 1, "end_time": now + DAY_S + n}  # each of them new
            assert (await shield.ask(body)).backups.rows() == shield.truth(body)


async def _late(shield: Rig, seconds: float) -> SystemAnswer:
    """The answer to a question whose last byte comes so much later than its head."""
    appliance: Any = shield.system().guard._inner
    decode = appliance._decoded

    async def late(*given: Any) -> Any:
        shield.hands.turn(seconds)
        return await decode(*given)

    appliance._decoded = late
    try:
        return await shield.ask()
    finally:
        appliance._decoded = decode
