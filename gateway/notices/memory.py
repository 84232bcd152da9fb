"""What each webhook has been told, kept beside the snapshots so that a restart tells nothing twice."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import structlog

from gateway import whole_files
from gateway.notices.alerts import Alert

_FILE: Final = "notices.json"

_encode: Final = msgspec.json.Encoder().encode


class Memory(msgspec.Struct):
    """Open alerts by id, and the ISO date of the last digest."""

    told: dict[str, Alert] = msgspec.field(default_factory=dict)
    digest: str = ""


_decode: Final = msgspec.json.Decoder(dict[str, Memory]).decode


def read(folder: str) -> dict[str, Memory]:
    """By name of the webhook; nothing without a folder. A file that cannot be read is told and passed by."""
    if not folder:
        return {}
    try:
        return _decode((Path(folder) / _FILE).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        structlog.get_logger().warning("notices_unreadable", file=_FILE, reason=type(error).__name__)
        return {}


def write(folder: str, memories: Mapping[str, Memory]) -> None:
    """Keep it. A full disk is told, and costs nothing else."""
    if not folder:
        return
    try:
        whole_files.write(Path(folder), _FILE, _encode(memories))
    except OSError as error:
        structlog.get_logger().warning("notices_not_written", file=_FILE, reason=error.strerror)
