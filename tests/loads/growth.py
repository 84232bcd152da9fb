"""L16 and L17: what more systems and more live tokens cost."""

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.callers.access import Access
from gateway.callers.accounts import Accounts, Caller, new_token, token_hash
from gateway.config.file import parse
from tests.bench.figures import Figure, at_most
from tests.bench.fleet import Fleet
from tests.bench.processes import Served
from tests.bench.questions import Request
from tests.loads.kit import Kit
from tests.loads.lines import Line, ratio

FEW: Final = Fleet("100 x 10", 100, 10)
MANY: Final = Fleet("1000 x 10", 1000, 10)
_ALONE: Final = {"X-Request-ID": "loads"}
_REQUESTS: Final = 20
_USERS: Final = 5000
_TOKENS_OF_ONE: Final = 20
_LOOKUPS: Final = 20_000


def systems(kit: Kit) -> list[Line]:
    """L16: CPU of the gateway's process for a held answer, made anew for each request."""
    figure = Figure(f"CPU of a held request, {MANY.size:,} systems / {FEW.size}", at_most(12))
    narrow = Figure(f"CPU of a held, narrowed request, {MANY.size:,} systems / {FEW.size}", at_most(12))
    with kit.over(FEW) as few, kit.over(MANY) as many:
        for number in range(kit.bench.rounds + 1):
            for line, question in ((figure, {}), (narrow, {"status": "Failure"})):
                took = [_cpu_s(served, question) for served in (many, few)]
                if number:  # the first round fetches
                    line.add(*took)
    return [ratio("L16", figure), ratio("L16", narrow)]


def _cpu_s(served: Served, question: dict[str, str]) -> float:
    request = Request(question, headers=_ALONE)
    before = served.cpu_s()
    for _ in range(_REQUESTS):
        request.look(served.port).good()
    return (served.cpu_s() - before) / _REQUESTS


def tokens(kit: Kit) -> list[Line]:
    """L17: from the text of a session token to its caller, in this process; tokens are asked for in a random order."""
    figure = Figure(f"lookup, {_USERS * _TOKENS_OF_ONE:,} live tokens / 10, all of them asked for", at_most(1.1))
    same = Figure(f"lookup, {_USERS * _TOKENS_OF_ONE:,} live tokens / 10, the same ten asked for", at_most(1.1))
    many, few = _opened(_USERS, _TOKENS_OF_ONE), _opened(1, 10)
    chance = random.Random(1)
    ten = (many[0], chance.sample(many[1], 10))
    for _ in range(kit.bench.rounds):
        small_s = _lookup_s(*few, chance)
        figure.add(_lookup_s(*many, chance), small_s)
        same.add(_lookup_s(*ten, chance), small_s)
    return [ratio("L17", figure), ratio("L17", same)]


def _opened(users: int, of_each: int) -> tuple[Access, Sequence[str]]:
    """So many users with so many sessions each, and all tokens."""
    stored = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
    table = '[[user]]\nusername = "user-{}"\npassword_hash = "{}"\n'
    accounts = Accounts(parse("".join(table.format(n, stored) for n in range(users)), "loads", Path()))
    access = Access(accounts, monotonic=time.monotonic)
    found = []
    for number in range(users):
        caller = accounts.caller(f"user-{number}")
        assert isinstance(caller, Caller)
        found += [access.sessions.open(caller, accounts) for _ in range(of_each)]
    assert access.known(token_hash(new_token())) is None
    return access, found


def _lookup_s(access: Access, found: Sequence[str], chance: random.Random) -> float:
    asked = chance.choices(found, k=_LOOKUPS)
    begun = time.process_time()
    for token in asked:
        access.by_token(token, "10.0.0.1")
    return (time.process_time() - begun) / _LOOKUPS
