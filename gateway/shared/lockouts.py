"""Failed logins counted over all replicas. Names are stored as digests alone."""

import hashlib
from typing import Literal

from gateway.lockout import FAILURES, LOCK_S
from gateway.shared.notices import Notices
from gateway.shared.reach import Reach
from gateway.shared.scripts import LOCK

What = Literal["look", "failed", "succeeded"]


class SharedLocks:
    """Asks the store in addition to the lock of this replica; without the store that one is all there is."""

    def __init__(self, reach: Reach, notices: Notices) -> None:
        self._reach = reach
        self._notices = notices

    def __repr__(self) -> str:
        return f"<SharedLocks in {self._reach!r}>"

    async def note(self, name: str, what: What) -> tuple[int, float]:
        """Count an attempt, or only look: failures in a row and the seconds for which the name is locked.

        Raises StoreAwayError.
        """
        tag = "name-" + hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:32]
        keys = (self._reach.key(tag, "failures"), self._reach.key(tag, "lock"))
        reply = await self._reach.run(LOCK, keys, (what, FAILURES, int(LOCK_S * 1000)))
        failures, locked_ms = reply.values
        return int(failures), int(locked_ms) / 1000
