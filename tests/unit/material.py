"""Material of the unit tests: simulated records as the truth, and lists as the gateway holds them."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_args
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from gateway.dates import ApplianceZone
from gateway.dialects.rows import Stamper
from gateway.dialects.wire import split_rows
from gateway.filter import ALL, Asked, Window
from gateway.lists.held import Held
from gateway.model import BackupList, Fetched
from gateway.simulator.dialects import Dialect, Rendering
from gateway.simulator.facts import Record
from gateway.simulator.records import generate

HOUR = 3600
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu")

# Two days after a clock was put back, so that the lists hold a repeated hour (Kathmandu has none).
NOWS = {
    "America/New_York": int(datetime(2025, 11, 4, 15, tzinfo=UTC).timestamp()),
    "Europe/Berlin": int(datetime(2025, 10, 28, 15, tzinfo=UTC).timestamp()),
    "Australia/Lord_Howe": int(datetime(2025, 4, 7, 15, tzinfo=UTC).timestamp()),
    "America/Santiago": int(datetime(2025, 4, 8, 15, tzinfo=UTC).timestamp()),
    "Asia/Kathmandu": int(datetime(2025, 10, 28, 15, tzinfo=UTC).timestamp()),
}


@cache
def records_of(name: str, seed: int = 1, assets: int = 14) -> tuple[Record, ...]:
    """One week of an appliance with every family, up to `NOWS`."""
    return tuple(generate(seed, ZoneInfo(name), NOWS[name], 1, assets))


@st.composite
def renderings(draw: st.DrawFn, name: str) -> Rendering:
    """Any way in which an appliance of that zone may write."""
    return Rendering(
        draw(st.sampled_from(get_args(Dialect))),
        ZoneInfo(name),
        draw(st.sampled_from(["compact", "spaced", "php"])),
        draw(st.booleans()),
        draw(st.booleans()),
    )


def reply_of(records: Iterable[Record], rendering: Rendering) -> bytes:
    """What an appliance answers with these records."""
    return rendering.envelope([rendering.encode(rendering.row(record)) for record in records])


def stamped(body: bytes, zone: str = "America/New_York", remote_system_id: int | None = None) -> BackupList:
    """The rows of a reply as the gateway keeps them, for system 7 "acme"."""
    stamper = Stamper(7, "acme", ApplianceZone(zone), remote_system_id)
    for _ in stamper.run(split_rows(body)):
        pass
    return stamper.build.done()


def one_row(row: Any, zone: str = "America/New_York") -> dict[str, Any]:
    """One row (data, or JSON text) as a client reads it behind the stamp."""
    text = row if isinstance(row, bytes) else json.dumps(row).encode()
    (only,) = read(stamped(b"[" + text + b"]", zone))
    return only


def read(backups: BackupList) -> list[dict[str, Any]]:
    """The rows of a list, by another parser than the gateway's."""
    return json.loads(b"[" + backups.body + b"]")


def held_of(
    backups: BackupList,
    asked: Asked = ALL,
    *,
    asked_at: float = 0.0,
    took: float = 0.0,
    wall_at: float = 0.0,
    skew_s: float | None = 0.0,
) -> Held:
    """A held list; `asked_at` is by the monotonic clock, `wall_at` by the gateway's wall clock."""
    return Held(asked, Fetched(backups, asked_at, asked_at + took, wall_at, 0, skew_s), asked_at)


@st.composite
def true_questions(draw: st.DrawFn, zone: str) -> Asked:
    """A question whose bounds lie on and next to what really happened."""
    at = st.sampled_from(records_of(zone))
    near = st.sampled_from([-HOUR, -60, -1, 0, 1, 60, HOUR])
    starts = st.none() | st.builds(lambda record, off: record.start + off, at, near)
    ends = st.none() | st.builds(lambda record, off: (record.end or record.start) + off, at, near)
    return Asked(
        client_id=draw(st.none() | st.builds(lambda record: record.client_id, at)),
        instance_id=draw(st.none() | st.builds(lambda record: record.instance_id, at)),
        start=Window(draw(starts), draw(starts)),
        finish=Window(draw(ends), draw(ends)),
        start_hours=draw(st.none() | st.integers(0, 170)),
        end_hours=draw(st.none() | st.integers(0, 170)),
        backup_ids=draw(
            st.none() | st.frozensets(st.builds(lambda record: record.id or 0, at), min_size=1, max_size=9)
        ),
    )


def body_of(asked: Asked) -> dict[str, Any]:
    """The same as the body of a list call."""
    body = {
        "client_id": asked.client_id,
        "instance_id": asked.instance_id,
        "start_time": asked.start.low,
        "end_time": asked.start.high,
        "finish_interval_start": asked.finish.low,
        "finish_interval_end": asked.finish.high,
        "start_hours": asked.start_hours,
        "end_hours": asked.end_hours,
        "backup_ids": None if asked.backup_ids is None else list(asked.backup_ids),
    }
    return {key: value for key, value in body.items() if value is not None}
