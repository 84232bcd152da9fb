"""A fleet of strange appliances with known records: both dialects, every style of JSON, changes of the zone."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.simulator import ApplianceSpec, Record, generate_rows

_BEGUN: Final = time.monotonic()
ROWS: Final = 150


def _clock_from(base: float) -> Callable[[], float]:
    return lambda: base + time.monotonic() - _BEGUN


def _strange(number: int, zone: str, now: tuple[int, int, int, int], **more: Any) -> ApplianceSpec:
    """Its list ends at `now` (UTC), and so does its clock begin there."""
    base = int(datetime(*now, tzinfo=UTC).timestamp())
    name = f"strange-{zone.rpartition('/')[2].lower()}"
    records = tuple(generate_rows(number, ZoneInfo(zone), base, ROWS, 14, name=name))
    return ApplianceSpec(
        name=name, seed=number, timezone=zone, records=records, clock=_clock_from(base), customer="Strange", **more
    )


STRANGE: Final[tuple[ApplianceSpec, ...]] = (
    # Lists reach back a day or more: each holds the hours around the change of its zone.
    _strange(1, "America/New_York", (2025, 11, 3, 12), order="newest"),
    _strange(2, "Australia/Lord_Howe", (2025, 4, 6, 12), dialect="10.x", json_style="php", order="id", gzip=True),
    _strange(3, "America/Santiago", (2025, 4, 7, 0), json_style="spaced", sample_spelling=True, order="oldest"),
    _strange(4, "Asia/Kathmandu", (2025, 4, 6, 12), dialect="10.x", loose_types=True, order="oldest", tls=True),
    _strange(5, "America/St_Johns", (2025, 11, 3, 3), loose_types=True, json_style="php", order="id"),
    _strange(6, "Australia/Adelaide", (2025, 10, 6, 0), dialect="10.x", json_style="spaced", list_status=200),
    _strange(7, "Europe/London", (2025, 10, 26, 18), dialect="10.x", order="id", empty_body=b"{}"),
    _strange(8, "Europe/Berlin", (2025, 3, 31, 3), json_style="spaced", sample_spelling=True, loose_types=True),
)


def record_of(choose: Callable[[tuple[Any, ...]], Any]) -> tuple[int, Record]:
    """Some record and the number of its system."""
    spec = choose(STRANGE)
    return STRANGE.index(spec) + 1, choose(spec.records)
