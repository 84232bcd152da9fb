"""The folder of `cache.snapshot`: one file for each held list."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gateway.filter import Asked
from gateway.lists.names import asked_digest
from gateway.whole_files import sweep

_SUFFIX: Final = ".held"


def file_name(system_id: int, asked: Asked) -> str:
    """The file of a system's list for a question."""
    return f"{system_id}-{asked_digest(asked)}{_SUFFIX}"


def files(folder: Path) -> Iterator[Path]:
    """The held lists of a folder, the oldest first: where memory is short the youngest are kept.

    Leftovers of a write that never ended are removed.
    """
    sweep(folder)
    yield from sorted(folder.glob(f"*{_SUFFIX}"), key=_written_at)


def _written_at(path: Path) -> float:
    """One strange entry of the folder must not hide the others: whoever reads it meets its fault."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def remove(folder: Path, names: Iterable[str]) -> None:
    """Remove files of lists that are held no more."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
