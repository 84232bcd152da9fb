"""Configuration to running parts, and another configuration to them while they run; gateway.onion builds a system."""

import random
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import aiohttp

from gateway.answers.ready import ReadyAnswers
from gateway.answers.walks import Walks
from gateway.callers.access import Access
from gateway.callers.accounts import Accounts
from gateway.clock import Clock
from gateway.config.checked import Config, System
from gateway.lists.keeper import Keeper
from gateway.lists.names import ApplianceIdentity
from gateway.lists.store import MemoryStore, Store
from gateway.loop.allocator import Trimmer
from gateway.loop.aside import Aside
from gateway.loop.evenly import Evenly
from gateway.loop.fair import FairSemaphore
from gateway.loop.lag import LagWatch
from gateway.loop.turns import Turns
from gateway.model import SystemAnswer, SystemId
from gateway.onion import Onions, Stacked
from gateway.reports.histories import Histories
from gateway.reports.report import SystemReport
from gateway.shared.hub import Hub
from gateway.sources.cached import Cached
from gateway.sources.incoming import LEAST_ROOM_BYTES, Incoming
from gateway.sources.pool import Pool
from gateway.sources.resolver import OwnThreadsResolver
from gateway.sources.source import CallEvent, CallHook
from gateway.telemetry.ledger import Ledger
from gateway.telemetry.observe import audit, log_call
from gateway.telemetry.traffic import Traffic

_KEEP_CONNECTIONS_S: Final = 120.0
_DNS_MEMORY_S: Final = 30
_INCOMING_SHARE: Final = 4
"""A quarter of `memory_bytes` beside it may be taken by replies that are on their way."""


class Gateway:
    """Everything that a running gateway shares: systems, held lists, callers. Made and closed in one place."""

    def __init__(
        self,
        config: Config,
        *,
        monotonic: Clock = time.monotonic,
        wall: Clock = time.time,
        hook: CallHook = log_call,
        jitter: random.Random | None = None,
        delay: Callable[[float], float] | None = None,
    ) -> None:
        self.config = config
        self.monotonic = monotonic
        self.wall = wall
        self._clocks: dict[str, Clock] = {"monotonic": monotonic, "wall": wall}
        self.draining = False
        self._generation = 0
        self.turns = Turns()
        self.aside = Aside()
        self._trimmer = Trimmer()
        self.lag = LagWatch()
        self.walks = Walks(config.cache.memory_bytes, monotonic)
        self.access = Access(Accounts(config), monotonic=monotonic)
        self.store: Store = MemoryStore(config.cache.memory_bytes, config.cache.compress_above_bytes)
        self.systems: Mapping[SystemId, Stacked] = {}
        self._retired: weakref.WeakSet[Cached] = weakref.WeakSet()
        self._wrong_pins: set[SystemId] = set()
        self.histories = Histories(self.aside)
        self.ledger = Ledger(monotonic)
        self.traffic = Traffic()
        self.ready = ReadyAnswers(self.ledger, self._state)
        self._keeper = self._made_keeper() if config.cache.snapshot else None
        self.hub = self._made_hub() if config.cache.url else None
        self.access.others = self.hub
        self._log_hook = hook
        self._total = FairSemaphore(config.fanout.total_concurrency)
        self._jitter = jitter or random.Random()  # noqa: S311 - spreads calls in time, guards nothing
        self._delay = delay or Evenly(self._jitter)

    def __repr__(self) -> str:
        return f"<Gateway of {len(self.systems)} systems, {self.store!r}, {self.access!r}>"

    async def __aenter__(self) -> "Gateway":
        self._resolver = OwnThreadsResolver()
        self._http = aiohttp.ClientSession(
            connector=Pool(
                limit=0,  # the gates bound calls; a second queue would only hide them
                keepalive_timeout=_KEEP_CONNECTIONS_S,
                ttl_dns_cache=_DNS_MEMORY_S,
                resolver=self._resolver,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            headers={"User-Agent": "backup-gateway"},
        )
        self._onions = Onions(
            self._http,
            self.store,
            self.hub,
            total=self._total,
            incoming=Incoming(max(LEAST_ROOM_BYTES, self.config.cache.memory_bytes // _INCOMING_SHARE)),
            called=self._called,
            answered=self.ledger.answered,
            jitter=self._jitter,
            delay=self._delay,
            **self._clocks,
        )
        self.lag.start()
        if self.hub is not None:
            await self.hub.open()
        self.systems = self._all_stacked(self.config)
        if self._keeper is not None:
            await self._keeper.open()
            for system_id, system in self.systems.items():
                made = [held.fetched.wall_at for held in self.store.held(system_id)]
                system.source.refresh.last_success = max(made, default=None)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.lag.stop()
        await self.histories.close()
        for source in (*(system.source for system in self.systems.values()), *self._retired):
            await source.close()
        await self._onions.close()
        if self.hub is not None:
            await self.hub.close()
        if self._keeper is not None:
            await self._keeper.close()
        await self._http.close()
        await self._resolver.close()

    async def drain(self) -> None:
        """The end is near: answers say so from now on, and what is held goes to disk beside them."""
        self.draining = True
        if self._keeper is not None:
            await self._keeper.hasten()

    def _state(self) -> tuple[object, ...]:
        """What every answer depends on besides its question: lists and their failures, the configuration."""
        return self.store.version, self._generation, self.draining

    async def report_of(self, answer: SystemAnswer) -> SystemReport | None:
        """What is told of the system of an answer, now; None where the configuration does not have it any more."""
        history = await self.histories.of(answer.backups)
        system = self.systems.get(answer.system_id)
        if system is None:
            return None
        return SystemReport(system.config, answer, history, self.ledger.of(answer.system_id), self.wall())

    def apply(self, config: Config) -> None:
        """Let another configuration take effect. Requests in flight go on with what they began with.

        What gateway.cli.reload tells of as needing a restart is kept; everything else counts from now on.
        """
        before = self.systems
        self._generation += 1
        self.config = config
        self.access.replace(Accounts(config))
        self._total.resize(config.fanout.total_concurrency)
        self.systems = self._all_stacked(config)
        for system_id, old in before.items():
            new = self.systems.get(system_id)
            if new is not None and new.source is old.source:
                continue
            old.source.retire()
            self._retired.add(old.source)
            if new is not None and _same_appliance(old.config, new.config):
                new.source.refresh.follow(old.source.refresh)
            else:
                self.store.forget(system_id)
        if self._keeper is not None:
            self._keeper.follow(_by_id(config))

    def _all_stacked(self, config: Config) -> dict[SystemId, Stacked]:
        """Every system's onion; what did not change keeps its session, its ceiling and its breaker."""
        self._onions.gates.follow(config.systems)
        stacked = {}
        for system in sorted(config.systems, key=lambda system: system.id):
            old = self.systems.get(SystemId(system.id))
            # A breaker that was locked by a changed certificate gets its new chance with each configuration.
            keep = old is not None and _same_source(old.config, system) and not old.guard.breaker.locked
            stacked[SystemId(system.id)] = (
                replace(old, config=system)
                if old is not None and keep
                else self._onions.made(system, systems=len(config.systems))
            )
        return stacked

    def _made_keeper(self) -> Keeper:
        return Keeper(
            Path(self.config.cache.snapshot),
            self.store,
            _by_id(self.config),
            self.config.cache.memory_bytes,
            monotonic=self.monotonic,
            wall=self.wall,
        )

    def _made_hub(self) -> Hub:
        cache = self.config.cache
        return Hub(cache.url, self.access.sessions, self.store, cache.memory_bytes, **self._clocks)

    def _called(self, event: CallEvent) -> None:
        self.ledger.called(event)
        self._trimmer.took(event.reply_bytes)
        self._log_hook(event)
        wrong = event.error == "tls_pin"
        known = event.system_id in self._wrong_pins
        if wrong != known and (wrong or (event.error is None and not self._is_locked(event.system_id))):
            # Once for each change of state: with both prints, which only an administrator gets to read.
            self._wrong_pins ^= {event.system_id}
            outcome = f"refused: {event.detail}" if wrong else "trusted again"
            audit("pin", who=event.system, address="", what="certificate", outcome=outcome)

    def _is_locked(self, system_id: SystemId) -> bool:
        """Whether nothing is asked of a system: what succeeds all the same began before its certificate changed."""
        system = self.systems.get(system_id)
        return system is not None and system.guard.breaker.locked


def _by_id(config: Config) -> dict[SystemId, System]:
    return {SystemId(system.id): system for system in config.systems}


def _same_source(old: System, new: System) -> bool:
    """Whether nothing has changed but labels and thresholds, which the appliance has nothing to do with."""
    return replace(old, customer=new.customer, tags=new.tags, thresholds=new.thresholds) == new


def _same_appliance(old: System, new: System) -> bool:
    """Whether lists of the old one are lists of the new one as well."""
    return ApplianceIdentity.of(old) == ApplianceIdentity.of(new)
