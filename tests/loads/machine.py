"""What the machine did beside the measurement: CPU that others took, which is what makes a figure doubtful."""

import multiprocessing
import os
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Machine:
    """Cores that other processes took, from one look to the next."""

    _seen: tuple[float, float, float] = field(default_factory=lambda: (time.monotonic(), _busy_s(), _own_s()))

    def others(self) -> float:
        """On average since the last look, in cores."""
        now = (time.monotonic(), _busy_s(), _own_s())
        wall, busy, own = (new - old for new, old in zip(now, self._seen, strict=True))
        self._seen = now
        return max(0.0, busy - own) / wall


def _busy_s() -> float:
    """CPU of the whole machine since it started, idle time left out (proc(5), stat)."""
    user, nice, system, _idle, _wait, irq, soft, steal = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, irq, soft, steal))) / os.sysconf("SC_CLK_TCK")


def _own_s() -> float:
    """CPU of this process, of those that it ended, and of the ones that it shares among measurements."""
    alive = sum(time.clock_gettime((~(child.pid or 0) << 3) | 2) for child in multiprocessing.active_children())
    return sum(os.times()[:4]) + alive
