"""One system's onion: its sources, built from the inside out over what all systems share.

Cached           held lists, single-flight, stand-ins    a hit waits for nothing
  Refresh        the whole of a list, or its tail        a failure never replaces what is held
    Guarded      breaker, rest, one retry                knows before the call that it would be useless
      Appliance  gate, token, POST, decoding             limits count real calls only
        Transport  bounds, faults translated             nothing else touches the network
"""

import asyncio
import random
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import aiohttp

from gateway.clock import Clock
from gateway.config.checked import Limits, System
from gateway.dates import ApplianceZone
from gateway.lists.plan import spread_s
from gateway.lists.store import Store
from gateway.lists.widen import Widener
from gateway.loop.fair import FairSemaphore
from gateway.model import SystemId
from gateway.shared.hub import Hub
from gateway.sources.appliance import Appliance
from gateway.sources.breaker import Breaker
from gateway.sources.cached import Cached
from gateway.sources.gate import Gate
from gateway.sources.guarded import Guarded, RetryBudget
from gateway.sources.in_turn import InTurn
from gateway.sources.incoming import Incoming
from gateway.sources.refresh import Refresh
from gateway.sources.session import Session
from gateway.sources.source import AnswerHook, CallHook
from gateway.sources.transport import Transport


@dataclass(frozen=True, slots=True)
class Stacked:
    """One system as the web layer sees it."""

    config: System
    zone: ApplianceZone
    source: Cached
    guard: Guarded
    gate: Gate


class Gates:
    """One for each address: ceilings are those of an appliance, however many systems ask it (contract section 3)."""

    def __init__(self, hub: Hub | None, monotonic: Clock) -> None:
        self._hub = hub
        self._monotonic = monotonic
        self._gates: dict[str, Gate] = {}

    def __repr__(self) -> str:
        return f"<Gates of {len(self._gates)} addresses>"

    def to(self, system: System) -> Gate:
        """That of a system which `follow` was told of."""
        return self._gates[system.url]

    def follow(self, systems: Iterable[System]) -> None:
        """These are all systems from now on: each address has the lowest limits that one of its systems has.

        A gate outlives the last system of its address while it counts calls: who is named anew is asked no more often.
        """
        limits: dict[str, list[Limits]] = {}
        for system in systems:
            limits.setdefault(system.url, []).append(system.limits)
        self._gates = {url: gate for url, gate in self._gates.items() if url in limits or not gate.is_idle}
        for url, of_systems in limits.items():
            self._limit(
                url,
                min(one.concurrency for one in of_systems),
                min(one.calls_per_minute for one in of_systems),
                max(one.connect_seconds for one in of_systems),
            )

    def _limit(self, url: str, concurrency: int, calls_per_minute: int, connect_s: float) -> None:
        gate = self._gates.get(url)
        if gate is not None:
            gate.resize(concurrency, calls_per_minute, connect_s=connect_s)
            return
        gate = self._gates[url] = Gate(concurrency, calls_per_minute, connect_s=connect_s, monotonic=self._monotonic)
        if self._hub is not None:
            gate.share(self._hub.ceiling(url, gate))


class Onions:
    """Builds them. `total` bounds the calls of all systems at once; `called` and `answered` are told of each of both.

    `delay` draws how long a refresh in the background waits, `jitter` draws all else that is left to chance.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        store: Store,
        hub: Hub | None,
        *,
        total: FairSemaphore,
        incoming: Incoming,
        called: CallHook,
        answered: AnswerHook,
        jitter: random.Random,
        delay: Callable[[float], float],
        monotonic: Clock,
        wall: Clock,
    ) -> None:
        self._http = http
        self._store = store
        self._hub = hub
        self.gates = Gates(hub, monotonic)
        self._total = total
        self._incoming = incoming
        self._large = FairSemaphore(1)
        self._in_turn = InTurn()
        self._budget = RetryBudget(monotonic)
        # All that are left, whatever became of their systems: a login under way keeps its session.
        self._sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        self._called = called
        self._answered = answered
        self._jitter = jitter
        self._delay = delay
        self._monotonic = monotonic
        self._clocks: dict[str, Clock] = {"monotonic": monotonic, "wall": wall}

    def __repr__(self) -> str:
        return f"<Onions over {self._store!r}>"

    def made(self, system: System, *, systems: int) -> Stacked:
        """A new one, of a system that `gates` know; `systems` is how many there are in all."""
        system_id, limits, zone = SystemId(system.id), system.limits, ApplianceZone(system.timezone)
        gate = self.gates.to(system)
        appliance = self._appliance(system, zone, gate)
        guard = Guarded(appliance, Breaker(self._jitter), self._budget, jitter=self._jitter, **self._clocks)
        refresh = Refresh(
            guard, self._store, system_id, limits.sweep_seconds, reads=self._in_turn, monotonic=self._monotonic
        )
        source = Cached(
            refresh,
            self._store,
            system_id,
            system.name,
            limits,
            ceiling=gate.free_in,
            widener=Widener(limits.widen_rows),
            hook=self._answered,
            delay=self._delay,
            spread_s=spread_s(limits, systems),
            in_turn=self._in_turn,
            runs=None if self._hub is None else self._hub.flights(system, refresh),
            **self._clocks,
        )
        gate.queues.add(source.calls)
        return Stacked(system, zone, source, guard, gate)

    async def close(self) -> None:
        """End all logins under way."""
        await asyncio.gather(*(session.close() for session in list(self._sessions)))

    def _appliance(self, system: System, zone: ApplianceZone, gate: Gate) -> Appliance:
        system_id, limits = SystemId(system.id), system.limits
        transport = Transport(
            self._http,
            system.url,
            pins=system.fingerprints,
            connect_s=limits.connect_seconds,
            deadline_s=limits.deadline_seconds,
            fetch_s=limits.fetch_seconds,
            max_reply_bytes=limits.max_reply_bytes,
            total=self._total,
            incoming=self._incoming,
            wall=self._clocks["wall"],
        )
        session = Session(
            transport,
            system_id,
            system.name,
            system.username,
            system.password,
            hook=self._called,
            common=None if self._hub is None else self._hub.tokens(system),
            **self._clocks,
        )
        self._sessions.add(session)
        return Appliance(
            transport,
            session,
            gate,
            system_id,
            system.name,
            zone,
            system.remote_system_id,
            hook=self._called,
            large=self._large,
            in_turn=self._in_turn,
            **self._clocks,
        )
