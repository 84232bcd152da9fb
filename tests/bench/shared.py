"""The processes that all measurements of a run share."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tests.bench import appliances, bare, load
from tests.bench.fleet import WARM, Fleet
from tests.bench.kit import Bench
from tests.bench.processes import CLIENT_CORE, SERVER_CORE, spawned


@contextmanager
def shared(fleets: Iterable[Fleet], *, rounds: int, few: int, seconds: float) -> Iterator[Bench]:
    """Appliances of these fleets, a load and a bare handler; how often and how long each thing is measured."""
    with (
        spawned(appliances.serve, CLIENT_CORE) as sites,
        spawned(load.serve, CLIENT_CORE) as asking,
        spawned(bare.serve, SERVER_CORE) as answering,
    ):
        sites.send({WARM, *fleets})
        yield Bench(sites.recv(), load.Load(asking), bare.Bare(answering), rounds, few, seconds)
