"""`backup-gateway systems`: what a running gateway knows of each of its systems; no appliance is called."""

import csv
import io
import sys
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter
from rich.text import Text

from gateway.answers.table import harmless
from gateway.cli.client import Client, no_gateway
from gateway.cli.exits import Exit, run_verb, say, write_out, writing
from gateway.cli.screen import Color, age_text, console_on, print_table, state_of
from gateway.cli.summary import moment
from gateway.cli.target import Address, Target, address_of

Output = Literal["table", "json", "ndjson", "csv"]
System = dict[str, Any]

_HEADS = ("SYSTEM", "ID", "STATE", "AGE", "ROWS", "CALLS/MIN", "CEILING", "BREAKER", "P50 MS", "P95 MS", "WHY")
_NUMBERS = ("ID", "AGE", "ROWS", "CALLS/MIN", "CEILING", "P50 MS", "P95 MS")


def systems(
    *,
    output: Annotated[Output, Parameter(name=("--output", "-o"))] = "table",
    color: Color = "auto",
    target: Target | None = None,
) -> int:
    """State, age, load and speed of every system behind a running gateway.

    Exit: 0 no system is in trouble, 1 some are stale or missing, 2 usage or configuration, 3 login refused,
    4 nothing reachable (the gateway, or not one system).

    Parameters
    ----------
    output:
        table, json (the gateway's answer, unchanged), ndjson or csv.
    color:
        auto: on a terminal, unless NO_COLOR is set.
    """
    return run_verb(lambda: _systems(output, color, address_of(target or Target())))


async def _systems(output: Output, color: Color, address: Address) -> int:
    async with Client(address) as client:
        body = await client.whole("/gateway/systems")
    found = _read(body, address.url)
    if output == "json":
        write_out(body)
    elif output == "ndjson":
        write_out(b"".join(msgspec.json.encode(system) + b"\n" for system in found))
    elif output == "csv":
        write_out(_csv(found))
    else:
        with writing():
            _print(found, color)
    states = [system.get("state") for system in found]
    lacking = sum(state in ("stale", "missing") for state in states)
    if lacking:
        say(f"{lacking} of {len(found)} systems did not answer when they were asked last")
    if states and all(state == "missing" for state in states):
        return Exit.UNREACHABLE
    return Exit.PARTIAL if lacking else Exit.COMPLETE


def _read(body: bytes, url: str) -> list[System]:
    try:
        return msgspec.json.decode(body, type=dict[Literal["systems"], list[System]])["systems"]
    except (ValueError, KeyError, RecursionError):
        raise no_gateway(url, "it has no list of systems") from None


def _print(found: list[System], color: Color) -> None:
    with_color = console_on(sys.stdout, color)
    rows: list[list[str | Text]] = [
        [
            str(system.get("system_name", "")),
            _number(system.get("system_id")),
            state_of(str(system.get("state", "unknown")), with_color),
            "" if system.get("age_seconds") is None else age_text(system["age_seconds"]),
            _number(system.get("rows_held")),
            _number(system.get("calls_last_minute")),
            _number((system.get("ceiling") or {}).get("calls_per_minute")),
            str(system.get("breaker", "")),
            _number(system.get("latency_p50_ms")),
            _number(system.get("latency_p95_ms")),
            _why(system),
        ]
        for system in found
    ]
    print_table(with_color, _HEADS, rows, right=_NUMBERS, broken=("SYSTEM", "WHY"))


def _why(system: System) -> str:
    if system.get("error") is None:
        return ""
    when = moment(system.get("retry_at"))
    return f"{system['error']}{f'; next try {when:%H:%M:%S}' if when else ''}"


def _number(value: object) -> str:
    return "" if value is None else str(value)


def _csv(found: list[System]) -> bytes:
    """One column for each figure; `ceiling.calls_per_minute` for one inside another. Names may not become formulas."""
    flat = [_flat(system) for system in found]
    columns = list(dict.fromkeys(column for system in flat for column in system))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(system.get(column)) for column in columns] for system in flat)
    return out.getvalue().encode(errors="replace")


def _flat(system: System, above: str = "") -> System:
    flat: System = {}
    for key, value in system.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{above}{key}.")
        else:
            flat[above + key] = value
    return flat


def _cell(value: object) -> object:
    return harmless(value) if isinstance(value, str) else value
