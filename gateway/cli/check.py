"""`backup-gateway check`: a monitoring plug-in over GET /gateway/summary (Monitoring Plugins guidelines)."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from cyclopts import Group, Parameter

from gateway.cli.check_report import UNKNOWN, Judged, Overview, report
from gateway.cli.client import Client, no_gateway
from gateway.cli.exits import ClientError, Exit, printable, write_out
from gateway.cli.target import Address, Target, address_of
from gateway.cli.thresholds import Range, hours_of, range_of

_GROUP: Final = Group("Thresholds: ranges as 5, 5:, ~:5, 5:9, @5:9, or none", sort_key=1)
_LONGEST_S: Final = 25.0
"""Monitoring systems end a plug-in that takes longer than some ten seconds to a minute."""


@Parameter(name="*", group=_GROUP)
@dataclass(frozen=True, slots=True)
class Thresholds:
    """One pair of ranges for each figure."""

    warning_failed: Annotated[str, Parameter(help="Assets whose last backup failed.")] = "0"
    critical_failed: Annotated[str, Parameter(name=("--critical-failed", "-c"), help="The same.")] = "0"
    warning_streak: Annotated[str, Parameter(help="Assets that have failed again and again.")] = "0"
    critical_streak: Annotated[str, Parameter(help="The same.")] = "0"
    warning_late: Annotated[
        str, Parameter(name=("--warning-late", "-w"), help="Assets whose last good backup is too old.")
    ] = "0"
    critical_late: Annotated[str, Parameter(help="The same.")] = "none"
    warning_never: Annotated[str, Parameter(help="Assets that never had a good backup.")] = "0"
    critical_never: Annotated[str, Parameter(help="The same.")] = "none"
    warning_unreachable: Annotated[str, Parameter(help="Systems that do not answer.")] = "0"
    critical_unreachable: Annotated[str, Parameter(help="The same.")] = "0"


def check(
    *,
    system_id: Annotated[list[str] | None, Parameter(name=("--system-id", "--system"), negative="")] = None,
    customer: Annotated[list[str] | None, Parameter(negative="")] = None,
    tag: Annotated[list[str] | None, Parameter(negative="")] = None,
    max_age: str | None = None,
    thresholds: Thresholds | None = None,
    target: Target | None = None,
) -> int:
    """Monitoring plug-in for Nagios, Icinga, Naemon and their like.

    Exit: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (also: no gateway there, login refused, command line not understood).
    Without thresholds a failed asset or a system that does not answer is CRITICAL; one that is late, or that never
    had a good backup, is WARNING.

    Parameters
    ----------
    system_id:
        Only these systems.
    customer:
        Only systems of these customers.
    tag:
        Only systems with these tags.
    max_age:
        How old the last good backup of an asset may be: 25h, 2d, or seconds; whole hours. By default as the gateway's
        configuration says for each system.
    """
    wanted = {"system_id": system_id, "customer": customer, "tag": tag}
    query = {key: ",".join(values) for key, values in wanted.items() if values}
    try:
        return asyncio.run(_check(query, max_age, thresholds or Thresholds(), target or Target()))
    except ClientError as error:
        write_out(f"UNKNOWN: {printable(error.message).replace('|', '/')}\n".encode(errors="replace"))
        return UNKNOWN


async def _check(query: dict[str, str], max_age: str | None, thresholds: Thresholds, target: Target) -> int:
    address = address_of(target)
    if max_age is not None:
        query |= {"no_success_hours": hours_of("--max-age", max_age)}
    ranges = {
        name: (_range(thresholds, f"warning_{name}"), _range(thresholds, f"critical_{name}"))
        for name in ("failed", "streak", "late", "never", "unreachable")
    }
    seen = await _asked(address, query)
    if not seen.systems.total:
        raise ClientError(Exit.USAGE, "this token may see no system: there is nothing to judge")
    assets = seen.assets
    judged = [
        Judged("failed", assets.failing, *ranges["failed"]),
        Judged("streak", assets.critical, *ranges["streak"]),
        Judged("late", assets.late, *ranges["late"]),
        Judged("never", assets.never, *ranges["never"]),
        Judged("unreachable", seen.systems.unreachable, *ranges["unreachable"], most=seen.systems.total),
    ]
    code, text = report(seen, judged)
    write_out(text.encode(errors="replace"))
    return code


def _range(thresholds: Thresholds, name: str) -> Range | None:
    return range_of(f"--{name.replace('_', '-')}", getattr(thresholds, name))


async def _asked(address: Address, query: dict[str, str]) -> Overview:
    try:
        async with asyncio.timeout(min(_LONGEST_S, address.timeout_s)), Client(address) as client:
            body = await client.whole("/gateway/summary", query)
    except TimeoutError:
        raise ClientError(Exit.UNREACHABLE, f"{address.url}: no answer in time") from None
    try:
        return msgspec.json.decode(body, type=Overview)
    except (ValueError, RecursionError) as error:
        raise no_gateway(address.url, f"its summary is none: {error}") from None
