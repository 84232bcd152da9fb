"""The configuration file: TOML in, one frozen Config out, every fault of the file at once (contract section 3)."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from gateway.config.checked import Config, Limits, System, Webhook
from gateway.config.faults import is_sound, worded
from gateway.config.secrets import Secrets, reason
from gateway.config.tables import (
    PASSWORD_KEYS,
    Cache,
    CustomerTable,
    Defaults,
    Fanout,
    File,
    Log,
    LogLevel,
    Notices,
    Report,
    Server,
    SystemTable,
    Thresholds,
    TokenTable,
    UserTable,
    WebhookTable,
)
from gateway.errors import ConfigError

M = TypeVar("M", bound=BaseModel)

LOG_LEVEL_VARIABLE: Final = "BACKUP_GATEWAY_LOG_LEVEL"


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read and check a file; raises ConfigError with one line for each fault."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error.__class__.__name__}: {reason(error)}"]) from error
    return parse(text, str(path), path.parent, environ)


def parse(text: str, name: str, folder: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Check the text of a configuration. Relative paths in it start at `folder`."""
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # the latter of thousands of brackets, a bare ValueError of digits
        raise ConfigError([f"{name}: is no TOML: {error}"]) from None
    return _Reader(name, folder, environ).read(raw)


class _Reader:
    """Goes through one file and collects its faults."""

    def __init__(self, name: str, folder: Path, environ: Mapping[str, str]) -> None:
        self._name = name
        self._folder = folder
        self._environ = environ
        self._faults: list[str] = []
        self._secrets = Secrets(folder, environ, self._fault)

    def read(self, raw: dict[str, Any]) -> Config:
        self._check(File, raw)
        tables = {key: value for key, value in raw.items() if is_sound(File, {key: value})}
        server = self._check(Server, _table(tables, "server"), "server") or Server()
        log = self._log(_table(tables, "log"))
        cache = self._check(Cache, _table(tables, "cache"), "cache") or Cache()
        if cache.snapshot:
            cache = cache.model_copy(update={"snapshot": str((self._folder / cache.snapshot).absolute())})
        cache = self._store_url(cache)
        fanout = self._check(Fanout, _table(tables, "fanout"), "fanout") or Fanout()
        self._server_files(server)
        report = self._check(Report, _table(tables, "report"), "report") or Report()
        customers = self._rows(tables, "customer", CustomerTable)
        systems = self._systems(tables, cache, fanout, {each.name: each for each in customers}, report)
        notices = self._check(Notices, _table(tables, "notices"), "notices") or Notices()
        webhooks = self._webhooks(tables)
        users = self._rows(tables, "user", UserTable)
        tokens = self._rows(tables, "token", TokenTable)
        named: tuple[tuple[str, str, list[Any]], ...] = (
            ("system", "id", [system.id for system in systems]),
            ("system", "name", [system.name for system in systems]),
            ("customer", "name", [customer.name for customer in customers]),
            ("webhook", "name", [webhook.table.name for webhook in webhooks]),
            ("user", "username", [user.username for user in users]),
            ("token", "name", [token.name for token in tokens]),
        )
        for kind, key, values in named:
            for value in sorted({str(value) for value in values if values.count(value) > 1}):
                self._fault(kind, f"{key} {value} occurs more than once")
        self._one_table_each(tokens)
        if self._faults:
            raise ConfigError(self._faults)
        return Config(
            server, log, cache, fanout, report, notices, webhooks, tuple(systems), tuple(users), tuple(tokens)
        )

    def _one_table_each(self, tokens: list[TokenTable]) -> None:
        """A token has the rights of one table. Which two are the same is told by their names, never by the hash."""
        names: dict[str, list[str]] = {}
        for token in tokens:
            names.setdefault(token.token_hash, []).append(token.name)
        for same in names.values():
            if len(same) > 1:
                self._fault("token", f"token_hash is the same for {', '.join(same)}: each needs a token of its own")

    def _fault(self, path: str, text: str) -> None:
        line = f"{self._name}: {path}: {text}" if path else f"{self._name}: {text}"
        if line not in self._faults:
            self._faults.append(line)

    def _check(self, model: type[M], values: Any, path: str = "") -> M | None:
        """The values as a model, or None and a fault for each thing that is wrong."""
        try:
            return model.model_validate(values)
        except ValidationError as error:
            for place, text in worded(error, model, path):
                self._fault(place, text)
            return None

    def _log(self, values: dict[str, Any]) -> Log:
        log = self._check(Log, values, "log") or Log()
        level = self._environ.get(LOG_LEVEL_VARIABLE)
        if not level:
            return log
        if level not in get_args(LogLevel):
            self._fault(LOG_LEVEL_VARIABLE, f"must be one of {', '.join(get_args(LogLevel))}")
            return log
        return log.model_copy(update={"level": level})

    def _server_files(self, server: Server) -> None:
        for key in ("tls_certificate", "tls_key"):
            value = getattr(server, key)
            if value and not (self._folder / value).is_file():
                self._fault(f"server.{key}", "no such file")

    def _store_url(self, cache: Cache) -> Cache:
        """The address of the shared store out of its file: it may hold a password."""
        if cache.url_file is None:
            return cache
        if cache.url:
            self._fault("cache", "url and url_file are two addresses of one store: give one of them")
            return cache
        url = self._secrets.in_file(cache.url_file, "cache.url_file", "URL")
        if not url:
            return cache
        checked = self._check(Cache, {"url": url}, "cache.url_file holds")
        return cache if checked is None else cache.model_copy(update={"url": checked.url})

    def _rows(self, tables: dict[str, Any], kind: str, model: type[M]) -> list[M]:
        checked = [
            self._check(model, values, f"{kind}[{number}]") for number, values in enumerate(tables.get(kind) or ())
        ]
        return [row for row in checked if row is not None]

    def _webhooks(self, tables: dict[str, Any]) -> tuple[Webhook, ...]:
        found = []
        for number, table in enumerate(self._rows(tables, "webhook", WebhookTable)):
            url = self._secrets.of(table, "url", f"webhook[{number}]")
            if url is not None and not url.get_secret_value().startswith(("https://", "http://")):
                self._fault(f"webhook[{number}].url", "must be an http:// or https:// address")
            elif url is not None:
                found.append(Webhook(table, url))
        return tuple(found)

    def _systems(
        self,
        tables: dict[str, Any],
        cache: Cache,
        fanout: Fanout,
        customers: Mapping[str, CustomerTable],
        report: Report,
    ) -> list[System]:
        defaults = _table(tables, "defaults")
        if self._check(Defaults, defaults, "defaults") is None:
            # Each fault of [defaults] is told once; the systems are then checked without it.
            defaults = {key: value for key, value in defaults.items() if is_sound(Defaults, {key: value})}
        systems = []
        for number, own in enumerate(tables.get("system") or ()):
            path = f"system[{number}]"
            inherited = dict(defaults)
            if any(key in own for key in PASSWORD_KEYS):
                inherited = {key: value for key, value in defaults.items() if key not in PASSWORD_KEYS}
            table = self._check(SystemTable, inherited | own, path)
            if table is None:
                continue
            password = self._secrets.of(table, "password", path)
            limits = {
                key: _first(getattr(table, key, None), getattr(cache, key, None), getattr(fanout, key, None))
                for key in Limits.__dataclass_fields__
            }
            if password is not None:
                thresholds = _thresholds(table, customers.get(table.customer or ""), report)
                systems.append(_system(table, password, Limits(**limits), thresholds))
        strangers = set(customers) - {system.customer for system in systems}
        for name in () if self._faults else sorted(strangers):
            self._fault("customer", f"no system is of customer {name}")
        return systems


def _table(tables: dict[str, Any], name: str) -> dict[str, Any]:
    value = tables.get(name)
    return value if isinstance(value, dict) else {}


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _thresholds(table: SystemTable, customer: CustomerTable | None, report: Report) -> Thresholds:
    """A system's own (or its [defaults]), else its customer's, else those of [report]."""
    found = {}
    for key in Thresholds.model_fields:
        found[key] = _first(getattr(table, key), getattr(customer, key, None), getattr(report, key))
    return Thresholds(**found)


def _system(table: SystemTable, password: SecretStr, limits: Limits, thresholds: Thresholds) -> System:
    pins = (table.fingerprint,) if isinstance(table.fingerprint, str) else tuple(table.fingerprint or ())
    return System(
        id=table.id,
        name=table.name,
        url=table.url.rstrip("/"),
        username=table.username,
        password=password,
        timezone=table.timezone,
        fingerprints=pins,
        remote_system_id=table.remote_system_id,
        customer=table.customer,
        tags=frozenset(table.tags or ()),
        limits=limits,
        thresholds=thresholds,
    )
