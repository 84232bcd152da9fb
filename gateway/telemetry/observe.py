"""What happened, for people: structlog lines. The core emits frozen events; this is where they become lines."""

import json
import logging
import sys
import time
from collections.abc import Mapping, MutableMapping
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TextIO

import msgspec
import structlog

from gateway.config.tables import Log
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
    _OURS.update(processors=processors, render=render, state=_state_of(log))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, log.level.upper())),
        logger_factory=structlog.WriteLoggerFactory(output),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)


class LogState(Enum):
    """What becomes of a line of level info."""

    JSON = "one JSON object for each line"
    SILENT = "not written"
    OTHER = "left to structlog"


_OURS: Final[dict[str, Any]] = {"processors": None, "render": None, "state": LogState.OTHER}


def log_state() -> LogState:
    """What structlog would do now, as far as it is configured here: tests may have it otherwise."""
    processors = structlog.get_config()["processors"]
    is_ours = processors is _OURS["processors"] and processors and processors[-1] is _OURS["render"]
    return _OURS["state"] if is_ours else LogState.OTHER


def _state_of(log: Log) -> LogState:
    if log.level in ("warning", "error"):
        return LogState.SILENT
    return LogState.JSON if log.format == "json" else LogState.OTHER


def safe(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a line may say: no secret by its name, no control character, no endless text."""
    return dict(_safe(None, "", dict(fields)))


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
    fields = {
        "system_id": event.system_id,
        "system": event.system,
        "verb": event.verb,
        "ms": round(event.took_s * 1000, 1),
        "rows": event.rows,
        "bytes": event.reply_bytes,
        "error": event.error,
        "detail": event.detail,
    }
    log_line("call", fields, is_warning=event.error is not None)


def timestamp() -> str:
    """Now, as lines say it."""
    now = time.time()
    return f"{_second(int(now))}.{int(now % 1 * 1e6):06d}Z"


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def log_line(event: str, fields: Mapping[str, Any], *, is_warning: bool = False) -> None:
    """A line of level info or warning, as structlog writes it: its chain takes five times as long to say the same."""
    state = log_state()
    if state is LogState.OTHER or (state is LogState.SILENT and is_warning):
        logger = structlog.get_logger()
        (logger.warning if is_warning else logger.info)(event, **fields)
    elif state is LogState.JSON:
        level = "warning" if is_warning else "info"
        line = safe({**fields, **structlog.contextvars.get_contextvars()})
        line |= {"event": event, "level": level, "timestamp": timestamp()}
        structlog.get_config()["logger_factory"]().msg(_to_json(line))


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
