"""Prometheus metrics, made at each scrape from what is held and counted: a scrape never calls an appliance.

No histogram has a system label (a scrape over hundreds of systems would block the event loop), and no label holds a
backup id, a token or a user.
"""

import platform
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.stack import Gateway, Stacked

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_BREAKER: Final = {"closed": 0, "half_open": 1, "open": 2, "locked": 3}
_PREFIX: Final = "backup_gateway_"


def exposition(gateway: Gateway) -> bytes:
    """The text of GET /metrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_FromGateway(gateway))
    return generate_latest(registry)


class _FromGateway(Collector):
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def collect(self) -> Iterator[Metric]:
        yield self._build()
        yield from self._health()
        yield from self._load()
        yield from self._cache()

    @staticmethod
    def _build() -> Metric:
        info = InfoMetricFamily(f"{_PREFIX}build", "Release of the gateway and of Python.")
        info.add_metric([], {"version": version("backup-gateway"), "python": platform.python_version()})
        return info

    def _health(self) -> Iterator[Metric]:
        names = ["system_id", "system"]
        up = GaugeMetricFamily(
            f"{_PREFIX}system_up", "1 where the last exchange succeeded; absent before it.", labels=names
        )
        success = GaugeMetricFamily(
            f"{_PREFIX}system_last_success_timestamp_seconds", "When the last list came; 0 for never.", labels=names
        )
        breaker = GaugeMetricFamily(
            f"{_PREFIX}system_breaker",
            "0 closed, 1 half open, 2 open, 3 locked until the configuration changes.",
            labels=names,
        )
        for system in self._gateway.systems.values():
            labels = [str(system.config.id), system.config.name]
            refresh = system.source.refresh
            if refresh.last_error is not None or refresh.last_success is not None:
                up.add_metric(labels, 0 if refresh.last_error is not None else 1)
            success.add_metric(labels, refresh.last_success or 0)
            breaker.add_metric(labels, _BREAKER[system.guard.breaker.state(self._gateway.monotonic())])
        yield from (up, success, breaker)

    def _load(self) -> Iterator[Metric]:
        calls = self._counter("calls", "List calls to an appliance.", "system_id")
        rows = self._counter("rows_fetched", "Rows that an appliance listed.", "system_id")
        failures = self._counter("fetch_failures", "Calls that failed.", "system_id", "kind")
        logins = self._counter("logins", "Logins at an appliance.", "system_id", "result")
        saved = self._counter("calls_saved", "Questions answered without a call of their own.", "system_id")
        for system, label in self._labelled():
            ledger = self._gateway.ledger.of(system.source.system_id)
            calls.add_metric([label], ledger.calls)
            rows.add_metric([label], ledger.rows)
            saved.add_metric([label], ledger.calls_saved)
            for kind, count in ledger.failures.items():
                failures.add_metric([label, kind], count)
            for result, count in ledger.logins.items():
                logins.add_metric([label, result], count)
        yield from (calls, rows, failures, logins, saved)

    def _cache(self) -> Iterator[Metric]:
        requests = self._counter("cache_requests", "Questions to a system, by how they were answered.", "result")
        totals: dict[str, int] = {}
        for system in self._gateway.systems.values():
            for result, count in self._gateway.ledger.of(system.source.system_id).answers.items():
                totals[result] = totals.get(result, 0) + count
        for name, count in sorted(totals.items()):
            requests.add_metric([name], count)
        yield requests
        lag = self._gateway.lag
        yield GaugeMetricFamily(f"{_PREFIX}loop_lag_seconds", "How late the event loop is now.", value=lag.last_s)
        yield GaugeMetricFamily(
            f"{_PREFIX}loop_lag_longest_seconds", "The longest lag of the last minute.", value=lag.longest_s
        )
        yield GaugeMetricFamily(f"{_PREFIX}held_bytes", "Bytes of held lists.", value=self._gateway.store.nbytes)

    def _labelled(self) -> Iterator[tuple[Stacked, str]]:
        for system in self._gateway.systems.values():
            yield system, str(system.config.id)

    @staticmethod
    def _counter(name: str, help_text: str, *labels: str) -> CounterMetricFamily:
        return CounterMetricFamily(f"{_PREFIX}{name}", help_text, labels=labels)
