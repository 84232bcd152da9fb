"""The tables of the configuration file, key by key, with what each value must be (contract section 3)."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

LogLevel = Literal["debug", "info", "warning", "error"]
Role = Literal["viewer", "admin"]

PASSWORD_KEYS: Final = ("password", "password_file", "password_env")
URL_KEYS: Final = ("url", "url_file", "url_env")

STORE_OPTIONS: Final = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
"""What the query of `cache.url` may hold: files for TLS, by their paths."""

_FINGERPRINT: Final = re.compile(r"sha256:[0-9a-f]{64}")


def _text(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("must be printable text and not empty")
    return value


def _address(value: str) -> str:
    parts = urlsplit(value)
    try:
        port = parts.port
    except ValueError:
        raise ValueError("has no valid port") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("must be http:// or https:// and a host, for example https://10.0.0.5")
    if "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment or not value.isprintable():
        raise ValueError("must be scheme, host and port only: no user, path or query")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        nearest = get_close_matches(value, available_timezones(), n=1, cutoff=0)
        raise ValueError(f"is no time zone; the nearest known one is {nearest[0]}") from None
    return value


def _pin(value: str) -> str:
    if not _FINGERPRINT.fullmatch(value):
        raise ValueError("must be sha256: and 64 lower-case hex digits")
    return value


def _argon2(value: str) -> str:
    try:
        if not value.startswith("$argon2id$"):
            raise ValueError
        extract_parameters(value)
    except (InvalidHashError, ValueError):
        raise ValueError("is no argon2id hash; backup-gateway hash-password makes one") from None
    return value


def _network(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValueError("must be an IP address or network") from None
    return value


def _store_url(value: str) -> str:
    if not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("redis", "rediss", "valkey", "valkeys") or not parts.hostname:
        raise ValueError("must be a redis:// or valkey:// URL, or empty")
    try:
        port_ok = parts.port != 0
    except ValueError:
        port_ok = False
    if not port_ok:
        raise ValueError("has no valid port")
    if parts.path.strip("/") and not parts.path[1:].isdecimal():
        raise ValueError("may end with the number of a database, and with nothing else")
    unknown = {part.partition("=")[0] for part in parts.query.split("&") if part} - STORE_OPTIONS
    if unknown:
        raise ValueError(f"may have the options {', '.join(sorted(STORE_OPTIONS))} only")
    return value


def _time_of_day(value: str) -> str:
    if value and not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError("must be a time of day such as 07:00, or empty")
    return value


def _ping_url(value: str) -> str:
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        raise ValueError("must be an http:// or https:// address, or empty")
    return value


Text = Annotated[str, AfterValidator(_text)]
Pin = Annotated[str, AfterValidator(_pin)]
# Bounds end what no clock and no event loop can hold; a hundred years of seconds is plenty.
Seconds = Annotated[float, Field(ge=0, le=3_200_000_000, allow_inf_nan=False)]
SomeSeconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Bytes = Annotated[int, Field(ge=1, le=2**40)]
Hours = Annotated[float, Field(gt=0, le=87_600, allow_inf_nan=False)]
Days = Annotated[float, Field(ge=0, le=36_500, allow_inf_nan=False)]
Id = Annotated[int, Field(ge=0, lt=2**63)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def _exactly_one(table: BaseModel, keys: Sequence[str]) -> None:
    given = [key for key in keys if getattr(table, key) is not None]
    if len(given) != 1:
        raise ValueError(f"needs exactly one of {', '.join(keys)}; it has {', '.join(given) or 'none'}")


class Server(_Table):
    """[server]: where the gateway listens."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    tls_certificate: Text | None = None
    tls_key: Text | None = None
    allowed_hosts: tuple[Text, ...] = Field(default=(), strict=False)
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(default=(), strict=False)
    max_body_bytes: Bytes = 65_536
    open_metrics: bool = False

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together")
        return self


class Log(_Table):
    """[log]: what is written to stderr."""

    level: LogLevel = "info"
    format: Literal["json", "console"] = "json"


class Cache(_Table):
    """[cache]: how long lists are held, and where."""

    fresh_seconds: Seconds = 60
    revalidate_seconds: Seconds = 600
    stale_seconds: Seconds = 86_400
    stale_after_auth_seconds: Seconds = 3600
    sweep_seconds: Seconds = 3600
    widen_rows: Annotated[int, Field(ge=0, le=10_000_000)] = 2000
    memory_bytes: Annotated[int, Field(ge=0, le=2**50)] = 536_870_912
    compress_above_bytes: Annotated[int, Field(ge=0, le=2**50)] = 0
    snapshot: str = ""
    url: Annotated[str, AfterValidator(_store_url), Field(repr=False)] = ""  # it may hold a password
    url_file: Text | None = None


class Fanout(_Table):
    """[fanout]: deadlines and ceilings."""

    deadline_seconds: SomeSeconds = 10
    fetch_seconds: SomeSeconds = 30
    connect_seconds: SomeSeconds = 3
    max_reply_bytes: Bytes = 67_108_864
    concurrency: Count = 2
    calls_per_minute: Count = 30
    total_concurrency: Count = 200
    default_window_days: Days = 0


class Thresholds(_Table):
    """When an asset needs attention: [report], and of a customer or a system where they differ."""

    no_success_hours: Hours = 24
    failures_critical: Count = 3
    replication_hours: Hours = 28


class Report(Thresholds):
    """[report]: how far back the page and the summary look, and the thresholds that hold where no other does.

    `asset_metrics` gives each asset a series of its own: as many as the appliances protect, with their names in them.
    """

    history_days: Annotated[int, Field(ge=1, le=366)] = 30
    asset_metrics: bool = False


class CustomerTable(_Table):
    """[[customer]]: thresholds of a customer's systems."""

    name: Text
    no_success_hours: Hours | None = None
    failures_critical: Count | None = None
    replication_hours: Hours | None = None


class Defaults(_Table):
    """[defaults]: any key of [[system]] but id, name and url."""

    username: Text | None = None
    password: SecretStr | None = None
    password_file: Text | None = None
    password_env: Text | None = None
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    fingerprint: Pin | Annotated[list[Pin], Field(min_length=1, max_length=2)] | None = None
    remote_system_id: Id | None = None
    customer: Text | None = None
    tags: list[Text] | None = None
    fresh_seconds: Seconds | None = None
    revalidate_seconds: Seconds | None = None
    stale_seconds: Seconds | None = None
    stale_after_auth_seconds: Seconds | None = None
    deadline_seconds: SomeSeconds | None = None
    fetch_seconds: SomeSeconds | None = None
    connect_seconds: SomeSeconds | None = None
    max_reply_bytes: Bytes | None = None
    concurrency: Count | None = None
    calls_per_minute: Count | None = None
    total_concurrency: Count | None = None
    default_window_days: Days | None = None
    no_success_hours: Hours | None = None
    failures_critical: Count | None = None
    replication_hours: Hours | None = None


class SystemTable(Defaults):
    """[[system]]: one appliance."""

    id: Id
    name: Text
    url: Annotated[str, AfterValidator(_address)]
    username: Text
    timezone: Annotated[str, AfterValidator(_zone)]

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        _exactly_one(self, PASSWORD_KEYS)
        if self.password is not None and not self.password.get_secret_value():
            raise ValueError("password must not be empty")
        if self.fingerprint is not None and not self.url.startswith("https://"):
            raise ValueError("fingerprint needs an https:// url")
        return self


class _Rights(_Table):
    systems: Literal["all"] | list[Id] = Field(default_factory=list)
    customers: list[Text] = Field(default_factory=list)
    tags: list[Text] = Field(default_factory=list)
    role: Role = "viewer"
    disabled: bool = False


class UserTable(_Rights):
    """[[user]]: somebody who logs in with a password."""

    username: Text
    password_hash: Annotated[str, AfterValidator(_argon2), Field(repr=False)]


class TokenTable(_Rights):
    """[[token]]: a static credential for a tool that cannot log in."""

    name: Text
    token_hash: Annotated[Pin, Field(repr=False)]


class Notices(_Table):
    """[notices]: how often the gateway looks for what is to be told, and when it tells of the whole."""

    check_seconds: Annotated[float, Field(ge=1, le=86_400, allow_inf_nan=False)] = 300
    unreachable_seconds: Seconds = 900
    digest_at: Annotated[str, AfterValidator(_time_of_day)] = ""
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    ping_url: Annotated[str, AfterValidator(_ping_url), Field(repr=False)] = ""


class WebhookTable(_Table):
    """[[webhook]]: somebody who is told. `systems`, `customers` and `tags` choose of what, as for a user."""

    name: Text
    kind: Literal["slack", "teams", "generic"]
    url: Annotated[SecretStr | None, Field(repr=False)] = None
    url_file: Text | None = None
    url_env: Text | None = None
    alerts: bool = True
    digest: bool = True
    systems: Literal["all"] | list[Id] = Field(default_factory=list)
    customers: list[Text] = Field(default_factory=list)
    tags: list[Text] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_url(self) -> Self:
        _exactly_one(self, URL_KEYS)
        return self


class File(_Table):
    """The tables that a file may hold."""

    server: dict[str, Any] = Field(default_factory=dict)
    log: dict[str, Any] = Field(default_factory=dict)
    cache: dict[str, Any] = Field(default_factory=dict)
    fanout: dict[str, Any] = Field(default_factory=dict)
    report: dict[str, Any] = Field(default_factory=dict)
    notices: dict[str, Any] = Field(default_factory=dict)
    defaults: dict[str, Any] = Field(default_factory=dict)
    customer: list[dict[str, Any]] = Field(default_factory=list)
    system: list[dict[str, Any]] = Field(default_factory=list)
    user: list[dict[str, Any]] = Field(default_factory=list)
    token: list[dict[str, Any]] = Field(default_factory=list)
    webhook: list[dict[str, Any]] = Field(default_factory=list)


class WholeFile(_Table):
    """The same with every table spelled out: what `config schema` prints for editors."""

    server: Server = Field(default_factory=Server)
    log: Log = Field(default_factory=Log)
    cache: Cache = Field(default_factory=Cache)
    fanout: Fanout = Field(default_factory=Fanout)
    report: Report = Field(default_factory=Report)
    notices: Notices = Field(default_factory=Notices)
    defaults: Defaults = Field(default_factory=Defaults)
    customer: list[CustomerTable] = Field(default_factory=list)
    system: list[SystemTable] = Field(default_factory=list)
    user: list[UserTable] = Field(default_factory=list)
    token: list[TokenTable] = Field(default_factory=list)
    webhook: list[WebhookTable] = Field(default_factory=list)
