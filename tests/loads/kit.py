"""What every measurement gets."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.simulator import Farm
from tests.bench.fleet import Fleet
from tests.bench.kit import Bench
from tests.bench.processes import Served, gateway, serving
from tests.bench.settings import HELD
from tests.shield.support import text_of


@dataclass(slots=True)
class Kit:
    """Appliances, load, bare server, and how much of everything.

    `folder` gets one file for each goal with the lags of the loops that it had. `minutes` are those of the soak,
    `rows` those of each system that is killed.
    """

    bench: Bench
    folder: Path
    quick: bool
    minutes: float
    rows: int
    goal: str = "none"

    def of(self, goal: str) -> "Kit":
        """The same for that goal."""
        found = replace(self, goal=goal)
        found.bench = replace(self.bench, program=found.program)
        return found

    @property
    def program(self) -> tuple[str, ...]:
        """What serves: the gateway, its lags written down."""
        return "tests.loads.watched", str(self.lags)

    @property
    def lags(self) -> Path:
        """The file of this goal's lags."""
        return self.folder / f"{self.goal}.lags"

    @contextmanager
    def over(
        self, fleet: Fleet, *, cache: str = "", held: str = HELD, server: str = "", more: str = ""
    ) -> Iterator[Served]:
        """A gateway over cheap appliances."""
        sites, warm = self.bench.sites[fleet], self.bench.warm
        with gateway(sites, warm, cache=cache, held=held, server=server, more=more, program=self.program) as served:
            yield served

    @contextmanager
    def over_farm(
        self, farm: Farm, cache: Mapping[str, object] | None = None, fanout: Mapping[str, object] | None = None
    ) -> Iterator[Served]:
        """A gateway over simulated appliances, for the one token of `tests.shield.support`."""
        with serving(text_of(farm, cache, fanout), self.program) as served:
            yield served
