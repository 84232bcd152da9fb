"""Our clocks against the one of the store: ages that are right on every machine, and never too small."""

from dataclasses import dataclass
from typing import Final

from gateway.clock import Clock
from gateway.shared.reach import Reply

US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Bearings:
    """One exchange with the store, by which moments are translated.

    The store read its clock between `sent_at` and `got_at`. A moment of ours becomes the earliest that it can be on
    the store's clock, and the other way round: what is translated is never younger than it was.
    """

    now_us: int
    sent_at: float
    got_at: float
    wall_ahead_us: int
    """What our wall clock is ahead of the store's."""

    @classmethod
    def of(cls, reply: Reply, wall: Clock) -> "Bearings":
        """The bearings that a reply gives."""
        return cls(reply.now_us, reply.sent_at, reply.got_at, int(wall() * US) - reply.now_us)

    def on_store(self, moment: float) -> int:
        """Microseconds of the store's clock for a monotonic second of ours."""
        return self.now_us + int((moment - self.got_at) * US)

    def here(self, store_us: int) -> float:
        """The monotonic second of ours for a moment on the store's clock."""
        return self.sent_at - (self.now_us - store_us) / US
