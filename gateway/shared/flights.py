"""Single-flight over replicas: one of them asks the appliance, the others take its list or hear of its failure."""

import asyncio
import contextlib
from typing import Any, Final

import msgspec

from gateway.clock import Clock
from gateway.errors import ErrorKind, FetchError
from gateway.lists.held import Held
from gateway.lists.names import asked_digest
from gateway.lists.store import Store
from gateway.model import SystemId
from gateway.shared.clock import US, Bearings
from gateway.shared.lists import Head, Lease, Lists
from gateway.shared.notices import Notice, Notices
from gateway.shared.reach import Reach, StoreAwayError, ended
from gateway.shared.renewals import LEASE_MS, Renewals
from gateway.shared.scripts import ENTER, LEAVE, RENEW
from gateway.sources.refresh import Refresh
from gateway.sources.source import Call

_LOOK_EVERY_S: Final = 0.2
_FAILURE_MS: Final = 1000
_LOADS: Final = 2


class _Told(msgspec.Struct, frozen=True):
    """A failure on its way to other replicas; `retry_in_s` counts from when it was told."""

    kind: ErrorKind
    message: str
    retry_in_s: float | None = None


_decode_told: Final = msgspec.json.Decoder(_Told).decode


class Flights:
    """Stands before one system's Refresh and runs it only where no other replica is at the same question."""

    def __init__(
        self,
        refresh: Refresh,
        store: Store,
        lists: Lists,
        reach: Reach,
        renewals: Renewals,
        notices: Notices,
        fresh_s: float,
        revalidate_s: float,
        *,
        monotonic: Clock,
        wall: Clock,
    ) -> None:
        self._refresh = refresh
        self._store = store
        self._lists = lists
        self._reach = reach
        self._renewals = renewals
        self._notices = notices
        self._fresh_s = fresh_s
        self._revalidate_s = revalidate_s
        self._monotonic = monotonic
        self._wall = wall
        self._versions: dict[str, str] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loads = asyncio.Semaphore(_LOADS)

    def __repr__(self) -> str:
        return f"<Flights of {self._lists!r}, {len(self._waiting)} waited for>"

    @property
    def _system_id(self) -> SystemId:
        return self._refresh.system_id

    async def run(self, call: Call, *, whole: bool) -> Held:
        """As Refresh.run. A list that another replica asked for in the meantime serves as well as one of ours."""
        digest = asked_digest(call.asked)
        awaited = 0
        try:
            while True:
                reply = await self._entered(call, digest, awaited, whole=whole)
                verdict, values = reply.values[0].decode(), reply.values[1:]
                bearings = Bearings.of(reply, self._wall)
                if verdict == "list":
                    held = await self._taken(digest, Head.of(values[0]), bearings)
                    if held is not None:
                        return held
                    self._versions[digest] = Head.of(values[0]).version  # it cannot be read: ask for a better one
                elif verdict == "failed":
                    raise self._failed(call, values[0])
                elif verdict == "wait":
                    call.elsewhere = True
                    awaited = max(awaited, int(values[0]))
                    await self._woken(digest)
                else:
                    break
        except StoreAwayError:
            call.elsewhere = False
            return await self._refresh.run(call, whole=whole)
        call.elsewhere = False
        lease = Lease(self._notices.replica, int(values[0]), bearings)
        return await self._led(call, digest, lease, values[1], whole=whole)

    async def _entered(self, call: Call, digest: str, awaited: int, *, whole: bool) -> Any:
        keys = self._lists.keys(digest)
        strict = call.not_before is not None
        # A replica that holds nothing takes what may still be served; one that holds a list asks for a fresh one.
        has_none = self._store.get(self._system_id, call.asked) is None
        longest = self._monotonic() - (call.not_before or 0.0) if strict else self._fresh_s
        longest = self._revalidate_s if has_none and not strict else longest
        return await self._reach.run(
            ENTER,
            (keys["lease"], keys["head"], keys["failure"]),
            (
                self._notices.replica,
                LEASE_MS,
                int(max(0.0, longest) * US),
                int(strict),
                int(whole),
                "" if has_none else self._versions.get(digest, ""),
                awaited,
            ),
        )

    async def _led(self, call: Call, digest: str, lease: Lease, older: list[Any] | None, *, whole: bool) -> Held:
        """Ask the appliance, with the lease renewed meanwhile, and let the others know how it went."""
        keys = self._lists.keys(digest)
        name = f"{keys['lease']}:{lease.fence}"
        self._renewals.keep(name, (RENEW, (keys["lease"],), (lease.owner, lease.fence, LEASE_MS)))
        error, given = None, False
        try:
            if older is not None and self._store.get(self._system_id, call.asked) is None:
                with contextlib.suppress(StoreAwayError):  # a stand-in, and what a tail can be put to
                    await self._taken(digest, Head.of(older), lease.bearings)
            held = await self._refresh.run(call, whole=whole)
            error = held.failed
            given = error is None
        except FetchError as failed:
            error = failed
            raise
        finally:
            end = self._gave(digest, held, lease, name) if given else self._left(digest, lease, name, error)
            self._soon(end)
        return held

    async def _gave(self, digest: str, held: Held, lease: Lease, name: str) -> None:
        try:
            version = await self._lists.publish(digest, held, lease)
            if version is not None and self._store.get(self._system_id, held.asked) is held:
                self._versions[digest] = version
            if version is None:
                await self._left(digest, lease, name, None)
        finally:
            self._renewals.let_go(name)

    async def _left(self, digest: str, lease: Lease, name: str, error: FetchError | None) -> None:
        self._renewals.let_go(name)
        keys, told = self._lists.keys(digest), b""
        if error is not None:
            retry_in = None if error.retry_at is None else max(0.0, error.retry_at - self._wall())
            told = msgspec.json.encode(_Told(error.kind, error.message, retry_in))
        notice = self._notices.spelled("free", self._lists.tag, digest)
        values = (lease.owner, lease.fence, told, _FAILURE_MS, notice, self._notices.channel)
        await self._reach.run(LEAVE, (keys["lease"], keys["failure"]), values)

    async def _taken(self, digest: str, head: Head, bearings: Bearings) -> Held | None:
        held = await self._lists.load(digest, head, bearings)
        if held is None:
            return None
        kept = self._refresh.adopt(held)
        self._versions[digest] = head.version
        return kept

    def _failed(self, call: Call, told: bytes) -> FetchError:
        """The failure of another replica's call, taken as one of ours."""
        said = _decode_told(told)
        retry_at = None if said.retry_in_s is None else self._wall() + said.retry_in_s
        return self._refresh.failed(call.asked, FetchError(said.kind, said.message, retry_at=retry_at), call.begun)

    async def _woken(self, digest: str) -> None:
        """Until there is news of that question, or for a moment: a notice may be lost."""
        event = asyncio.Event()
        waiting = self._waiting.setdefault(digest, set())
        waiting.add(event)
        try:
            async with asyncio.timeout(_LOOK_EVERY_S):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            waiting.discard(event)
            if not waiting and self._waiting.get(digest) is waiting:
                del self._waiting[digest]

    def told(self, notice: Notice) -> None:
        """News of a question of this system."""
        for event in self._waiting.get(notice.about, ()):
            event.set()
        is_news = notice.kind == "list" and notice.replica != self._notices.replica
        if is_news and self._versions.get(notice.about) != notice.value and notice.about in self._held():
            self._soon(self._brought(notice.about))

    def catch_up(self, *, everything: bool) -> None:
        """News may have been missed: take what is newer than what is held. `everything`: also what is not held."""
        self._soon(self._caught_up(everything=everything))

    async def _caught_up(self, *, everything: bool) -> None:
        held = self._held()
        for digest in await self._lists.digests():
            if everything or digest in held:
                await self._brought(digest)

    async def _brought(self, digest: str) -> None:
        async with self._loads:
            head, bearings = await self._lists.head(digest)
            if head is not None and self._versions.get(digest) != head.version:
                await self._taken(digest, head, bearings)

    def _held(self) -> set[str]:
        return {asked_digest(held.asked) for held in self._store.held(self._system_id)}

    def _soon(self, work: Any) -> None:
        task = asyncio.create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Finish what the others wait for, for a moment, and end the rest."""
        tasks = list(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)
        await ended(*tasks)


async def _quietly(work: Any) -> None:
    with contextlib.suppress(StoreAwayError):
        await work
