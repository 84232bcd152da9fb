"""What a person sees: colours where they are wanted, states as sign, word and colour, tables."""

import os
import sys
from collections.abc import Sequence
from typing import IO, Final, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.exits import printable, write_out

Color = Literal["auto", "always", "never"]

_LONG: Final = 500
"""Rows of a table that is still fitted into the window."""
_BROKEN_TO: Final = 6
"""Signs that stay of each line of a text that may be broken anywhere."""

_SIGNS: Final[dict[str, tuple[str, str, str]]] = {
    # word in lower case: sign, the same in ASCII, colour
    "success": ("✓", "v", "green"),
    "warning": ("!", "!", "yellow"),
    "failure": ("✗", "x", "red"),
    "none": ("?", "?", "bright_black"),
    "ok": ("✓", "v", "green"),
    "stale": ("!", "!", "yellow"),
    "missing": ("✗", "x", "red"),
    "unknown": ("?", "?", "bright_black"),
}


def console_on(stream: IO[str], color: Color) -> Console:
    """A console that writes plain text unless colours are wanted: NO_COLOR, TERM=dumb and pipes have none."""
    seen = is_terminal(stream)
    colours = color == "always" or (color == "auto" and seen and not os.environ.get("NO_COLOR"))
    return Console(
        file=stream,
        force_terminal=colours,
        color_system="standard" if colours else None,
        no_color=not colours,
        highlight=False,
        markup=False,
        emoji=False,
    )


def is_terminal(stream: IO[str]) -> bool:
    """Whether somebody looks at it who can be shown signs that move and colours."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def state_of(word: str, console: Console) -> Text:
    """A state as sign, word and colour: never one of them alone."""
    sign, plain, style = _SIGNS.get(word.lower(), ("·", ".", ""))
    return Text(f"{sign if _shows_signs(console) else plain} {printable(word)}", style=style)


def _shows_signs(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")


def print_table(
    console: Console,
    heads: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    right: Sequence[str] = (),
    broken: Sequence[str] | None = None,
) -> None:
    """A table; heads in `right` stand over numbers, those in `broken` (None: all) over texts that may break anywhere.

    In a pipe each row is one line, and so it is in a long table, and in a window that is too narrow for its words.
    """
    cells = [[cell if isinstance(cell, Text) else Text(printable(cell)) for cell in row] for row in rows]
    heading = [Text(head, style="bold") for head in heads]
    table = None
    if is_terminal(console.file) and len(rows) <= _LONG:
        may_break = [broken is None or head in broken for head in heads]
        table = _table_in(console, [heading, *cells], [head in right for head in heads], may_break)
    if table is None:
        _write(console, _lines(console, [heading, *cells], [head in right for head in heads]))
        return
    with console.capture() as captured:
        console.print(table)
    _write(console, captured.get())


def _table_in(
    console: Console, rows: Sequence[Sequence[Text]], right: Sequence[bool], may_break: Sequence[bool]
) -> Table | None:
    """A table, the first row its heads, that fits into the window; None where its words do not."""
    natural = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    words = [max(_longest_word(cell) for cell in column) for column in zip(*rows, strict=True)]
    least = [min(word, _BROKEN_TO) if broken else word for word, broken in zip(words, may_break, strict=True)]
    easy = [min(width, 2 * _BROKEN_TO) if broken else width for width, broken in zip(natural, may_break, strict=True)]
    gaps = len(heads := rows[0]) - 1
    between = next((size for size in (3, 2) if sum(easy) <= console.width - size * gaps), 1)
    room = console.width - between * gaps
    if sum(least) > room:
        return None
    has_lines = _shows_signs(console)
    sides = (0, between - 1 if has_lines else between, 0, 0)  # the box itself parts columns by one sign
    table = Table(box=box.SIMPLE_HEAD if has_lines else None, pad_edge=False, show_edge=False, padding=sides)
    for head, width, to_right in zip(heads, _narrowed(natural, least, room), right, strict=True):
        side: Literal["left", "right"] = "right" if to_right else "left"
        table.add_column(head, justify=side, overflow="fold", width=width)
    for row in rows[1:]:
        table.add_row(*row)
    return table


def _longest_word(cell: Text) -> int:
    return max((cell_len(word) for word in cell.plain.split()), default=0)


def _narrowed(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that fit into `room`: who has the most to give gives first."""
    widths = list(natural)
    for _ in range(sum(widths) - room):
        given = max(range(len(widths)), key=lambda at: widths[at] - least[at])
        widths[given] -= 1
    return widths


def _write(console: Console, text: str) -> None:
    write_out(text.encode(console.encoding, errors="replace"))


def _lines(console: Console, rows: Sequence[Sequence[Text]], right: Sequence[bool]) -> str:
    """Aligned lines, none of them cut: many times faster than a table that fits its window."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        line = Text()
        for cell, width, to_right in zip(row, widths, right, strict=True):
            space = " " * (width - cell.cell_len)
            line.append(space if to_right else "").append_text(cell).append("  " if to_right else f"{space}  ")
        line.rstrip()
        lines.append(line)
    if console.color_system is None:
        return "".join(f"{line.plain}\n" for line in lines)
    with console.capture() as captured:
        for line in lines:
            console.print(line, soft_wrap=True)
    return captured.get()


def age_text(seconds: float) -> str:
    """How old something is, in the unit that a person would take."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size or (size != 86_400 and seconds >= size):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def stderr_console() -> Console:
    """For what moves while a person waits."""
    return Console(file=sys.stderr, no_color=bool(os.environ.get("NO_COLOR")), highlight=False, markup=False)
