"""What a held list served, and what the appliance would have listed in its place."""

from typing import Any
from zoneinfo import ZoneInfo

from material import (
    body_of,
    read,
)

from gateway.config.checked import Limits
from gateway.filter import Asked
from gateway.lists.plan import Need, Served
from gateway.simulator.facts import Record
from gateway.simulator.filters import matches

LIMITS = Limits(60, 600, 86_400, 3600, 10, 30, 3, 2**26, 2, 30, 0, 3600, 2000)
NEED = Need(deadline_at=1e9)


def listed(records: Any, asked: Asked, zone: str, now: float) -> list[Record]:
    return [record for record in records if matches(record, body_of(asked), zone=ZoneInfo(zone), now=now)]


def picked(served: Served) -> list[dict[str, Any]]:
    rows = read(served.held.fetched.backups)
    return rows if served.rows is None else [rows[place] for place in served.rows]


def whole(row: dict[str, Any]) -> tuple[int | None, int]:
    return (None if "id" not in row else int(row["id"])), int(row["client_id"])
