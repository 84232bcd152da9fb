"""P5, P7 and P8: answers a second out of held lists, over HTTP, against a bare handler of the same bytes."""

import json
import zlib
from dataclasses import replace
from typing import Final

from tests.bench import peers
from tests.bench.bare import GZIP_BITS, gzipped
from tests.bench.figures import Figure, Goal, at_least, at_most
from tests.bench.fleet import Fleet
from tests.bench.kit import Bench, turns
from tests.bench.load import Rate
from tests.bench.processes import gateway
from tests.bench.questions import Request

_READERS: Final = 32
_ASKED: Final = Request({})
_GZIP: Final = {"Accept-Encoding": "gzip"}


def held(bench: Bench, fleet: Fleet, size: str, connections: int, goal: Goal, *, nginx: bool = False) -> list[Figure]:
    """P5: the held answer as it is against the same bytes out of the bare handler, and out of the cache of nginx."""
    name = f"P5 held {size}, {connections} readers:"
    figure = Figure(f"{name} gateway / bare handler", goal, "/s")
    peer = Figure(f"{name} gateway / nginx proxy_cache", None, "/s")
    command = peers.find_nginx()
    with gateway(bench.sites[fleet], bench.warm, program=bench.program) as served:
        served.fill()
        body = _ASKED.look(served.port).good()
        with bench.bare.answering(body) as port:
            _compare(bench, figure, connections, (served.port, _ASKED), (port, _ASKED))
            if nginx and command is not None:
                with peers.nginx_cache(command, port) as cache:
                    _compare(bench, peer, connections, (served.port, _ASKED), (cache, Request()))
    if nginx and command is None:
        peer.note = "nginx is not installed"
    return [figure, peer] if nginx else [figure]


def packed(bench: Bench, fleet: Fleet, size: str, connections: int) -> list[Figure]:
    """P7: the same in gzip, against zlib at each request; one member, the same rows, and not much larger."""
    rate = Figure(f"P7 gzip {size}, {connections} readers: gateway / zlib-6 at each request", at_least(20), "/s")
    sizes = Figure(f"P7 gzip {size}, bytes: gateway / zlib-6 of the whole", at_most(1.4), "B")
    asked = replace(_ASKED, headers=_GZIP)
    with gateway(bench.sites[fleet], bench.warm) as served:
        served.fill()
        body = _ASKED.look(served.port).good()
        look = asked.look(served.port)
        rate.note = sizes.note = _fault(look.headers.get("content-encoding", ""), look.good(), body)
        if rate.note:
            return [rate, sizes]
        sizes.add(len(look.body), len(gzipped(body)))
        with bench.bare.answering(body, gzip=True) as port:
            _compare(bench, rate, connections, (served.port, asked), (port, asked))
    return [rate, sizes]


def _fault(coding: str, packed: bytes, body: bytes) -> str:
    """What is wrong with a packed answer."""
    if coding != "gzip":
        return "not served: no gzip"
    unpacker = zlib.decompressobj(GZIP_BITS)
    try:
        plain = unpacker.decompress(packed)
    except zlib.error as error:
        return f"no gzip: {error}"
    if not unpacker.eof or unpacker.unused_data:
        return "not one whole member"
    return "" if json.loads(plain)["backups"] == json.loads(body)["backups"] else "other rows"


def not_modified(bench: Bench, small: Fleet, large: Fleet) -> list[Figure]:
    """P8: a 304 against the bare handler, against an empty answer of it, and against a 304 of a larger answer."""
    whole = Figure("P8 304 of 350 kB: gateway / bare handler's 350 kB", at_least(3), "/s")
    empty = Figure("P8 304 of 350 kB: gateway / bare handler's empty answer", at_least(0.9), "/s", instead=whole)
    whole.instead = empty
    flat = Figure("P8 304 of 35 MB / 304 of 350 kB, as many systems", at_least(0.9), "/s")
    with gateway(bench.sites[small], bench.warm) as few, gateway(bench.sites[large], bench.warm) as many:
        looks = [Request().look(served.port) for served in (few, many)]
        known = [Request(headers={"If-None-Match": look.headers.get("etag", "")}) for look in looks]
        with bench.bare.answering(looks[0].good()) as port, bench.bare.answering(b"") as empty_port:
            for number in range(bench.rounds):
                sides = (
                    *((few.port, known[0], 304), (many.port, known[1], 304)),
                    *((port, Request(), 200), (empty_port, Request(), 200)),
                )
                step = -1 if number % 2 else 1
                found = [_rate(bench, _READERS, *side) for side in sides[::step]][::step]
                if [each.status for each in found[:2]] != [304, 304]:
                    whole.note = empty.note = flat.note = f"not served: {found[0].status}"
                    break
                small_s, large_s, bare_s, empty_s = (each.per_s for each in found)
                whole.add(small_s, bare_s)
                empty.add(small_s, empty_s)
                flat.add(large_s, small_s)
    return [whole, empty, flat]


def _compare(
    bench: Bench, figure: Figure, connections: int, ours: tuple[int, Request], theirs: tuple[int, Request]
) -> None:
    """Both sides in turn, round by round; an answer that is no 200 ends it."""
    for number in range(bench.rounds):
        mine, other = turns(
            number, lambda: _rate(bench, connections, *ours, 200), lambda: _rate(bench, connections, *theirs, 200)
        )
        if mine.status != 200 or other.status != 200:
            figure.note = f"not served: {mine.status}"
            return
        figure.add(mine.per_s, other.per_s)


def _rate(bench: Bench, connections: int, port: int, request: Request, status: int) -> Rate:
    return bench.load.rate(port, request.raw, connections=connections, seconds=bench.seconds, status=status)
