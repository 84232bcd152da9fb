"""Sessions of callers on all replicas: by the hash of their token, with the account's name; never the token."""

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

import msgspec

from gateway.callers.sessions import ABSOLUTE_S, IDLE_S, PER_USER, Known, Sessions
from gateway.clock import Clock
from gateway.shared.notices import Notice, Notices
from gateway.shared.reach import QUICK_S, Reach, StoreAwayError, ended
from gateway.shared.scripts import GET, OF_USER, SESSION, SET

_DEAD: Final = b"-"
_US: Final = 1_000_000
_STRANGE_S: Final = 5.0
_STRANGE_KEPT: Final = 4096
_LOOKUPS: Final = 8
_TOUCH_S: Final = 60.0


class _Value(msgspec.Struct, frozen=True):
    """A session as it is stored. `proof` changes with the user's password, `created_us` is the store's clock."""

    username: str
    proof: str
    created_us: int


_decode_value: Final = msgspec.json.Decoder(_Value).decode


def proof_of(password_hash: str) -> str:
    """What tells that a password is still the same, and nothing else."""
    return hashlib.sha256(b"session" + password_hash.encode()).hexdigest()[:32]


class SharedSessions:
    """Behind the sessions that this replica knows: those of the others, and the end of each on all of them."""

    def __init__(self, reach: Reach, notices: Notices, sessions: Sessions, *, monotonic: Clock) -> None:
        self._reach = reach
        self._notices = notices
        self._sessions = sessions
        self._monotonic = monotonic
        self._strange: OrderedDict[str, float] = OrderedDict()
        self._lookups = asyncio.Semaphore(_LOOKUPS)
        self._ended: OrderedDict[str, float] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._touching: asyncio.Task[None] | None = None
        notices.on("end", self._told)
        notices.missed.append(lambda: self._soon(self.catch_up()))

    def __repr__(self) -> str:
        return f"<SharedSessions, {len(self._ended)} ended here>"

    def start(self) -> None:
        """Begin to tell the store which sessions are in use."""
        self._touching = asyncio.create_task(self._touch())

    async def close(self) -> None:
        """Stop."""
        await ended(*self._tasks, self._touching)

    async def opened(self, digest: str, username: str) -> None:
        """A session was opened here: it is known everywhere before its token is given out, if the store is there."""
        with contextlib.suppress(StoreAwayError):
            await self._shared(digest)
            key = self._reach.key("user-" + hashlib.sha256(username.encode()).hexdigest()[:24], "sessions")
            reply = await self._reach.run(OF_USER, (key,), (digest, PER_USER, ABSOLUTE_S * 1000))
            for old in reply.values[0]:
                await self.ended(old.decode())

    async def ended(self, digest: str) -> None:
        """A session is over: nobody takes its token any more, on any replica."""
        self._remember(digest)
        self._sessions.end(digest)
        with contextlib.suppress(StoreAwayError):
            await self._tell_end(digest)

    async def known(self, digest: str, stored_hash: Callable[[str], str | None]) -> bool:
        """Look an unknown token up, once and for a moment; True where it is now known here as well."""
        now = self._monotonic()
        if digest in self._ended or self._strange.get(digest, 0.0) > now:
            return False
        try:
            async with asyncio.timeout(QUICK_S):
                await self._lookups.acquire()
        except TimeoutError:
            return False
        try:
            reply = await self._reach.run(GET, (self._key(digest),), (), QUICK_S)
        except StoreAwayError:
            return False
        finally:
            self._lookups.release()
        value = _read(reply.values[0])
        stored = None if value is None else stored_hash(value.username)
        if value is None or stored is None or proof_of(stored) != value.proof:
            self._strange[digest] = now + _STRANGE_S
            while len(self._strange) > _STRANGE_KEPT:
                self._strange.popitem(last=False)
            return False
        if digest in self._ended:  # here or elsewhere, since it was looked up
            return False
        self._sessions.learn(digest, value.username, stored, max(0.0, (reply.now_us - value.created_us) / _US))
        return True

    async def catch_up(self) -> None:
        """After a gap: what ended elsewhere ends here, and what the store has lost it is told again."""
        for digest in list(self._ended):
            await self._tell_end(digest)
        for digest in self._sessions.digests():
            await self._shared(digest)

    async def _shared(self, digest: str) -> None:
        """Store a session that the store does not know, or learn that it was ended meanwhile."""
        known: Known | None = self._sessions.facts(digest)
        if known is None:
            return
        # Its age counts back from the store's clock, which the store alone knows: the age travels as a difference.
        clock = await self._reach.run(GET, (self._key(digest),))
        if clock.values[0] == _DEAD:
            self._sessions.end(digest)
            return
        value = _Value(known.username, proof_of(known.password_hash), clock.now_us - int(known.age_s * _US))
        kept_ms = int(min(IDLE_S - known.idle_s, ABSOLUTE_S - known.age_s) * 1000)
        if kept_ms <= 0:
            return
        reply = await self._reach.run(SESSION, (self._key(digest),), (msgspec.json.encode(value), kept_ms))
        if reply.values[0] == _DEAD:
            self._sessions.end(digest)

    async def _tell_end(self, digest: str) -> None:
        notice = self._notices.spelled("end", digest)
        await self._reach.run(SET, (self._key(digest),), (_DEAD, ABSOLUTE_S * 1000, notice, self._notices.channel))

    def _told(self, notice: Notice) -> None:
        self._remember(notice.of)
        self._sessions.end(notice.of)

    def _remember(self, digest: str) -> None:
        now = self._monotonic()
        while self._ended and next(iter(self._ended.values())) <= now:
            self._ended.popitem(last=False)
        self._ended[digest] = now + ABSOLUTE_S

    async def _touch(self) -> None:
        """A session that is in use on one replica is not idle for the others."""
        while True:
            await asyncio.sleep(_TOUCH_S)
            with contextlib.suppress(StoreAwayError):
                for digest in self._sessions.digests(used_within_s=_TOUCH_S):
                    await self._shared(digest)

    def _key(self, digest: str) -> str:
        return self._reach.key(digest.removeprefix("sha256:"), "session")

    def _soon(self, work: Any) -> None:
        async def quietly() -> None:
            with contextlib.suppress(StoreAwayError):
                await work

        task = asyncio.create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _read(stored: bytes | None) -> _Value | None:
    if stored is None or stored == _DEAD:
        return None
    with contextlib.suppress(msgspec.MsgspecError):
        return _decode_value(stored)
    return None
