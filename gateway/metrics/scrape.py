"""One scrape of /metrics: gathered from what is held and counted, never by a call to an appliance."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final

from gateway.loop.flight import Flight
from gateway.loop.pauses import Pauses
from gateway.metrics.text import Facts, SystemFacts, TellingRows, exposition
from gateway.model import SystemId
from gateway.onion import Stacked
from gateway.reports.asset_figures import DAY_S, telling
from gateway.stack import Gateway
from gateway.telemetry.ledger import SystemLedger

_REUSED_S: Final = 1.0

_Systems = Mapping[SystemId, Stacked]


class Scrapes:
    """The text of /metrics. Scrapes at once share one, and so do those within a second."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._flight: Flight[int, bytes] = Flight()
        self._last: tuple[_Systems, float, bytes] | None = None

    def __repr__(self) -> str:
        return f"<Scrapes of {self._gateway!r}>"

    async def text(self) -> bytes:
        """The exposition, at most a second old. Another configuration has another one at once."""
        systems, last = self._gateway.systems, self._last
        if last is not None and last[0] is systems and self._gateway.monotonic() - last[1] < _REUSED_S:
            return last[2]
        return await self._flight.run(id(systems), lambda: self._made(systems))

    async def close(self) -> None:
        """End what is being gathered."""
        await self._flight.close()

    async def _made(self, systems: _Systems) -> bytes:
        begun = self._gateway.monotonic()
        facts = await _gathered(self._gateway, systems)
        text = await asyncio.to_thread(exposition, facts)
        self._last = systems, begun, text
        return text


async def _gathered(gateway: Gateway, systems: _Systems) -> Facts:
    """Copies of all counters, and the histories of held lists. Others go in between."""
    gateway.ready.settle()
    found, pauses = [], Pauses()
    for system in systems.values():
        found.append(await _system_facts(gateway, system))
        await pauses.when_due()
    return Facts(
        systems=found,
        answers=gateway.ledger.answers(),
        assets_named=gateway.config.report.asset_metrics,
        fetches=gateway.ledger.durations.read(),
        requests=gateway.traffic.read(),
        lag_s=gateway.lag.last_s,
        longest_lag_s=gateway.lag.longest_s,
        tasks=len(asyncio.all_tasks()),
        held_bytes=gateway.store.nbytes,
        shared_store_up=None if gateway.hub is None else gateway.hub.up,
    )


async def _system_facts(gateway: Gateway, system: Stacked) -> SystemFacts:
    rows = await _telling_rows(gateway, system)
    source, refresh = system.source, system.source.refresh
    return SystemFacts(
        system=system.config,
        up=refresh.is_up,
        last_success=refresh.last_success or 0.0,
        breaker=system.guard.breaker.state(gateway.monotonic()),
        in_flight=source.calls.in_flight,
        calls_per_minute=system.gate.calls_per_minute,
        ledger=_copied(gateway.ledger.of(source.system_id)),
        rows=rows,
    )


def _copied(ledger: SystemLedger) -> SystemLedger:
    """The counters alone: a thread must not read what the loop goes on counting into."""
    return SystemLedger(
        ledger.calls, ledger.rows, Counter(ledger.logins), Counter(ledger.failures), Counter(ledger.answers)
    )


async def _telling_rows(gateway: Gateway, system: Stacked) -> TellingRows | None:
    """The history out of the best held list; one that reaches back a day only tells of backups, not of assets."""
    lists = gateway.store.held(system.source.system_id)
    now, wall = gateway.monotonic(), gateway.wall()
    limits, refused = system.source.limits, system.source.refresh.is_refused
    for reach_s, of_assets in ((gateway.config.report.history_days * DAY_S, True), (DAY_S, False)):
        told = telling(lists, reach_s, limits, now=now, wall=wall, refused=refused)
        if told is not None:
            history = await gateway.histories.of(told.held.fetched.backups)
            return TellingRows(history, told.as_of, of_assets)
    return None
