"""The fleets that are measured: how many appliances, how long their lists, how slow, in which dialect."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.simulator.dialects import Dialect

USERNAME: Final = "gateway"
PASSWORD: Final = "simulated"
TIMEZONE: Final = "America/New_York"

_MEDIAN_S: Final = 0.080
_P99_S: Final = 1.5
_SIGMA: Final = math.log(_P99_S / _MEDIAN_S) / 2.3263
"""Of the lognormal distribution with that median and that 99th percentile."""


@dataclass(frozen=True, slots=True)
class Site:
    """One appliance that listens; `pin` is its certificate's, None over plain HTTP."""

    id: int
    url: str
    pin: str | None

    @property
    def name(self) -> str:
        """Its name in the gateway's configuration."""
        return f"appliance-{self.id:03}"


@dataclass(frozen=True, slots=True)
class Fleet:
    """`seed` draws one latency for each appliance, half of it before the login, half before the list; None: no wait.

    The lists of a `moving` fleet are other ones at each call.
    """

    name: str
    size: int
    rows: int
    dialect: Dialect = "wiki-2015"
    tls: bool = False
    seed: int | None = None
    moving: bool = False

    def latencies(self) -> list[float]:
        """Seconds for login and list together, appliance by appliance: the same at each call."""
        if self.seed is None:
            return [0.0] * self.size
        draw = random.Random(self.seed)
        return [draw.lognormvariate(math.log(_MEDIAN_S), _SIGMA) for _ in range(self.size)]

    @property
    def records(self) -> int:
        """Rows in one whole answer."""
        return self.size * self.rows

    def slowest(self, sites: Sequence[Site]) -> Site:
        """The one of its appliances that all the others wait for."""
        latencies = self.latencies()
        return sites[latencies.index(max(latencies))]


WARM: Final = Fleet("1 x 100", 1, 100)
PLAIN: Final = Fleet("50 x 100", 50, 100)
LONG: Final = Fleet("50 x 1000", 50, 1000)
NEWER: Final = Fleet("50 x 100 in 10.x shape", 50, 100, dialect="10.x")
MOVING: Final = Fleet("50 x 100, each list changed", 50, 100, moving=True)
TLS: Final = Fleet("50 x 100 TLS", 50, 100, tls=True)
SLOW_50: Final = Fleet("N=50 HTTP", 50, 100, seed=2)
SLOW_200: Final = Fleet("N=200 HTTP", 200, 100, seed=2)
SLOW_200_TLS: Final = Fleet("N=200 TLS", 200, 100, tls=True, seed=2)

TINY: Final = Fleet("2 x 6", 2, 6)
SMALL: Final = Fleet("50 x 9", 50, 9)
WIDE: Final = Fleet("100 x 1000", 100, 1000)
WIDE_MOVING: Final = Fleet("100 x 1000, each list changed", 100, 1000, moving=True)
HUGE: Final = Fleet("200 x 1000", 200, 1000)
MANY: Final = Fleet("200 x 100", 200, 100)
HUNDRED: Final = Fleet("100 x 100", 100, 100)
THOUSAND: Final = Fleet("1000 x 100", 1000, 100)
FLOOD: Final = Fleet("2000 x 1000", 2000, 1000)
ONE_LARGE: Final = Fleet("10 MB", 1, 14_500)
ONE_LARGE_NEWER: Final = Fleet("10 MB in 10.x shape", 1, 11_000, dialect="10.x")
