"""Faults: what goes wrong, on which routes, how often.

A fault is switched on with ``Appliance.inject`` or a control call. *Listener* faults change how the
port behaves before any HTTP is spoken; all others change the answer to single requests and are
listed, with what they do, in ``fault_answers.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final

ROUTES: Final = frozenset({"login", "logout", "systems", "backups"})

LISTENER_MODES: Final = frozenset({"refusing", "stalled", "plain_http", "other_certificate"})
"""refusing: the port is closed. stalled: connections are accepted and left alone, so a TLS handshake
never ends. plain_http: no TLS on a TLS port. other_certificate: a new certificate on a TLS port."""

_DEFAULT_ROUTES: Final = frozenset({"backups"})
_LOGIN_MODES: Final = frozenset({"login_refused", "no_token", "bad_token"})


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    ``routes``: which of ROUTES; none given means the list call, or the login for the modes that are
    about logins. ``count``: how many requests it hits, None for every one until it is cleared.
    ``every``: it hits each n-th request only (2: flapping). The other fields belong to single modes.
    """

    mode: str
    routes: frozenset[str] = frozenset()
    count: int | None = None
    every: int = 1
    seconds: float = 1.0
    """slow: the delay; hung: ignored."""
    interval: float = 0.2
    """trickling: seconds between two bytes."""
    status: int = 0
    """redirect, error, body: the HTTP status; 0 is the mode's own."""
    location: str = "http://127.0.0.1:9/api/login"
    """redirect: where to."""
    retry_after: int = 30
    """too_many, unavailable: seconds."""
    http_date: bool = False
    """too_many, unavailable: Retry-After as an HTTP date on the appliance's clock."""
    size_bytes: int = 80 * 1024 * 1024
    """huge, gzip_bomb: decoded size of the body, at least."""
    chunked: bool = False
    """huge: no Content-Length."""
    depth: int = 100_000
    """deep: nested arrays."""
    text: str = ""
    """error, result_only: the message. wrong_shape, body: the body."""
    content_type: str = "application/json"
    """body, content_type."""
    percent: int = 100
    """non_objects: how many of a hundred rows are replaced."""

    def __post_init__(self) -> None:
        unknown = self.routes - ROUTES
        if unknown:
            raise ValueError(f"unknown routes: {', '.join(sorted(unknown))}")
        if self.every < 1:
            raise ValueError("every: less than 1")
        if not self.routes:
            default = frozenset({"login"}) if self.mode in _LOGIN_MODES else _DEFAULT_ROUTES
            object.__setattr__(self, "routes", default)

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Fault":
        """From a control call; unknown keys or values of a wrong kind raise ValueError."""
        types = cls._json_types()
        for key, value in data.items():
            if key not in types:
                raise ValueError(f"unknown key: {key}")
            if not isinstance(value, types[key]):
                raise ValueError(f"{key}: not a {types[key][0].__name__}")
        if "mode" not in data:
            raise ValueError("mode is missing")
        routes = data.get("routes", [])
        named = frozenset(map(str, routes)) if isinstance(routes, list) else frozenset()
        return cls(**{**data, "routes": named})  # type: ignore[arg-type]

    @classmethod
    def _json_types(cls) -> dict[str, tuple[type, ...]]:
        simple = {item.name: item.type for item in fields(cls) if isinstance(item.type, type)}
        types: dict[str, tuple[type, ...]] = {
            name: (float, int) if kind is float else (kind,) for name, kind in simple.items()
        }
        return types | {"routes": (list,), "count": (int, type(None))}


@dataclass
class _Armed:
    fault: Fault
    seen: int = 0
    hits: int = 0

    def strikes(self, route: str) -> bool:
        if route not in self.fault.routes:
            return False
        self.seen += 1
        if self.seen % self.fault.every or self._is_spent():
            return False
        self.hits += 1
        return True

    def _is_spent(self) -> bool:
        return self.fault.count is not None and self.hits >= self.fault.count


@dataclass
class FaultBoard:
    """The request faults that are switched on, the newest first in line."""

    _armed: list[_Armed] = field(default_factory=list)

    @property
    def active(self) -> list[Fault]:
        return [armed.fault for armed in self._armed]

    def add(self, fault: Fault) -> None:
        self._armed.insert(0, _Armed(fault))

    def clear(self) -> None:
        self._armed.clear()

    def take(self, route: str) -> Fault | None:
        """The fault that hits this request, which counts as one of its hits."""
        for armed in self._armed:
            if armed.strikes(route):
                return armed.fault
        return None
