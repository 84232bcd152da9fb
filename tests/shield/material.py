"""Large lists for the tests of the shield, made once."""

from dataclasses import replace
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from gateway.simulator import Record, generate
from tests.shield.support import DAY_S, NOW

NEW_YORK = "America/New_York"
AWAITS = frozenset({"Needed", "Waiting", "In Progress"})


@cache
def thirty_days(rows: int = 20_000, assets: int = 600) -> tuple[Record, ...]:
    """The newest rows of thirty days, a repeated hour among them, at a site whose replication is a day behind.

    Of the rows of the second day every sixth still waits, of older originals what the simulator leaves waiting, of
    older copies none: one that failed is made again within two days.
    """
    rng = Random(7)
    records = [
        record
        for record in generate(1, ZoneInfo(NEW_YORK), int(NOW), 5, assets, name="large")
        if record.start >= NOW - 30 * DAY_S
    ]
    assert len(records) >= rows
    step = len(records) / rows  # thinned out, so that thirty days stay thirty days
    kept = [records[int(number * step)] for number in range(rows)]
    return tuple(
        replace(record, row=row, replication=_kept_up(record, rng), output=f"row {row}")
        for row, record in enumerate(kept)
    )


def _kept_up(record: Record, rng: Random) -> str:
    if record.replication in AWAITS and NOW - 2 * DAY_S < record.start < NOW - DAY_S and rng.random() > 1 / 3.6:
        return "Completed"
    if record.is_copy and record.end is not None and record.start < NOW - 2 * DAY_S:
        return "Completed"
    return record.replication


def is_open(record: Record) -> bool:
    """Running, or waiting for its replication."""
    return record.end is None or record.replication in AWAITS
