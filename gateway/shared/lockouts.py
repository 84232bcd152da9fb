"""Failed logins counted over all replicas. Names are stored as digests alone."""

import hashlib
from typing import Final, Literal

from gateway.callers.lockout import FAILURES, LOCK_S
from gateway.shared.notices import Notice, Notices
from gateway.shared.reach import Reach
from gateway.shared.scripts import LOCK

What = Literal["look", "failed", "succeeded"]

_MOST_QUIET: Final = 20_000


class SharedLocks:
    """Asks the store in addition to the lock of this replica; without the store that one is all there is."""

    def __init__(self, reach: Reach, notices: Notices) -> None:
        self._reach = reach
        self._notices = notices
        self._quiet: set[str] = set()
        notices.on("failed", self._told)
        notices.missed.append(self._quiet.clear)

    def __repr__(self) -> str:
        return f"<SharedLocks in {self._reach!r}, {len(self._quiet)} names quiet>"

    def is_quiet(self, name: str) -> bool:
        """Whether the store knew no failure of that name when it was asked last, and no replica has told of one since.

        It costs no trip to the store: clients that show a password with each request would make one each time.
        """
        return self._notices.listening and _tag(name) in self._quiet

    async def note(self, name: str, what: What) -> tuple[int, float]:
        """Count an attempt, or only look: failures in a row and the seconds for which the name is locked.

        Raises StoreAwayError.
        """
        tag = _tag(name)
        keys = (self._reach.key(tag, "failures"), self._reach.key(tag, "lock"))
        notice = self._notices.spelled("failed", tag)
        if len(self._quiet) >= _MOST_QUIET:
            self._quiet.clear()
        self._quiet.add(tag)  # before the store is asked: a failure may be told of before its answer is read
        try:
            values = (what, FAILURES, int(LOCK_S * 1000), notice, self._notices.channel)
            reply = await self._reach.run(LOCK, keys, values)
        except BaseException:
            self._quiet.discard(tag)
            raise
        failures, locked_ms = map(int, reply.values)
        if failures or locked_ms:
            self._quiet.discard(tag)
        return failures, locked_ms / 1000

    def _told(self, notice: Notice) -> None:
        self._quiet.discard(notice.of)


def _tag(name: str) -> str:
    return "name-" + hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:32]
