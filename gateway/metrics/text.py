"""Prometheus metrics: what was gathered at a scrape, spelled as text. It may be done in a thread.

No histogram has a system label (over hundreds of systems it would be half of the text), and no label holds a backup
id, a token or a user.
"""

import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.core import InfoMetricFamily as InfoFamily
from prometheus_client.registry import Collector

from gateway.config.checked import System
from gateway.reports.asset_figures import AssetFigures, backups_24h, figures_of
from gateway.reports.history import History
from gateway.reports.verdict import STATES
from gateway.sources.source import AnswerResult
from gateway.telemetry.ledger import SystemLedger
from gateway.telemetry.traffic import Kind

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_BREAKER: Final = {"closed": 0, "half_open": 1, "open": 2, "locked": 3}
_PREFIX: Final = "backup_gateway_"
_STATUSES: Final = ("success", "warning", "failure", "none")

Durations = tuple[list[tuple[str, float]], float]
"""Cumulative counts by bound, and the sum in seconds."""


@dataclass(frozen=True, slots=True)
class TellingRows:
    """What a held list tells, and the epoch second up to which it tells everything. `of_assets`: it reaches back far
    enough to say of an asset that it never succeeded."""

    history: History
    as_of: float
    of_assets: bool


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """One system at the moment of a scrape; `up` is None before its first exchange, `rows` where no list tells.

    `calls_per_minute` is the ceiling of its address.
    """

    system: System
    up: bool | None
    last_success: float
    breaker: str
    in_flight: int
    calls_per_minute: int
    ledger: SystemLedger
    rows: TellingRows | None


@dataclass(frozen=True, slots=True)
class Facts:
    """A gateway at the moment of a scrape. `assets_named`: whether each asset gets a series of its own.

    `answers` are of all systems that it has had: a counter never falls.
    """

    systems: Sequence[SystemFacts]
    answers: Counter[AnswerResult]
    assets_named: bool
    fetches: Durations
    requests: Sequence[tuple[Kind, list[tuple[str, float]], float]]
    lag_s: float
    longest_lag_s: float
    tasks: int
    held_bytes: int
    shared_store_up: bool | None


def exposition(facts: Facts) -> bytes:
    """The text of GET /metrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(facts))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        info = InfoFamily(f"{_PREFIX}build", "Release of the gateway and of Python.")
        info.add_metric([], {"version": version("backup-gateway"), "python": platform.python_version()})
        yield info
        yield from self._health()
        yield from self._load()
        yield from self._backups()
        yield from self._assets()
        yield from self._gateway()

    def _health(self) -> Iterator[Metric]:
        names = ("system_id", "system")
        known = _gauge("system_info", "1 for each system of the configuration.", *names, "customer")
        up = _gauge("system_up", "1 where the last exchange succeeded; absent before it.", *names)
        success = _gauge("system_last_success_timestamp_seconds", "When the last list came; 0 for never.", *names)
        breaker = _gauge(
            "system_breaker", "0 closed, 1 half open, 2 open, 3 locked until the configuration changes.", *names
        )
        in_flight = _gauge("upstream_in_flight", "List calls that are under way.", "system_id")
        ceiling = _gauge(
            "system_calls_per_minute_ceiling",
            "List calls that may start in a minute, for all systems of the same address together.",
            "system_id",
        )
        for one in self._facts.systems:
            labels = [str(one.system.id), one.system.name]
            known.add_metric([*labels, one.system.customer or ""], 1)
            if one.up is not None:
                up.add_metric(labels, one.up)
            success.add_metric(labels, one.last_success)
            breaker.add_metric(labels, _BREAKER[one.breaker])
            in_flight.add_metric(labels[:1], one.in_flight)
            ceiling.add_metric(labels[:1], one.calls_per_minute)
        yield from (known, up, success, breaker, in_flight, ceiling)

    def _load(self) -> Iterator[Metric]:
        calls = _counter("calls", "List calls to an appliance.", "system_id")
        rows = _counter("rows_fetched", "Rows that an appliance listed.", "system_id")
        failures = _counter("fetch_failures", "Calls that failed.", "system_id", "kind")
        logins = _counter("logins", "Logins at an appliance.", "system_id", "result")
        saved = _counter("calls_saved", "Questions answered without a call of their own.", "system_id")
        for one in self._facts.systems:
            label, ledger = str(one.system.id), one.ledger
            calls.add_metric([label], ledger.calls)
            rows.add_metric([label], ledger.rows)
            saved.add_metric([label], ledger.calls_saved)
            # A wrong certificate locks the breaker at once: it fails one time only, and no rate sees a counter that
            # begins at 1.
            for kind, count in ({"tls_pin": 0} | ledger.failures).items():
                failures.add_metric([label, kind], count)
            for result, count in ledger.logins.items():
                logins.add_metric([label, result], count)
        yield from (calls, rows, failures, logins, saved)

    def _backups(self) -> Iterator[Metric]:
        names = ("system_id", "status")
        family = _gauge("backups_24h", "Backups that began in the last 24 hours; absent where no list tells.", *names)
        for one in self._facts.systems:
            if one.rows is not None:
                counts = backups_24h(one.rows.history, one.rows.as_of)
                for status in _STATUSES:
                    family.add_metric([str(one.system.id), status], counts[status])
        yield family

    def _assets(self) -> Iterator[Metric]:
        states = _gauge("assets", "Assets by the worst that holds of them.", "system_id", "state")
        late = _gauge("assets_without_success_24h", "Assets with no good backup for 24 hours, or ever.", "system_id")
        critical = _gauge("assets_critical", "Assets that fail as often in a row as is critical.", "system_id")
        as_of = _gauge("assets_as_of_timestamp_seconds", "When the figures of the assets were true.", "system_id")
        success = _gauge(
            "asset_last_success_timestamp_seconds",
            "When the last good backup of an asset began; 0 for never. Only with report.asset_metrics.",
            *("system_id", "client", "instance"),
        )
        for one in self._facts.systems:
            if one.rows is None or not one.rows.of_assets:
                continue
            label, figures = str(one.system.id), self._figures(one, one.rows)
            for state in STATES:
                states.add_metric([label, state], figures.states[state])
            late.add_metric([label], figures.without_success_24h)
            critical.add_metric([label], figures.critical)
            as_of.add_metric([label], one.rows.as_of)
            for names, when in figures.last_success.items():
                success.add_metric([label, *names], when)
        yield from (states, late, critical, as_of, success)

    def _figures(self, one: SystemFacts, rows: TellingRows) -> AssetFigures:
        return figures_of(rows.history, one.system.thresholds, rows.as_of, named=self._facts.assets_named)

    def _gateway(self) -> Iterator[Metric]:
        facts = self._facts
        cache = _counter("cache_requests", "Questions to a system, by how they were answered.", "result")
        for name, count in sorted(facts.answers.items()):
            cache.add_metric([name], count)
        fetches = _histogram("fetch_duration_seconds", "How long list calls took, failed ones among them.")
        fetches.add_metric([], *facts.fetches)
        requests = _histogram(
            "http_request_duration_seconds", "How long requests took.", "route", "method", "status_class"
        )
        for kind, buckets, sum_s in facts.requests:
            requests.add_metric(kind, buckets, sum_s)
        yield from (cache, fetches, requests)
        yield _single("loop_lag_seconds", "How late the event loop is now.", facts.lag_s)
        yield _single("loop_lag_longest_seconds", "The longest lag of the last minute.", facts.longest_lag_s)
        yield _single("tasks", "Tasks of the event loop: calls, callers and what runs beside them.", facts.tasks)
        yield _single("held_bytes", "Bytes of held lists.", facts.held_bytes)
        if facts.shared_store_up is not None:
            told = "1 while the store that replicas share is there; only with cache.url."
            yield _single("shared_store_up", told, int(facts.shared_store_up))


def _gauge(name: str, help_text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}{name}", help_text, labels=labels)


def _counter(name: str, help_text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"{_PREFIX}{name}", help_text, labels=labels)


def _histogram(name: str, help_text: str, *labels: str) -> HistogramMetricFamily:
    return HistogramMetricFamily(f"{_PREFIX}{name}", help_text, labels=labels)


def _single(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}{name}", help_text, value=value)
