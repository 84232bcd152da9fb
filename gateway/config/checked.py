"""A checked configuration, as the rest of the gateway gets it: frozen, and silent about its secrets."""

from dataclasses import dataclass

from pydantic import SecretStr

from gateway.config.tables import (
    Cache,
    Fanout,
    Log,
    Notices,
    Report,
    Server,
    Thresholds,
    TokenTable,
    UserTable,
    WebhookTable,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Durations, sizes and ceilings that hold for one appliance: its own keys, else [defaults], else the tables."""

    fresh_seconds: float
    revalidate_seconds: float
    stale_seconds: float
    stale_after_auth_seconds: float
    deadline_seconds: float
    fetch_seconds: float
    connect_seconds: float
    max_reply_bytes: int
    concurrency: int
    calls_per_minute: int
    default_window_days: float
    sweep_seconds: float
    widen_rows: int


@dataclass(frozen=True, slots=True)
class System:
    """One appliance, ready to be asked. `password` shows nothing of itself in a repr."""

    id: int
    name: str
    url: str
    username: str
    password: SecretStr
    timezone: str
    fingerprints: tuple[str, ...]
    remote_system_id: int | None
    customer: str | None
    tags: frozenset[str]
    limits: Limits
    thresholds: Thresholds


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where notices go. `url` shows nothing of itself in a repr: it is a secret."""

    table: WebhookTable
    url: SecretStr


@dataclass(frozen=True, slots=True)
class Config:
    """A whole checked configuration."""

    server: Server
    log: Log
    cache: Cache
    fanout: Fanout
    report: Report
    notices: Notices
    webhooks: tuple[Webhook, ...]
    systems: tuple[System, ...]
    users: tuple[UserTable, ...]
    tokens: tuple[TokenTable, ...]
