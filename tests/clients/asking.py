"""The requests of the PowerShell toolkit and of node-unitrends, as they send them, and how they read the answers."""

import time
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.simulator import ApplianceSpec, Record, generate_rows
from tests.gateway.live import Answer, Client, small

_NODE: Final = {"Accept": "application/json", "User-Agent": "node", "Accept-Encoding": "gzip, deflate"}


async def toolkit(client: Client, path: str) -> Answer:
    """`UebGet`: a slash and the path, the token, no Accept."""
    return await client.request("GET", f"/{path}")


async def node(client: Client, path: str) -> Answer:
    """A call of node-unitrends: the token as Bearer."""
    token = client.credentials["AuthToken"]
    return await client.request("GET", path, headers={"Authorization": f"Bearer {token}", **_NODE})


async def walked(client: Client, path: str, limit: int) -> tuple[list[dict[str, Any]], int]:
    """`listAll`: pages until one is empty or the offset reaches the total; the items and how many pages it took."""
    items, offset, pages = [], 0, 0
    joint = "&" if "?" in path else "?"
    while True:
        answer = await node(client, f"{path}{joint}limit={limit}&offset={offset}")
        assert answer.status == 200, answer.body
        page = answer.json
        assert (page["limit"], page["offset"]) == (limit, offset)
        assert len(page["items"]) <= limit
        items += page["items"]
        offset += len(page["items"])
        pages += 1
        if not page["items"] or offset >= page["total"]:
            return items, pages


def dotnet_date(text: str) -> datetime:
    """A text that `[datetime]` reads with the culture en-US: month, day, year, twelve hours."""
    return datetime.strptime(text, "%m/%d/%Y %I:%M %p")


def known(number: int, rows: int = 200, **more: Any) -> ApplianceSpec:
    """An appliance whose records a test may count: odd numbers speak the dialect of the wiki, even ones 10.x."""
    zone = "America/New_York"
    records = tuple(generate_rows(number, ZoneInfo(zone), int(time.time()), rows, 14, name=f"site-{number}"))
    return small(number, records=records, timezone=zone, **more)


def is_backup(record: Record) -> bool:
    """By the core name: no copy, no restore, no verification, nothing of an archive."""
    name = record.core_type
    return not (name.startswith(("securesync", "verify", "archive")) or name.endswith("restore"))


def in_catalog(record: Record, since: float = 0) -> bool:
    """What a catalog lists, by the true facts: complete backups."""
    return not record.is_running and is_backup(record) and record.start >= since
