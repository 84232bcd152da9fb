"""Everything that a gateway shares with its other replicas, made and closed in one place."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Final, Literal

from gateway.callers.sessions import Sessions
from gateway.clock import Clock
from gateway.config.checked import System
from gateway.lists.names import digest_of
from gateway.lists.store import Store
from gateway.shared.ceilings import Ceiling
from gateway.shared.connection import Connection
from gateway.shared.flights import Flights
from gateway.shared.lists import Lists
from gateway.shared.lockouts import SharedLocks
from gateway.shared.notices import Notice, Notices
from gateway.shared.reach import Reach, StoreAwayError
from gateway.shared.renewals import Renewals
from gateway.shared.sessions import SharedSessions
from gateway.shared.tokens import SharedTokens
from gateway.sources.gate import Gate
from gateway.sources.refresh import Refresh

_PREFIX: Final = "backup-gateway"


class Hub:
    """This replica's side of the shared store; with the store away it says so, and each part goes on alone."""

    def __init__(
        self, url: str, sessions: Sessions, store: Store, memory_bytes: int, *, monotonic: Clock, wall: Clock
    ) -> None:
        self._store = store
        self._memory_bytes = memory_bytes
        self._monotonic = monotonic
        self._wall = wall
        self.replica = secrets.token_hex(8)
        self._reach = Reach(Connection(url), _PREFIX, monotonic)
        self._notices = Notices(self._reach, self.replica)
        self._renewals = Renewals(self._reach, self.replica)
        self._sessions = SharedSessions(self._reach, self._notices, sessions, monotonic=monotonic)
        self._locks = SharedLocks(self._reach, self._notices)
        self._flights: dict[str, Flights] = {}
        self._first = True
        self._notices.on("list", self._told)
        self._notices.on("free", self._told)
        self._notices.missed.append(self._catch_up)

    def __repr__(self) -> str:
        return f"<Hub {self.replica}, {self._reach!r}>"

    @property
    def up(self) -> bool:
        """Whether the store is there."""
        return self._reach.up

    async def open(self) -> None:
        """Connect, for a moment; the gateway starts without the store as well."""
        await self._reach.open()
        self._renewals.start()
        self._notices.start()
        self._sessions.start()

    async def close(self) -> None:
        """Let go of everything that others wait for."""
        await asyncio.gather(*(flights.close() for flights in self._flights.values()))
        await self._sessions.close()
        await self._notices.close()
        await self._renewals.close()
        await self._reach.close()

    def tokens(self, system: System) -> SharedTokens:
        """The common token at an appliance."""
        return SharedTokens(self._reach, self._renewals, self.replica, system, wall=self._wall)

    def ceiling(self, url: str, gate: Gate) -> Ceiling:
        """The common ceiling of the appliance at that address."""
        return Ceiling(
            self._reach,
            self._renewals,
            _appliance_tag(url),
            gate.concurrency,
            gate.calls_per_minute,
            gate.period_s,
            monotonic=self._monotonic,
        )

    def flights(self, system: System, refresh: Refresh) -> Flights:
        """The common single-flight of a system; it takes the place of an older one for the same appliance."""
        lists = Lists(
            self._reach, self._notices, system, self._memory_bytes, monotonic=self._monotonic, wall=self._wall
        )
        flights = self._flights[lists.tag] = Flights(
            refresh,
            self._store,
            lists,
            self._reach,
            self._renewals,
            self._notices,
            system.limits.fresh_seconds,
            system.limits.revalidate_seconds,
            monotonic=self._monotonic,
            wall=self._wall,
        )
        if not self._first:
            flights.catch_up(everything=True)
        return flights

    async def opened(self, digest: str, username: str) -> None:
        """See access.OtherReplicas."""
        await self._sessions.opened(digest, username)

    async def ended(self, digest: str) -> None:
        """See access.OtherReplicas."""
        await self._sessions.ended(digest)

    async def known(self, digest: str, stored_hash: Callable[[str], str | None]) -> bool:
        """See access.OtherReplicas."""
        return await self._sessions.known(digest, stored_hash)

    async def note(self, name: str, what: Literal["look", "failed", "succeeded"]) -> tuple[int, float] | None:
        """See access.OtherReplicas."""
        with contextlib.suppress(StoreAwayError):
            return await self._locks.note(name, what)
        return None

    def is_quiet(self, name: str) -> bool:
        """See access.OtherReplicas."""
        return self._locks.is_quiet(name)

    def _told(self, notice: Notice) -> None:
        flights = self._flights.get(notice.of)
        if flights is not None:
            flights.told(notice)

    def _catch_up(self) -> None:
        everything, self._first = self._first, False
        for flights in self._flights.values():
            flights.catch_up(everything=everything)


def _appliance_tag(url: str) -> str:
    """What names an appliance, however it is described: its ceilings are those of its address."""
    return "appliance-" + digest_of(url.encode())
