"""L1: many connected dashboards that poll; errors, times and what each of them costs in memory."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from tests.bench.figures import at_most
from tests.bench.fleet import Fleet
from tests.bench.processes import Served
from tests.bench.questions import Request
from tests.bench.settings import PROXIED, token_table
from tests.loads.crowd import Answers, polls
from tests.loads.kit import Kit
from tests.loads.lines import Line, aside, fact, share, value

FLEET: Final = Fleet("100 x 3", 100, 3)
_CLIENTS: Final = 10_000
_FEW: Final = 100
_PERIOD_S: Final = 10.0
_TOKENS: Final = [f"dashboard-{number}" for number in range(10)]
_QUESTIONS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"status": "Failure"},
    {"type": "Full"},
    {"system_id": list(range(1, 21))},
)
_PATIENCE_S: Final = 20.0
_KIB: Final = 1024


def dashboards(kit: Kit) -> list[Line]:
    """10,000 connections of ten users with four questions, against 100 of them in the same process."""
    periods = 3 if kit.quick else 6
    tables = "".join(token_table(token, token, list(range(1, FLEET.size + 1))) for token in _TOKENS)
    with kit.over(FLEET, server=PROXIED, more=tables) as served:
        body = Request({}).look(served.port).good()
        _, few = _crowd(kit, served, _FEW, 1.5 * _PERIOD_S)
        answers, many = _crowd(kit, served, _CLIENTS, periods * _PERIOD_S)
    with kit.bench.bare.answering(body) as port:
        bare = _ask(kit, port, _CLIENTS, 2 * _PERIOD_S)
    good = len(answers.of(200))
    bad = len(answers.status) - good + sum(answers.lost.values())
    rounds = [share(answers.within(number * _PERIOD_S, (number + 1) * _PERIOD_S), 0.99) for number in range(1, periods)]
    name = f"{_CLIENTS:,} clients, a question each 10 s, 100 systems held"
    each = (many - few) / (_CLIENTS - _FEW)
    of_bare = share(bare.within(_PERIOD_S, 2 * _PERIOD_S), 0.99)
    return [
        fact("L1", f"{name}: errors in {len(answers.status):,} answers", "0", bad, holds=not bad),
        value("L1", f"{name}: p99, felt by the clients", at_most(0.25), rounds, "s"),
        aside(
            "L1",
            f"the same from a bare handler with the bytes of the largest ({len(body) // 1000} kB)",
            f"{of_bare * 1000:.4g} ms",
        ),
        fact(
            "L1", f"{name}: memory of each above {_FEW}", "<=16 KiB", f"{each / _KIB:.1f} KiB", holds=each <= 16 * _KIB
        ),
    ]


def _crowd(kit: Kit, served: Served, clients: int, seconds: float) -> tuple[Answers, int]:
    """What so many clients got, and the bytes of the process shortly before they left."""
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(_ask, kit, served.port, clients, seconds)
        time.sleep(seconds - 1)
        resident = served.resident()
        return asked.result(), resident


def _ask(kit: Kit, port: int, clients: int, seconds: float) -> Answers:
    requests = [Request(question, token).raw for token in _TOKENS for question in _QUESTIONS]
    patience_s = seconds + 2 * _PATIENCE_S
    return kit.bench.load.run(polls, port, requests, clients, _PERIOD_S, seconds, _PATIENCE_S, patience_s=patience_s)
