"""What an answer says of its systems, as a sentence and a line for each that fell short, and the code it ends with."""

from datetime import datetime
from typing import Any

import msgspec

from gateway.cli.client import Said
from gateway.cli.exits import Exit
from gateway.cli.screen import age_text


class Fault(msgspec.Struct):
    """`error` of a system (contract section 5.3)."""

    kind: str
    message: str = ""
    retry_at: str | None = None


class SystemState(msgspec.Struct):
    """One entry of `systems`."""

    system_id: int
    system_name: str
    state: str
    rows: int = 0
    age_seconds: float | None = None
    error: Fault | None = None
    warnings: list[str] = []


class Summary(Said, kw_only=True):
    """An answer without its rows; the last line of a stream is one."""

    systems: list[SystemState]
    complete: bool
    total: int = 0
    next_cursor: str | None = None


class Whole(Summary, kw_only=True):
    """An answer with its rows."""

    backups: list[dict[str, Any]] = []  # noqa: RUF012


def sentence(systems: list[SystemState]) -> str:
    """How many answered, and how old the oldest part of the data is."""
    answered = sum(system.state == "ok" for system in systems)
    ages = [system.age_seconds for system in systems if system.age_seconds is not None]
    oldest = f", oldest data {age_text(max(ages))}" if ages else ""
    return f"{answered} of {len(systems)} systems answered{oldest}"


def shortcomings(systems: list[SystemState], now: float) -> list[str]:
    """A line for each system that did not answer, or whose answer is not all that it should be."""
    lines = []
    for system in systems:
        said = [] if system.state == "ok" else [_state(system)]
        if system.error is not None:
            said.append(f"{system.error.kind}, {system.error.message}; next try {_next(system.error.retry_at, now)}")
        said += system.warnings
        if said:
            sign = "x" if system.state == "missing" else "!"
            lines.append(f"{sign} {system.system_name} (system {system.system_id}): {'; '.join(said)}")
    return lines


def _state(system: SystemState) -> str:
    if system.state == "stale" and system.age_seconds is not None:
        return f"stale, its last good list is {age_text(system.age_seconds)} old"
    return system.state


def _next(retry_at: str | None, now: float) -> str:
    when = moment(retry_at)
    if when is None or when.timestamp() <= now:
        return "with the next question"
    return when.strftime("%H:%M:%S") if when.timestamp() - now < 43_200 else when.strftime("%Y-%m-%d %H:%M")


def moment(text: str | None) -> datetime | None:
    """An ISO 8601 time of the gateway, on the clock of this machine."""
    try:
        return None if text is None else datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        return None


def code_of(complete: bool, systems: list[SystemState]) -> Exit:
    """0 for a complete answer, 4 where not one system could be used, else 1."""
    if complete:
        return Exit.COMPLETE
    usable = any(system.state != "missing" for system in systems)
    return Exit.PARTIAL if usable else Exit.UNREACHABLE
