"""Held lists in the shared store: compressed as on disk, in chunks, under a head that names the version."""

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from gateway.clock import Clock
from gateway.config.checked import System
from gateway.lists import snapshot
from gateway.lists.held import Held
from gateway.lists.names import ApplianceIdentity, digest_of
from gateway.lists.snapshot import Clocks, SnapshotError
from gateway.shared.clock import US, Bearings
from gateway.shared.notices import Notices
from gateway.shared.reach import Reach
from gateway.shared.scripts import CHUNK, GET, HEAD, MEMBERS, PUBLISH

_CHUNK_BYTES: Final = 262_144
_WRITING_MS: Final = 60_000
_CHUNK_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Head:
    """What the store says of a list. `asked_us` and `swept_us` are microseconds on the store's clock."""

    version: str
    chunks: int
    asked_us: int
    swept_us: int
    wall_ahead_us: int

    @classmethod
    def of(cls, values: list[Any]) -> "Head":
        """The head out of the reply of a script."""
        return cls(values[0].decode(), int(values[1]), int(values[2]), int(values[3]), int(values[5]))


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to ask one question. A larger fence is a later one."""

    owner: str
    fence: int
    bearings: Bearings


def tag_of(system: System) -> str:
    """What names an appliance's lists: replicas with another idea of the appliance never share with it."""
    facts = msgspec.json.encode((system.id, ApplianceIdentity.of(system)))
    return f"{system.id}-{digest_of(facts)}"


class Lists:
    """The shared lists of one system."""

    def __init__(
        self, reach: Reach, notices: Notices, system: System, most_bytes: int, *, monotonic: Clock, wall: Clock
    ) -> None:
        self._reach = reach
        self._notices = notices
        self._system = system
        self._most_bytes = most_bytes
        self._monotonic = monotonic
        self._wall = wall
        self.tag = tag_of(system)

    def __repr__(self) -> str:
        return f"<Lists of {self.tag}>"

    def keys(self, digest: str) -> dict[str, str]:
        """The keys that belong to one question."""
        return {name: self._reach.key(self.tag, name, digest) for name in ("lease", "head", "failure", "chunk")}

    @property
    def index(self) -> str:
        """The key of the set of all questions that have a list."""
        return self._reach.key(self.tag, "lists")

    async def digests(self) -> list[str]:
        """All questions that have a list; raises StoreAwayError."""
        reply = await self._reach.run(MEMBERS, (self.index,))
        return [member.decode() for member in reply.values[0]]

    async def head(self, digest: str) -> tuple[Head | None, Bearings]:
        """What the store has for a question; raises StoreAwayError."""
        reply = await self._reach.run(HEAD, (self.keys(digest)["head"],))
        found = reply.values[0]
        return (Head.of(found) if found else None), Bearings.of(reply, self._wall)

    async def publish(self, digest: str, held: Held, lease: Lease) -> str | None:
        """Give a list to all replicas; None where another one has a newer one, or the lease. Raises StoreAwayError."""
        clocks = Clocks(self._monotonic(), self._wall())
        data = await asyncio.to_thread(snapshot.encode, self._system, held, clocks)
        version, keys = secrets.token_hex(8), self.keys(digest)
        chunks = [data[at : at + _CHUNK_BYTES] for at in range(0, len(data), _CHUNK_BYTES)]
        for number, chunk in enumerate(chunks):
            key = f"{keys['chunk']}:{version}:{number}"
            await self._reach.run(CHUNK, (key,), (chunk, _WRITING_MS), _CHUNK_S)
        bearings = lease.bearings
        kept_ms = max(1000, int(self._system.limits.stale_seconds * 1000))
        reply = await self._reach.run(
            PUBLISH,
            (keys["lease"], keys["head"], keys["failure"], self.index, f"{keys['chunk']}:"),
            (
                lease.owner,
                lease.fence,
                version,
                len(chunks),
                bearings.on_store(held.fetched.asked_at),
                bearings.on_store(held.swept_at),
                bearings.wall_ahead_us,
                min(kept_ms, 2**40),
                digest,
                self._notices.spelled("list", self.tag, digest, version),
                self._notices.channel,
            ),
        )
        return version if reply.values[0] else None

    async def load(self, digest: str, head: Head, bearings: Bearings) -> Held | None:
        """A list as a held one of this replica; None where it is gone or cannot be used. Raises StoreAwayError."""
        data = bytearray()
        for number in range(head.chunks):
            key = f"{self.keys(digest)['chunk']}:{head.version}:{number}"
            found = (await self._reach.run(GET, (key,), (), _CHUNK_S)).values[0]
            if found is None:
                return None
            data += found
        clocks = Clocks(self._monotonic(), self._wall())
        with contextlib.suppress(SnapshotError):
            header, held = await asyncio.to_thread(snapshot.decode, bytes(data), clocks, self._most_bytes)
            if header.appliance == ApplianceIdentity.of(self._system):
                return _here(held, head, bearings)
        return None


def _here(held: Held, head: Head, bearings: Bearings) -> Held:
    """The list with the moments of this replica's clocks: they were told by those of another machine."""
    fetched = held.fetched
    asked_at = bearings.here(head.asked_us)
    behind = (head.wall_ahead_us - bearings.wall_ahead_us) / US
    moved = replace(
        fetched,
        asked_at=asked_at,
        answered_at=asked_at + fetched.took_s,
        wall_at=fetched.wall_at - behind,
        skew_s=None if fetched.skew_s is None else fetched.skew_s + behind,
    )
    return Held(held.asked, moved, bearings.here(head.swept_us), "shared", held.index)
