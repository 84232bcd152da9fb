"""What happened, for people: structlog lines. The core emits frozen events; this is where they become lines."""

import json
import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec
import structlog

from gateway.config_tables import Log
from gateway.sources.source import CallEvent

_SECRET_KEYS: Final = frozenset({"password", "token", "auth_token", "authtoken", "authorization", "cookie"})
_CLIP: Final = 256


def configure_logs(log: Log, stream: TextIO | None = None) -> None:
    """One JSON object or one console line for each event, on stderr."""
    output = stream or sys.stderr
    render: Any = (
        structlog.processors.JSONRenderer(serializer=_to_json)
        if log.format == "json"
        else structlog.dev.ConsoleRenderer(colors=output.isatty())
    )
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Never local variables: they hold passwords and tokens.
        _exception_as(log.format),
        _safe,
        render,
    ]
    _QUICK.of(log, processors, output)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, log.level.upper())),
        logger_factory=structlog.WriteLoggerFactory(output),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)


class _QuickLines:
    """Request lines past structlog, whose chain costs as much as all else of a ready answer; the same lines."""

    def __init__(self) -> None:
        self._processors: list[Any] = []
        self._render: Any = None
        self._output: TextIO | None = None
        self._silent = False

    def of(self, log: Log, processors: list[Any], output: TextIO) -> None:
        """Write as structlog would with this configuration."""
        self._processors, self._render, self._output = processors, processors[-1], output
        self._silent = log.level in ("warning", "error")
        if log.format != "json":
            self._render = None

    def write(self, fields: dict[str, Any]) -> bool:
        """Whether the line is written, or not wanted; False where structlog is to write it."""
        processors = structlog.get_config()["processors"]
        if processors is not self._processors or not processors or processors[-1] is not self._render:
            return False  # as tests and other formats have it
        if not self._silent and self._output is not None:
            stamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            event = _safe(None, "", dict(fields))
            line = _to_json({**event, "event": "request", "level": "info", "timestamp": stamp})
            self._output.write(line + "\n")
            self._output.flush()
        return True


_QUICK: Final = _QuickLines()


def log_request(fields: dict[str, Any]) -> None:
    """One line for each request, its id among the fields."""
    if not _QUICK.write(fields):
        structlog.get_logger().info("request", **fields)


def _exception_as(form: str) -> Any:
    if form == "console":
        return structlog.processors.format_exc_info
    return structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


class _Libraries(logging.Handler):
    """What libraries log, as lines of ours: without their tracebacks, which may quote what a caller has sent."""

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().warning("library", logger=record.name, message=str(record.msg), error=error)


def audit(action: str, *, who: str, address: str, what: str, outcome: str) -> None:
    """One JSON line, whatever the level and the form of the log: who did what, from where, and what came of it."""
    record = {
        "audit": action,
        "who": who,
        "address": address,
        "what": what,
        "outcome": outcome,
        "request_id": "",  # what no request has brought about has none
        **structlog.contextvars.get_contextvars(),
    }
    stamped = structlog.processors.TimeStamper(fmt="iso", utc=True)(None, "", record)
    structlog.get_config()["logger_factory"]().msg(_to_json(_safe(None, "", stamped)))


def log_call(event: CallEvent) -> None:
    """One line for each call to an appliance."""
    logger = structlog.get_logger()
    write = logger.info if event.error is None else logger.warning
    write(
        "call",
        system_id=event.system_id,
        system=event.system,
        verb=event.verb,
        ms=round(event.took_s * 1000, 1),
        rows=event.rows,
        bytes=event.reply_bytes,
        error=event.error,
        detail=event.detail,
    )


def _safe(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """No secret by its name, no control character, no endless text."""
    for key, value in event.items():
        if key.lower() in _SECRET_KEYS:
            event[key] = "***"
        elif key == "exception" and isinstance(value, str):
            # Indented: what an exception says may look like a line of ours.
            event[key] = "\n".join(f"  {_visible(line)}" for line in value.split("\n"))
        elif isinstance(value, str) and key != "timestamp":
            event[key] = _visible(value[:_CLIP])
    return event


def _visible(text: str) -> str:
    return text if text.isprintable() else "".join(char if char.isprintable() else "�" for char in text)


def _to_json(event: Any, **_options: Any) -> str:
    if "exception" in event:  # its text may hold anything, half of a character even: ASCII alone
        return json.dumps(event, default=repr)
    return msgspec.json.encode(event, enc_hook=repr).decode()
