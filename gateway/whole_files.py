"""Files that are there as a whole or not at all, whenever the power goes."""

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Final

_UNFINISHED: Final = ".part"


def write(folder: Path, name: str, data: bytes) -> None:
    """Put a file in its place, synced, with mode 0600; raises OSError."""
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=_UNFINISHED, dir=folder)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(folder / name)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Make renames last; raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path) -> None:
    """Remove what is left of writes that never ended."""
    for leftover in folder.glob(f".*{_UNFINISHED}"):
        with contextlib.suppress(OSError):
            leftover.unlink()
