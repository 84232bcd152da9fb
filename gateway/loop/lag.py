"""How late the event loop is: whatever takes it for long makes everybody wait, and shows here."""

import asyncio
from collections import deque
from typing import Final

_EVERY_S: Final = 0.25
_REMEMBERED_S: Final = 60.0


class LagWatch:
    """A timer that notes how much later than asked it was called; seconds."""

    def __init__(self) -> None:
        self.last_s = 0.0
        self._seen: deque[float] = deque(maxlen=int(_REMEMBERED_S / _EVERY_S))
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    @property
    def longest_s(self) -> float:
        """The longest of the last minute."""
        return max(self._seen, default=0.0)

    def start(self) -> None:
        """Watch the running loop."""
        loop = asyncio.get_running_loop()
        self._due = loop.time() + _EVERY_S
        self._timer = loop.call_at(self._due, self._look)

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self.last_s = max(0.0, asyncio.get_running_loop().time() - self._due)
        self._seen.append(self.last_s)
        self.start()
