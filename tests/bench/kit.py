"""What a measurement over HTTP needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tests.bench.bare import Bare
from tests.bench.fleet import WARM, Fleet, Site
from tests.bench.load import Load
from tests.bench.processes import PROGRAM

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bench:
    """The appliances, the load, the bare server, how many rounds and how long each side of one is asked.

    `few` is how many rounds there are of what takes long, `program` what serves.
    """

    sites: dict[Fleet, list[Site]]
    load: Load
    bare: Bare
    rounds: int
    few: int
    seconds: float
    program: tuple[str, ...] = PROGRAM

    @property
    def warm(self) -> Site:
        """The appliance that every gateway has asked before it is measured."""
        return self.sites[WARM][0]


def turns(number: int, ours: Callable[[], T], theirs: Callable[[], T]) -> tuple[T, T]:
    """The outcomes of both sides; in every other round the second one goes first."""
    if number % 2:
        other = theirs()
        return ours(), other
    return ours(), theirs()
