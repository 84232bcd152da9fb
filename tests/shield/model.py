"""A model of one appliance over time, against which the gateway's answers are judged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.model import SystemAnswer
from gateway.simulator import Appliance, Record
from gateway.simulator.store import _sort_key
from tests.shield.support import DAY_S, Hands, select, stamped

_AWAITS = frozenset({"Needed", "Waiting", "In Progress"})
_EPSILON_S = 1e-6
_HIDDEN_S = 63
"""A minute that rows show without its seconds, and what the gateway knows of a clock."""


def is_settled(record: Record) -> bool:
    """Neither running nor waiting for its replication: nothing but a purge, a hold or a verification may touch it."""
    return record.end is not None and record.replication not in _AWAITS


@dataclass(frozen=True)
class Version:
    """The appliance's true list from an instant (seconds of the turned clock) to the next version's."""

    since: float
    records: tuple[Record, ...]


@dataclass
class Model:
    """Keeps every version of the list and decides whether an answer may be given."""

    appliance: Appliance
    hands: Hands
    sweep_s: float
    versions: list[Version] = field(default_factory=list)
    empties: list[tuple[float, float]] = field(default_factory=list)
    """Times in which the appliance answered with empty lists that were not true."""
    _texts: dict[Record, bytes] = field(default_factory=dict)
    _records: dict[bytes, Record] = field(default_factory=dict)

    def changed(self) -> None:
        """The appliance's list is another one from now on."""
        version = Version(self.hands.elapsed, tuple(self.appliance.records))
        for record in version.records:
            self._text(record)
        self.versions.append(version)

    def _text(self, record: Record) -> bytes:
        text = self._texts.get(record)
        if text is None:
            (text,) = stamped(self.appliance, [record])
            self._texts[record] = text
            self._records.setdefault(text, record)
        return text

    def judge(self, body: Mapping[str, Any], answer: SystemAnswer, *, max_age: float | None = None) -> None:
        """Raises AssertionError where the answer says what the appliance never said, or not in the stated time."""
        assert (answer.state == "ok") == (answer.error is None)
        if answer.state == "missing":
            assert not len(answer.backups)
            assert answer.age_s is None
            return
        assert answer.age_s is not None
        assert answer.age_s >= 0
        rows = answer.backups.rows()
        forms = [self._records.get(row) for row in rows]
        assert None not in forms, "a row that the appliance never had"
        known = [form for form in forms if form is not None]
        key = _sort_key(self.appliance.spec.order)
        assert [key(form) for form in known] == sorted(key(form) for form in known), "not the appliance's order"
        assert len({form.row for form in known}) == len(known), "one row in two forms"
        now = self.hands.elapsed
        made = now - answer.age_s
        if self._was_mute(made, now):
            return
        if max_age == 0 and answer.state == "ok":
            assert rows == [self._text(record) for record in self._listed(self.versions[-1], body, now)]
            return
        faults = [
            fault
            for version in self._between(made, now)
            for fault in [
                min(self._misfit(version, body, known, made, at, since) for since, at in self._moments(made, now))
            ]
        ]
        assert "" in faults, faults

    def _moments(self, made: float, now: float) -> Iterator[tuple[float, float]]:
        """Of which an answer may be: one alone, or now but for rows that show no second in which they leave."""
        yield made, made
        yield now, now
        yield max(made, now - _HIDDEN_S), now

    def _was_mute(self, begin: float, end: float) -> bool:
        return any(first <= end and begin <= last for first, last in self.empties)

    def _between(self, begin: float, end: float) -> Iterator[Version]:
        for number, version in enumerate(self.versions):
            later = self.versions[number + 1].since if number + 1 < len(self.versions) else float("inf")
            if later > begin - _EPSILON_S and version.since <= end:
                yield version

    def _clock(self, elapsed: float) -> float:
        return self.appliance.spec.clock() - self.hands.elapsed + elapsed

    def _listed(self, version: Version, body: Mapping[str, Any], at: float) -> list[Record]:
        return select(self.appliance, body, version.records, self._clock(at))

    def _misfit(
        self, version: Version, body: Mapping[str, Any], forms: list[Record], made: float, at: float, since: float
    ) -> str:
        """Why the rows are not that version's, or nothing. `made` is when the list was made by its stated age.

        Those that were listed from `since` on may be there, those that are `at` must.
        """
        wanted = {record.row for record in self._listed(version, body, at)}
        listed = {record.row: record for moment in {since, at} for record in self._listed(version, body, moment)}
        got = {form.row: form for form in forms}
        for row, form in got.items():
            there = row in listed and self._text(listed[row]) == self._text(form)
            if not there and not self._may_lag(form, body, made, at):
                return f"row {row} is not as it was"
        lacking = [row for row in wanted if row not in got]
        return f"rows {lacking} are not there" if lacking else ""

    def _may_lag(self, form: Record, body: Mapping[str, Any], made: float, at: float) -> bool:
        """A tail does not renew a settled row of more than a day: for one sweep it may be shown as it was."""
        old = form.start < self._clock(made) - DAY_S
        lately = any(form in version.records for version in self._between(made - self.sweep_s, made))
        # 10.x does not show replication: what has ended looks settled there.
        settled = is_settled(form) or (form.end is not None and self.appliance.spec.dialect == "10.x")
        return old and lately and settled and bool(select(self.appliance, body, [form], self._clock(at)))
