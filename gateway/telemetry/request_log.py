"""The log line of a ready answer: as structlog writes those of all other requests, at a tenth of its price.

One call of structlog and one write for each line cost as much as all else of a small ready answer. What a line says is
spelled once with its answer, and lines are written some together, at most a twentieth of a second late.
"""

import asyncio
import atexit
import os
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog

from gateway.telemetry.observe import LogState, log_state, safe, timestamp

_LATE_S: Final = 0.05
_TOGETHER: Final = 64


class RequestLines:
    """Lines on their way to the log."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        atexit.register(self.flush)

    def spelled(self, fields: Mapping[str, Any]) -> str:
        """What equal lines begin with."""
        return msgspec.json.encode(safe(fields)).decode()[:-1]

    def write(self, spelled: str, took_s: float, request_id: str) -> None:
        """One line; `took_s` in seconds."""
        state = log_state()
        ms = round(took_s * 1000, 1)
        if state is not LogState.JSON:
            if state is LogState.OTHER:
                fields = msgspec.json.decode(spelled + "}")
                structlog.get_logger().info("request", **fields, ms=ms, request_id=request_id)
            return
        self._waiting.append(
            f'{spelled},"ms":{ms},"event":"request","request_id":"{request_id}","level":"info",'
            f'"timestamp":"{timestamp()}"}}\n'
        )
        if len(self._waiting) >= _TOGETHER:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LATE_S, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            text = "".join(self._waiting)
            self._waiting.clear()
            structlog.get_config()["logger_factory"]().msg(text[:-1])


def new_request_id() -> str:
    """As unlikely to occur twice as a UUID of the fourth kind."""
    return os.urandom(16).hex()
