"""Anything in any order: rows come, change and go, faults come and go, time passes, and no answer is ever wrong."""

import asyncio
import contextlib
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.dates import format_day
from gateway.simulator import ApplianceSpec, Record, generate
from gateway.simulator.core_types import COPY_TYPES
from gateway.simulator.zones import local_day
from tests.shield.model import Model, is_settled
from tests.shield.support import HOUR_S, NOW, Hands, Rig, rig

SWEEP_S = 3600
MOMENT_S = 0.25
ZONE = "America/New_York"
BASE = tuple(
    replace(record, output=f"row {record.row}") for record in generate(3, ZoneInfo(ZONE), int(NOW), 1, 5, name="one")
)

picks = st.integers(0, 10_000)
keys = st.sets(
    st.sampled_from(("client", "instance", "type", "status", "ids", "days", "times", "hours", "ended", "end_hours")),
    max_size=3,
)
faults = st.sampled_from(("refusing", "error", "empty_list", "cut", "broken_json", "unauthorized", "too_many"))


class Shield(RuleBasedStateMachine):
    """One appliance behind the whole stack of the gateway, and the model beside it."""

    @initialize(
        dialect=st.sampled_from(("wiki-2015", "10.x")),
        order=st.sampled_from(("newest", "oldest", "id")),
        skew=st.sampled_from((0, 0, -47, 1000)),
    )
    def start(self, dialect: Any, order: Any, skew: int) -> None:
        self.runner = asyncio.Runner()
        self.stack = contextlib.AsyncExitStack()
        self.hands = Hands()
        records = tuple(replace(r, start=r.start + skew, end=r.end and r.end + skew) for r in BASE)
        spec = ApplianceSpec(
            dialect=dialect, order=order, timezone=ZONE, records=records, clock=self.hands.skewed(skew)
        )
        self.rig: Rig = self.runner.run(self._opened(spec))
        self.model = Model(self.rig.appliance, self.hands, SWEEP_S)
        self.model.changed()
        self.fault: str | None = None
        self.mute_since = self.calls_before = 0.0
        self.had_rows: set[str] = set()

    async def _opened(self, spec: ApplianceSpec) -> Rig:
        cache = {"sweep_seconds": SWEEP_S, "widen_rows": 200}
        return await self.stack.enter_async_context(rig(spec, hands=self.hands, cache=cache))

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.stack.aclose())
            self.runner.close()

    @property
    def records(self) -> list[Record]:
        return list(self.rig.appliance.records)

    @property
    def appliance_now(self) -> int:
        return int(self.rig.appliance.spec.clock())

    def _moved_on(self) -> None:
        """Each event has an instant of its own."""
        self.hands.turn(MOMENT_S)
        if self.fault == "empty_list":
            self.model.empties[-1] = (self.mute_since, self.hands.elapsed)

    @rule(at=picks, ago=st.integers(0, 7000), running=st.booleans())
    def a_backup_runs(self, at: int, ago: int, running: bool) -> None:
        self._moved_on()
        like = self.records[at % len(self.records)]
        number = max((record.id or 0 for record in self.records), default=0) + 1
        start = self.appliance_now - ago
        fresh = replace(like, id=number, start=start, duration=ago, sync=None, legalhold=False, output=f"new {number}")
        ended = replace(fresh, end=start + ago, status=at % 3, replication=("Needed", "Not Applicable")[at % 2])
        self.rig.appliance.records.add(replace(fresh, end=None, status=None) if running else ended)
        self.model.changed()

    @rule(at=picks)
    def a_copy_comes(self, at: int) -> None:
        originals = [r for r in self.records if r.id is not None and r.core_type in COPY_TYPES and not r.is_copy]
        if not originals:
            return
        self._moved_on()
        original = originals[at % len(originals)]
        copy = replace(
            original,
            core_type=COPY_TYPES[original.core_type],
            start=self.appliance_now,
            end=None,
            status=None,
            replication="In Progress",
            output=f"copy {self.hands.elapsed}",
        )
        self.rig.appliance.records.add(copy)
        self.model.changed()

    @rule(at=picks, status=st.sampled_from((0, 1, 2)))
    def an_open_row_settles(self, at: int, status: int) -> None:
        is_open = [record for record in self.records if not is_settled(record)]
        if not is_open:
            return
        self._moved_on()
        is_open.sort(key=lambda record: record.start)  # the oldest first: no tail by start finds them
        record = is_open[at % len(is_open)]
        if record.end is None:
            end = max(record.start, self.appliance_now)
            record = replace(record, end=end, duration=end - record.start, status=status, replication="Needed")
        else:
            record = replace(record, replication="Completed")
        self.rig.appliance.records.change(record)
        self.model.changed()

    @rule(at=picks, what=st.sampled_from(("hold", "verify")))
    def a_row_is_held_or_verified(self, at: int, what: str) -> None:
        self._moved_on()
        record = self.records[at % len(self.records)]
        other = (
            {"legalhold": not record.legalhold} if what == "hold" else {"verify_status": (record.verify_status + 1) % 3}
        )
        self.rig.appliance.records.change(replace(record, **other))
        self.model.changed()

    @rule(at=picks, share=st.sampled_from((1, 1, 1, 3, 3, 40)))
    def rows_are_purged(self, at: int, share: int) -> None:
        if len(self.records) <= share:
            return
        self._moved_on()
        begin = at % len(self.records)
        gone = [record.id for record in self.records[begin : begin + share] if record.id is not None]
        self.rig.appliance.records.purge(gone)
        self.model.changed()

    @rule(seconds=st.sampled_from((1, 12, 30, 61, 61, 300, 601, 601, 1800, 3601, 7200, 30_000, 90_000)))
    def time_passes(self, seconds: int) -> None:
        self.hands.turn(seconds)
        self._moved_on()

    @precondition(lambda self: self.fault is None)
    @rule(fault=faults)
    def a_fault_begins(self, fault: str) -> None:
        self._moved_on()
        self.fault = fault
        if fault == "empty_list":
            self.mute_since = self.hands.elapsed
            self.calls_before = self.rig.appliance.counters.list_calls
            self.model.empties.append((self.mute_since, self.mute_since))
        self.runner.run(self.rig.appliance.inject(fault))

    @precondition(lambda self: self.fault is not None)
    @rule()
    def the_fault_ends(self) -> None:
        self._moved_on()
        self.fault = None
        self.runner.run(self.rig.appliance.recover())

    @rule()
    def the_appliance_forgets_its_sessions(self) -> None:
        self.rig.appliance.sessions.revoke_all()

    @rule(
        kinds=keys, at=picks, age=st.sampled_from((None, None, None, 0, 100)), stale=st.sampled_from((None, None, 50))
    )
    def somebody_asks(self, kinds: set[str], at: int, age: float | None, stale: float | None) -> None:
        self._asked(self._body(kinds, at), age, stale)

    @rule(seconds=st.sampled_from((61, 601, 601, 1800)), age=st.sampled_from((None, None, None, 0)))
    def the_whole_list_is_asked_for_a_while_later(self, seconds: int, age: float | None) -> None:
        self.hands.turn(seconds)
        self._asked({}, age, None)
        self._asked({}, None, None)  # what a refresh in the background brought

    @precondition(lambda self: self.fault is None)
    @rule(fault=faults, stale=st.sampled_from((None, 50)))
    def the_whole_list_is_asked_for_in_a_short_fault(self, fault: str, stale: float | None) -> None:
        self.hands.turn(61)
        self.a_fault_begins(fault)
        self._asked({}, None, None)
        self._asked({}, None, stale)
        self.the_fault_ends()
        self._asked({}, None, None)

    @rule(kinds=keys, at=picks)
    def somebody_asks_wide_and_then_narrow(self, kinds: set[str], at: int) -> None:
        self._asked({}, None, None)
        self._asked(self._body(kinds, at), None, None)

    def _body(self, kinds: set[str], at: int) -> dict[str, Any]:
        like = self.records[at % len(self.records)] if self.records else BASE[0]
        zone = self.rig.appliance.zone
        parts: dict[str, dict[str, Any]] = {
            "client": {"client_id": like.client_id},
            "instance": {} if like.instance_id is None else {"instance_id": like.instance_id},
            "type": {"type": [like.display_type, "Full"]},
            "status": {"status": ["Success", "Failure", "Warning", "None"][at % 4]},
            "ids": {"backup_ids": [r.id for r in self.records[at % 7 :: 7] if r.id is not None][:30] or [1]},
            "days": {"start_day": format_day(local_day(like.start, zone))},
            "times": {} if "days" in kinds else {"start_time": like.start - at % 300, "end_time": like.start + at * 30},
            "hours": {"start_hours": (1, 12, 24, 30, 72)[at % 5]},
            "ended": {"finish_interval_start": like.start - at % 300},
            "end_hours": {"end_hours": (1, 24, 72)[at % 3]},
        }
        return {key: value for kind in sorted(kinds) for key, value in parts[kind].items()}

    def _asked(self, body: dict[str, Any], age: float | None, stale: float | None) -> None:
        self._moved_on()
        answer = self.runner.run(self.rig.ask(body, max_age=age, max_stale=stale))
        self.runner.run(self.rig.settle())
        self.model.judge(body, answer, max_age=age)
        if answer.state == "ok":
            assert answer.age_s is not None
            assert answer.age_s <= (600 if age is None else age)
        elif answer.state == "stale":
            assert answer.age_s is not None
            assert answer.age_s <= (86_400 if stale is None else stale)
        question = repr(body)
        if (
            answer.state == "ok"
            and not len(answer.backups)
            and self.fault == "empty_list"
            and question in self.had_rows
        ):
            calls = self.rig.appliance.counters.list_calls - self.calls_before
            assert calls >= 2, "an empty answer counts when a second one says the same"
        (self.had_rows.add if len(answer.backups) else self.had_rows.discard)(question)

    @invariant()
    def the_appliance_is_treated_well(self) -> None:
        if hasattr(self, "rig"):
            assert not self.rig.appliance.counters.deletes
            assert self.rig.appliance.counters.max_in_flight <= 2
            assert not self.rig.appliance.counters.failed_logins


TestShield = Shield.TestCase
TestShield.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
assert HOUR_S == SWEEP_S
