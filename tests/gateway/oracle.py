"""What a gateway must answer, from the true facts of the simulated records alone: nothing of the gateway is used.

Contract section 5.4 for the rows, 5.1 for the filters. Types and statuses are decided here; every other filter by the
simulator's own reading of it, each filter alone.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.simulator import ApplianceSpec, Record
from gateway.simulator.core_types import canonical
from gateway.simulator.dialects import Rendering
from gateway.simulator.filters import predicate

STATUS_WORDS: Final = {None: "None", 0: "Success", 1: "Warning", 2: "Failure"}
_STEP_S: Final = 900
_STEPS: Final = range(-12, 13)
_BY_GATEWAY: Final = ("type", "status", "system_id", "max_age")


def local_text(epoch: int, zone: ZoneInfo, *, seconds: bool) -> str:
    """An instant on the wall clock of an appliance, as the seed writes it."""
    form = "%m/%d/%Y %I:%M:%S %p" if seconds else "%m/%d/%Y %I:%M %p"
    return datetime.fromtimestamp(epoch, UTC).astimezone(zone).strftime(form).lower()


@lru_cache(maxsize=100_000)  # thousands of answers show the same records
def instants(epoch: int, zone: ZoneInfo, *, seconds: bool) -> tuple[int, ...]:
    """Every instant that shows the same text, in order; without seconds the first of each minute."""
    first = epoch if seconds else epoch // 60 * 60
    text = local_text(first, zone, seconds=seconds)
    others = (first + step * _STEP_S for step in _STEPS)
    return tuple(other for other in others if local_text(other, zone, seconds=seconds) == text)


def expected_row(spec: ApplianceSpec, record: Record, system_id: int) -> dict[str, Any]:
    """The row of contract section 5.4, keys in order."""
    zone = ZoneInfo(spec.timezone)
    is_new = spec.dialect == "10.x"
    start = min(instants(record.start, zone, seconds=is_new))
    finish = None
    if record.end is not None and is_new:
        shown = instants(record.end, zone, seconds=True)
        finish = min((epoch for epoch in shown if epoch >= start), default=min(shown))
    elif record.end is not None:
        finish = start + record.duration
    stamp = {"system_id": system_id, "system_name": spec.name, "start_epoch": start, "finish_epoch": finish}
    return stamp | dict(_unified(spec, record, zone))


def _unified(spec: ApplianceSpec, record: Record, zone: ZoneInfo) -> Iterable[tuple[str, Any]]:
    for key, value in raw_row(spec, record).items():
        if spec.dialect == "10.x":
            if key == "start_time":
                yield "start_date_time", local_text(record.start, zone, seconds=False)
            elif key == "duration":
                hours, rest = divmod(record.duration, 3600)
                yield key, f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
            elif key == "status":
                yield key, STATUS_WORDS[record.status]
            elif key == "restored_backup_type":
                yield "restored_bkup_type", value
            else:
                yield key, value
        else:
            yield ("vmware_template" if key == "vm_ware_template" else key), value


def raw_row(spec: ApplianceSpec, record: Record) -> dict[str, Any]:
    """The row as the appliance sends it."""
    return json.loads(raw_text(spec, record))


def raw_text(spec: ApplianceSpec, record: Record) -> bytes:
    """Its bytes."""
    zone = ZoneInfo(spec.timezone)
    style = Rendering(spec.dialect, zone, spec.json_style, spec.sample_spelling, spec.loose_types)
    return style.encode(style.row(record))


_remembered: dict[tuple[str, Record, int], dict[str, Any]] = {}


def expected_rows(
    spec: ApplianceSpec, listed: Iterable[Record], system_id: int, question: Mapping[str, Any], now: float
) -> list[dict[str, Any]]:
    """The rows of one system for a question, in the appliance's order (`listed` is everything, in that order)."""
    rows = []
    for record in selected(spec, listed, question, now):
        key = (spec.name, record, system_id)
        if key not in _remembered:
            _remembered[key] = expected_row(spec, record, system_id)
        rows.append(_remembered[key])
    return rows


def selected(spec: ApplianceSpec, listed: Iterable[Record], question: Mapping[str, Any], now: float) -> list[Record]:
    """The records that a question means; `now` is the appliance's clock."""
    zone = ZoneInfo(spec.timezone)
    kinds = {word.casefold() for word in many(question.get("type"))}
    kinds |= {canonical(word.casefold()) for word in many(question.get("type"))}
    statuses = {word.casefold() for word in many(question.get("status"))}
    given = {key: value for key, value in question.items() if key not in _BY_GATEWAY and value is not None}
    checks = [predicate({key: value}, zone=zone, now=now) for key, value in given.items()]
    return [
        record
        for record in listed
        if all(check(record) for check in checks)
        and (not kinds or record.display_type.casefold() in kinds or record.core_type.casefold() in kinds)
        and (not statuses or STATUS_WORDS[record.status].casefold() in statuses)
    ]


def many(value: Any) -> list[str]:
    """One or a list, as a list."""
    return [] if value is None else [value] if isinstance(value, str) else list(value)
