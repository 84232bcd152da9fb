"""Keeps what this replica holds only for some seconds: leases of calls under way, places, the sign of life."""

import asyncio
import contextlib
from typing import Final

from gateway.shared.reach import Reach, StoreAwayError, ended
from gateway.shared.scripts import ALIVE, GONE, Script

LEASE_MS: Final = 3000
"""A replica that is killed or stopped holds the others up for so long at most."""
_EVERY_S: Final = 1.0
_SILENCE_US: Final = 5_000_000

Renewal = tuple[Script, tuple[str, ...], tuple[object, ...]]


class Renewals:
    """Renews everything once a second, until it is let go."""

    def __init__(self, reach: Reach, replica: str) -> None:
        self._reach = reach
        self._replica = replica
        self._kept: dict[str, Renewal] = {}
        self._task: asyncio.Task[None] | None = None
        self.replicas = 1
        """How many replicas were alive when that was last known, this one among them."""

    def __repr__(self) -> str:
        return f"<Renewals of {len(self._kept)} leases, {self.replicas} replicas>"

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop, and tell the others that this replica is gone."""
        await ended(self._task)
        with contextlib.suppress(StoreAwayError):
            await self._reach.run(GONE, (self._key,), (self._replica,))

    def keep(self, name: str, renewal: Renewal) -> None:
        """Renew this until `let_go`."""
        self._kept[name] = renewal

    def let_go(self, name: str) -> None:
        """Renew it no more."""
        self._kept.pop(name, None)

    @property
    def _key(self) -> str:
        return self._reach.key("replicas")

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(StoreAwayError):
                reply = await self._reach.run(ALIVE, (self._key,), (self._replica, _SILENCE_US))
                self.replicas = max(1, int(reply.values[0]))
                for script, keys, values in list(self._kept.values()):
                    await self._reach.run(script, keys, values)
            await asyncio.sleep(_EVERY_S)
