"""`backup-gateway export checkmk`: what Checkmk's own checks `unitrends_backup` and `unitrends_replication` read.

One piggyback block for each system: Checkmk hangs it on the host of that name. Both sections part their fields with
`|` (sep(124)). An asset stands where an appliance's own plug-in has a schedule: rows name no schedule. Restores,
verifications, archives and replica copies are no backups of it: one that failed makes no service critical.
"""

import time
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from gateway.cli.backups_table import asset_of
from gateway.cli.client import Client
from gateway.cli.exits import printable, run_verb, say, write_out
from gateway.cli.question import encoded
from gateway.cli.reading import read_ndjson
from gateway.cli.summary import SystemState, code_of, sentence, shortcomings
from gateway.cli.target import Address, Target, address_of
from gateway.dialects.kinds import is_backup
from gateway.dialects.signs import Signs

FIELDS: Final = (
    *("id", "client_name", "asset_name", "vm_name", "database_name", "instance_name", "status", "replication_status"),
    *(sign.name for sign in msgspec.structs.fields(Signs)),
)
"""What is asked for of each row: what it is called, what became of it, and what betrays its kind."""
_FILES: Final = "file-level"
"""File-level rows carry no application (contract section 5.1)."""

_NOT_REPLICATED: Final = ("", "not applicable", "n/a")
_REPLICATED: Final = ("completed", "success", "successful")

Row = dict[str, Any]


def checkmk(
    *,
    hours: Annotated[int, Parameter(help="How far back backups are counted.")] = 24,
    target: Target | None = None,
) -> int:
    """Sections for Checkmk, one piggyback block for each system.

    A system that gave no rows has no block, so that its services become stale instead of good.
    Exit: 0 complete, 1 partial, 2 usage or configuration, 3 login refused, 4 nothing reachable.
    """
    return run_verb(lambda: _export(hours, address_of(target or Target())))


async def _export(hours: int, address: Address) -> int:
    body = encoded({"start_hours": hours, "format": "ndjson", "fields": list(FIELDS)})
    rows: list[Row] = []

    def closed(system: SystemState) -> None:
        # The rows of a system stand together and before its line: no more than one system's are held.
        if system.state != "missing":
            write_out(block(system.system_name, rows).encode(errors="replace"))
        rows.clear()

    async with Client(address) as client, client.asked("POST", "/api/backups", body=body) as response:
        seen = await read_ndjson(
            response, row=lambda line: rows.append(msgspec.json.decode(line, type=Row)), closed=closed
        )
    if not seen.complete:
        for line in (sentence(seen.systems), *shortcomings(seen.systems, time.time())):
            say(line)
    return code_of(seen.complete, seen.systems)


@dataclass(slots=True)
class _Service:
    """What becomes one service: the backups of one asset."""

    application: str
    lines: list[str] = field(default_factory=list)
    failures: int = 0


def block(system: str, rows: list[Row]) -> str:
    """One system's block."""
    lines = [f"<<<<{_host(system)}>>>>", "<<<unitrends_backup:sep(124)>>>"]
    for asset, service in _services(rows).items():
        lines.append(_line("HEADER", asset, service.application, system, service.failures))
        lines += service.lines
    lines.append("<<<unitrends_replication:sep(124)>>>")
    for row in rows:
        status = str(row.get("replication_status") or "")
        if status.lower() not in _NOT_REPLICATED:
            done = status.lower() in _REPLICATED
            result = "Success" if done else status
            target = row.get("destination") or "replication target"
            lines.append(_line(_application(row), result, "yes" if done else "no", target, asset_of(row)))
    return "\n".join([*lines, "<<<<>>>>", ""])


def _services(rows: list[Row]) -> dict[str, _Service]:
    services: dict[str, _Service] = {}
    for row in filter(is_backup, rows):
        asset = asset_of(row) or "unnamed"
        service = services.setdefault(asset, _Service(_application(row)))
        service.failures += str(row.get("status")) == "Failure"
        service.lines.append(_line(asset, row.get("id"), row.get("type"), row.get("status")))
    return services


def _application(row: Row) -> str:
    return str(row.get("app_name") or _FILES)


def _line(*fields: object) -> str:
    """Checkmk counts the fields: none of them may hold the sign that parts them."""
    return "|".join("" if each is None else printable(str(each)).replace("|", "/") for each in fields)


def _host(name: str) -> str:
    """A name that can stand in a piggyback header and as the name of a host."""
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in name)
