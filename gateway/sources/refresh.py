"""Renews one system's held lists: the whole of a list, or its tail where that is enough."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import Final

from gateway.clock import Clock
from gateway.errors import LOGIN_FAULTS, FetchError, OddRowsError
from gateway.filter import Asked
from gateway.lists.held import Held
from gateway.lists.plan import appliance_now, undecided
from gateway.lists.store import Store
from gateway.lists.tail import Tail, has_tail, plan_tail, put_back
from gateway.model import Fetched, SystemId
from gateway.sources.source import BackupSource, Call, ReadsColumns

_TOO_LARGE_S: Final = 600.0
_TOO_LARGE_KEPT: Final = 256
_ODD_FOR_S: Final = 86_400.0
"""For so long a row that is no object stays among the recent ones: a tail would be a call for nothing."""
_DROPPED: Final = "dropped_rows"
_OF_ROWS: Final = frozenset({_DROPPED, "foreign_sid", "filtered_rows"})
"""Warnings of a reply that stay true for as long as its rows are shown."""


class Refresh:
    """Asks the appliance and keeps what it says. A failure marks the held list and never replaces it."""

    def __init__(
        self,
        inner: BackupSource,
        store: Store,
        system_id: SystemId,
        sweep_s: float,
        *,
        reads: ReadsColumns,
        monotonic: Clock,
    ) -> None:
        self._inner = inner
        self._reads = reads
        self._store = store
        self.system_id = system_id
        self._sweep_s = sweep_s
        self._monotonic = monotonic
        self.retired = False
        self._too_large: dict[Asked, tuple[float, FetchError]] = {}
        self.last_success: float | None = None
        self.last_error: FetchError | None = None
        self._refused_at: float | None = None
        self.latency_s: float | None = None

    def __repr__(self) -> str:
        return f"<Refresh of system {self.system_id}, {self.last_error or 'in order'}, {self._inner!r}>"

    @property
    def is_up(self) -> bool | None:
        """Whether the last exchange went well; None before the first."""
        if self.last_error is not None:
            return False
        return None if self.last_success is None else True

    @property
    def is_refused(self) -> bool:
        """Whether our account was refused and nothing asked since was answered: other faults do not undo that."""
        return self._refused_at is not None

    def follow(self, old: "Refresh") -> None:
        """Go on with what was known of the same appliance before its configuration changed."""
        self._refused_at = old._refused_at
        self.last_success, self.last_error, self.latency_s = old.last_success, old.last_error, old.latency_s

    def retire(self) -> None:
        """From now on nothing is kept or marked: the held lists are those of whoever has taken the place."""
        self.retired = True

    def known_too_large(self, asked: Asked) -> FetchError | None:
        """A list that was too large a moment ago is not asked for again."""
        until, error = self._too_large.get(asked, (0.0, None))
        return error.again() if error is not None and self._monotonic() < until else None

    async def run(self, call: Call, *, whole: bool) -> Held:
        """The renewed list for `call.asked`, kept; raises FetchError. `whole` forbids a tail.

        Where a later call was quicker, its list stays, and is what this one brings as well: whoever has seen that must
        see nothing older. Only who wants the whole list gets his own, unless all of it was asked for again since.

        An empty list is no surprise, is believed when a second fetch says the same, or stands back behind the list
        that it would replace: appliances say `{}` when they mean that something went wrong (appliance-api.md, fact 5).
        """
        begun = self._monotonic()
        try:
            held = await self._renewed(call, whole=whole)
            if not len(held.fetched.backups) and self._is_surprising(call.asked):
                held = await self._whole(call)
        except FetchError as error:
            self.failed(call.asked, error, begun)
            raise
        took_s = held.fetched.took_s
        self.latency_s = took_s if self.latency_s is None else 0.7 * self.latency_s + 0.3 * took_s
        self._succeeded(held.fetched, held.fetched.wall_at)
        if self.retired:
            return held
        return self._kept(held, self._store.get(self.system_id, call.asked), whole=whole)

    def _kept(self, held: Held, old: Held | None, *, whole: bool) -> Held:
        """What counts of the list that has come and the one that is held; that is kept."""
        asked_at = held.fetched.asked_at
        is_late = old is not None and old.fetched.asked_at > asked_at
        if old is held or (old is not None and is_late and (not whole or old.swept_at >= asked_at)):
            return old
        if old is not None and not len(held.fetched.backups) and not old.emptied and self._has_rows(old):
            old.emptied += 1
            self._store.changed()
            old.failed = FetchError("bad_reply", "an empty list where backups were listed before; asked once more")
            return old
        if is_late:
            return held
        if old is not None:
            held.reach = old.reach
        self._store.put(self.system_id, held)
        return held

    async def _renewed(self, call: Call, *, whole: bool) -> Held:
        old = self._store.get(self.system_id, call.asked)
        if old is not None and not whole and self._may_have_tail(old):
            await self._reads.columns(old.index)
            tail = plan_tail(old, appliance_now(old, self._monotonic()))
            renewed = None if tail is None else await self._tail(call, old, tail)
            if renewed is not None:
                return renewed
        held = await self._whole(call)
        if old is not None and _DROPPED in held.fetched.warnings:
            held.whole_until = old.whole_until
        return held

    def _may_have_tail(self, old: Held) -> bool:
        """Only the whole of a list can say again that it is empty, and only a whole one shows all that has changed."""
        now = self._monotonic()
        return has_tail(old.asked) and not old.emptied and now >= old.whole_until and now - old.swept_at < self._sweep_s

    async def _whole(self, call: Call) -> Held:
        fetched = await self._inner.fetch(call)
        old = self._store.get(self.system_id, call.asked)
        index = old.index if old is not None and old.fetched.backups is fetched.backups else None
        held = Held(call.asked, fetched, fetched.asked_at, indexed=index)
        await self._reads.many(held.index)
        return held

    async def _tail(self, call: Call, old: Held, tail: Tail) -> Held | None:
        """Both parts of a tail put back into the list; the old list stays untouched until both are here."""
        parts: list[Fetched] = []
        for asked in (tail.recent, tail.again):
            if asked is None:
                continue
            step = Call(asked, is_part=True)
            call.step = step
            part = await self._part(step)
            if part is None:
                old.whole_until = self._monotonic() + _ODD_FOR_S
                return None
            parts.append(part)
            call.started = True  # what has begun is finished, also when its second half waits for a turn
        if not parts:
            return None
        now_held = self._store.get(self.system_id, call.asked)
        if now_held is not old:  # the parts fit into no other list; a younger one makes them needless
            return now_held if now_held is not None and now_held.fetched.asked_at >= parts[0].asked_at else None
        if old.emptied:  # meanwhile
            return None
        nothing = old.fetched.backups.pick(())
        recent = nothing if tail.recent is None else parts[0].backups
        again = nothing if tail.again is None else parts[-1].backups
        index = put_back(old, tail, recent, again, appliance_now(old, self._monotonic()))
        if index is None:
            return None
        fetched = replace(
            parts[-1],
            backups=index.backups,
            asked_at=parts[0].asked_at,
            reply_bytes=sum(part.reply_bytes for part in parts),
            warnings=tuple(dict.fromkeys(chain(_of_kept_rows(old, tail), *(part.warnings for part in parts)))),
        )
        return Held(call.asked, fetched, old.swept_at, "tail", index)

    async def _part(self, step: Call) -> Fetched | None:
        """One part of a tail; None where some of its rows are no objects: how many that is, only the whole list says.

        One among a hundred is too many (contract section 5.3), and few parts have a hundred rows.
        """
        try:
            part = await self._inner.fetch(step)
        except OddRowsError:
            return None
        return None if _DROPPED in part.warnings else part

    def _has_rows(self, held: Held) -> bool:
        """Whether the list has rows that have not surely left its own window since."""
        left = held.index.asked(undecided(held.asked, held.asked), appliance_now(held, self._monotonic())).no
        return not left.all()

    def _is_surprising(self, asked: Asked) -> bool:
        """Whether lists for other questions show rows that an empty one for this should have.

        Where a list for this very question stands in, or an empty one was not believed before, there is time for the
        next call to say it again; else whoever waits would be told nothing but that.
        """
        old = self._store.get(self.system_id, asked)
        if old is not None and (old.emptied or self._has_rows(old)):
            return False
        return any(self._shows(held, asked) for held in self._store.held(self.system_id) if held is not old)

    def _shows(self, held: Held, asked: Asked) -> bool:
        now = appliance_now(held, self._monotonic())
        if now is None and (asked.start_hours is not None or asked.end_hours is not None):
            return False
        return bool(held.index.asked(asked, now).yes.any())

    def adopt(self, held: Held) -> Held:
        """Keep a list that another replica got, unless what is held is as young; returns what counts."""
        if self.retired:
            return held
        old = self._store.get(self.system_id, held.asked)
        if old is not None and old.fetched.asked_at >= held.fetched.asked_at:
            return old
        self._succeeded(held.fetched, max(held.fetched.wall_at, self.last_success or 0.0))
        self._store.put(self.system_id, held)
        return held

    def _succeeded(self, fetched: Fetched, wall_at: float) -> None:
        self.last_success, self.last_error = wall_at, None
        if self._refused_at is not None and fetched.asked_at >= self._refused_at:  # an older call says nothing of it
            self._refused_at = None

    def failed(self, asked: Asked, error: FetchError, begun: float) -> FetchError:
        """Mark the held list for a question that could not be asked; returns the error.

        `begun` is when the call began (monotonic seconds): of a list that was asked for since, it says nothing.
        """
        kept = error.again()  # without its traceback, which would keep alive what had come of a reply
        self.last_error = kept
        if error.kind in LOGIN_FAULTS:
            self._refused_at = self._monotonic()
        held = None if self.retired else self._store.get(self.system_id, asked)
        if held is not None and held.fetched.asked_at <= begun:
            held.failed = kept
            self._store.changed()
        if error.kind == "too_large":  # the appliance is healthy, so the breaker is not the place to remember it
            while len(self._too_large) >= _TOO_LARGE_KEPT:
                self._too_large.pop(next(iter(self._too_large)))
            self._too_large[asked] = (self._monotonic() + _TOO_LARGE_S, kept)
        return error


def _of_kept_rows(old: Held, tail: Tail) -> Iterable[str]:
    """What was said of rows that stay as they are."""
    return [word for word in old.fetched.warnings if word in _OF_ROWS] if tail.kept.any() else ()
