"""The tables of the configuration file, key by key (contract section 3)."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.config.values import (
    Address,
    Bytes,
    Count,
    Days,
    Host,
    Hours,
    Id,
    Network,
    PasswordHash,
    Pin,
    PingUrl,
    Pins,
    Seconds,
    SomeSeconds,
    StoreUrl,
    SystemIds,
    Text,
    TimeOfDay,
    Zone,
)

LogLevel = Literal["debug", "info", "warning", "error"]
Role = Literal["viewer", "admin"]

PASSWORD_KEYS: Final = ("password", "password_file", "password_env")
URL_KEYS: Final = ("url", "url_file", "url_env")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def _exactly_one(table: BaseModel, keys: Sequence[str]) -> None:
    given = [key for key in keys if getattr(table, key) is not None]
    if len(given) != 1:
        raise ValueError(f"needs exactly one of {', '.join(keys)}; it has {', '.join(given) or 'none'}")


class Server(_Table):
    """[server]: where the gateway listens."""

    host: Host = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    tls_certificate: Text | None = None
    tls_key: Text | None = None
    allowed_hosts: tuple[Text, ...] = Field(default=(), strict=False)
    trusted_proxies: tuple[Network, ...] = Field(default=(), strict=False)
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
    compress_above_bytes: Annotated[int, Field(ge=0, le=2**50)] | None = None
    snapshot: str = ""
    url: StoreUrl = ""  # it may hold a password
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
    timezone: Zone | None = None
    fingerprint: Pins | None = None
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
    url: Address
    username: Text
    timezone: Zone

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        _exactly_one(self, PASSWORD_KEYS)
        if self.password is not None and not self.password.get_secret_value():
            raise ValueError("password must not be empty")
        if self.fingerprint is not None and not self.url.lower().startswith("https://"):
            raise ValueError("fingerprint needs an https:// url")
        return self


class _Rights(_Table):
    systems: SystemIds = Field(default_factory=list)
    customers: list[Text] = Field(default_factory=list)
    tags: list[Text] = Field(default_factory=list)
    role: Role = "viewer"
    disabled: bool = False


class UserTable(_Rights):
    """[[user]]: somebody who logs in with a password."""

    username: Text
    password_hash: PasswordHash


class TokenTable(_Rights):
    """[[token]]: a static credential for a tool that cannot log in."""

    name: Text
    token_hash: Annotated[Pin, Field(repr=False)]


class Notices(_Table):
    """[notices]: how often the gateway looks for what is to be told, and when it tells of the whole."""

    check_seconds: Annotated[float, Field(ge=1, le=86_400, allow_inf_nan=False)] = 300
    unreachable_seconds: Seconds = 900
    digest_at: TimeOfDay = ""
    timezone: Zone = "UTC"
    ping_url: PingUrl = ""


class WebhookTable(_Table):
    """[[webhook]]: somebody who is told. `systems`, `customers` and `tags` choose of what, as for a user."""

    name: Text
    kind: Literal["slack", "teams", "generic"]
    url: Annotated[SecretStr | None, Field(repr=False)] = None
    url_file: Text | None = None
    url_env: Text | None = None
    alerts: bool = True
    digest: bool = True
    systems: SystemIds = Field(default_factory=list)
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
