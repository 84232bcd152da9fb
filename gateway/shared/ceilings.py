"""The ceilings of one appliance over all replicas: starts in any minute, and calls at once."""

import asyncio
import secrets
from collections import deque
from typing import Final

from gateway.clock import Clock
from gateway.shared.reach import Reach, StoreAwayError
from gateway.shared.renewals import LEASE_MS, Renewals
from gateway.shared.scripts import GONE, KEEP_SLOT, SLOT, TURN

_POLL_S: Final = 0.05
_LONGEST_WAIT_S: Final = 1.0
_US: Final = 1_000_000


class Ceiling:
    """Counts in the store. Without it each replica takes its share: the ceiling through the replicas last known."""

    def __init__(
        self,
        reach: Reach,
        renewals: Renewals,
        tag: str,
        concurrency: int,
        calls_per_minute: int,
        period_s: float,
        *,
        monotonic: Clock,
    ) -> None:
        self._reach = reach
        self._renewals = renewals
        self._log, self._slots = reach.key(tag, "calls"), reach.key(tag, "slots")
        self._concurrency = concurrency
        self._calls_per_minute = calls_per_minute
        self._period_s = period_s
        self._monotonic = monotonic
        self._own: deque[tuple[str, float]] = deque()
        self._known: list[float] = []
        self._told_until = -1
        self._inside = 0

    def __repr__(self) -> str:
        return f"<Ceiling {len(self._recent())} of {self._calls_per_minute} calls known>"

    def resize(self, concurrency: int, calls_per_minute: int, period_s: float) -> None:
        """See gate.CommonCeiling. Each replica asks by its own configuration, whoever reads a new one first."""
        self._concurrency, self._calls_per_minute, self._period_s = concurrency, calls_per_minute, period_s

    async def turn(self) -> None:
        """Wait until one more call may start, and count it."""
        member = secrets.token_hex(8)
        while True:
            try:
                wait = await self._asked(member)
            except StoreAwayError:
                wait = self._share_in()
            if wait <= 0:
                self._own.append((member, self._monotonic()))
                return
            await asyncio.sleep(min(wait, _LONGEST_WAIT_S))

    async def enter(self) -> str:
        """Wait for a place among the calls at once; its name is for `leave`."""
        member = secrets.token_hex(8)
        lease_us = LEASE_MS * 1000
        while True:
            try:
                reply = await self._reach.run(SLOT, (self._slots,), (self._concurrency, member, lease_us))
                granted = bool(reply.values[0])
            except StoreAwayError:
                granted = self._inside < max(1, self._concurrency // self._renewals.replicas)
            if granted:
                self._inside += 1
                self._renewals.keep(member, (KEEP_SLOT, (self._slots,), (member, lease_us)))
                return member
            await asyncio.sleep(_POLL_S)

    async def leave(self, member: str) -> None:
        """Give a place back."""
        self._inside -= 1
        self._renewals.let_go(member)
        try:
            await self._reach.run(GONE, (self._slots,), (member,))
        except StoreAwayError:
            return  # its lease ends by itself

    def free_in(self, ahead: int) -> float:
        """Seconds until a call that comes now may start behind `ahead` others, as far as this replica knows."""
        if not self._reach.up:
            return self._share_in(ahead)
        recent = self._recent()
        over = len(recent) + ahead - self._calls_per_minute
        if over < 0:
            return 0.0
        now = self._monotonic()
        return self._period_s if over >= len(recent) else max(0.0, recent[over] + self._period_s - now)

    async def _asked(self, member: str) -> float:
        """0 where the call may start, else seconds to wait."""
        self._forget()
        outage, missed = self._reach.outages, []
        if outage != self._told_until:  # the store may have forgotten what it knew of our calls
            now = self._monotonic()
            for own, at in self._own:
                missed += [own, int((now - at) * _US)]
        values = (int(self._period_s * _US), self._calls_per_minute, member, *missed)
        reply = await self._reach.run(TURN, (self._log,), values)
        self._told_until = outage
        granted, ages = reply.values
        self._known = sorted(reply.got_at - int(age) / _US for age in ages)
        if granted:
            return 0.0
        oldest = self._known[max(0, len(self._known) - self._calls_per_minute)]
        return max(_POLL_S, oldest + self._period_s - self._monotonic())

    def _share_in(self, ahead: int = 0) -> float:
        self._forget()
        own = [at for _, at in self._own]
        share = max(1, self._calls_per_minute // self._renewals.replicas)
        over = max(len(own) + ahead - share, len(self._recent()) + ahead - self._calls_per_minute)
        if over < 0:
            return 0.0
        times = own if len(own) + ahead >= share else self._recent()
        at = times[min(over, len(times) - 1)] if times else self._monotonic()
        return max(_POLL_S, at + self._period_s - self._monotonic())

    def _recent(self) -> list[float]:
        """When the known calls of the last period started: those that the store told of, and ours since."""
        since = self._monotonic() - self._period_s
        told = [at for at in self._known if at > since]
        last = told[-1] if told else since
        return told + [at for _, at in self._own if at > last + _POLL_S]

    def _forget(self) -> None:
        since = self._monotonic() - self._period_s
        while self._own and self._own[0][1] <= since:
            self._own.popleft()
