"""The rows of an answer as a table for people."""

from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any, Final

import msgspec
from rich.console import Console
from rich.text import Text

from gateway.cli.exits import writing
from gateway.cli.screen import Color, console_on, print_table, state_of
from gateway.dialects.row_words import own_name

_USED: Final = (
    *("system_id", "system_name", "client_name", "asset_name", "vm_name", "database_name", "instance_name"),
    *("type", "status", "start_epoch", "start_date_time", "duration", "size"),
)
_HEADS: Final = ("SYSTEM", "ASSET", "TYPE", "STATUS", "START", "DURATION", "SIZE")
_MIB: Final = 1024

Row = dict[str, Any]


class Rows:
    """Collects rows until they can be shown; `fields` are the columns that the caller chose, None for the usual."""

    def __init__(self, fields: str | list[str] | None) -> None:
        self._chosen = [fields] if isinstance(fields, str) else fields
        self._rows: list[Row] = []

    @property
    def fields(self) -> list[str]:
        """What the gateway is asked to send: a table has no use for the rest of a row."""
        return list(_USED) if self._chosen is None else self._chosen

    def by_system(self) -> None:
        """The systems in their order, whatever the one in which they finished; each one's own order stays."""
        self._rows.sort(key=lambda row: row["system_id"])

    def add(self, line: bytes) -> None:
        """A row as JSON. Raises ValueError for what is none."""
        self._rows.append(msgspec.json.decode(line, type=Row))

    def extend(self, rows: Iterable[Row]) -> None:
        """Rows in their order."""
        self._rows.extend(rows)

    def print(self, stream: IO[str], color: Color) -> None:
        """The table; without rows nothing at all."""
        if not self._rows:
            return
        console = console_on(stream, color)
        with writing():
            self._print(console)

    def _print(self, console: Console) -> None:
        if self._chosen is None:
            cells = [_cells(row, console) for row in self._rows]
            print_table(console, _HEADS, cells, right=("SIZE",), broken=("SYSTEM", "ASSET", "TYPE"))
        else:
            heads = list(dict.fromkeys(("system_id", *self._chosen)))
            print_table(console, heads, [[_cell(name, row, console) for name in heads] for row in self._rows])


def _cells(row: Row, console: Console) -> list[str | Text]:
    return [
        _text(row.get("system_name")),
        asset_of(row),
        _text(row.get("type")),
        _cell("status", row, console),
        _start(row),
        _text(row.get("duration")),
        _size(row.get("size")),
    ]


def _cell(name: str, row: Row, console: Console) -> str | Text:
    value = row.get(name)
    return state_of(value, console) if name == "status" and isinstance(value, str) else _text(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def asset_of(row: Row) -> str:
    """The client, and what was backed up of it where that has a name of its own."""
    client = _text(row.get("client_name"))
    part = own_name(*(row.get(name) for name in ("database_name", "vm_name", "asset_name", "instance_name")))
    return client if part in ("", client) else part if not client else f"{client} / {part}"


def _start(row: Row) -> str:
    """On the clock of this machine; where the instant is not known, in the appliance's own words."""
    epoch = row.get("start_epoch")
    if isinstance(epoch, int) and not isinstance(epoch, bool):
        try:
            return datetime.fromtimestamp(epoch).astimezone().strftime("%Y-%m-%d %H:%M")
        except (OverflowError, OSError, ValueError):
            pass
    return _text(row.get("start_date_time"))


def _size(value: object) -> str:
    """From MiB (appliance-api.md section 6); what is no number is shown as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _text(value)
    if value < _MIB:
        return f"{value:g} MiB"
    return f"{value / _MIB:,.1f} GiB" if value < _MIB**2 else f"{value / _MIB**2:,.1f} TiB"
