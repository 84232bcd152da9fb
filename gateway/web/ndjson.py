"""The answer as a stream: one row a line, systems in the order in which they finish (contract section 5.6)."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.answers import merge
from gateway.answers.arrange import Arrangement, Shape
from gateway.callers.accounts import Caller
from gateway.loop.pauses import Pauses
from gateway.model import SystemAnswer
from gateway.question.query import BackupQuery
from gateway.stack import Gateway
from gateway.web.asking import Asking, rechecked
from gateway.web.keys import LOG
from gateway.web.lines import LineStream
from gateway.web.outcome import Outcome, is_enough, judged, log_facts
from gateway.web.respond import cache_control

_STEP: Final = 300
"""Rows that are written at a time: a slow reader holds no more of them."""

_encode: Final = msgspec.json.Encoder().encode


async def stream(
    request: web.Request, gateway: Gateway, caller: Caller, query: BackupQuery, asking: Asking
) -> web.StreamResponse:
    """All answers as they come. The status is sent as soon as `require` is met, or when it never will be."""
    found: list[SystemAnswer] = []  # as they come; from the begin of the stream on as they were told
    headers = {"Cache-Control": cache_control(request)}
    out, pauses = LineStream(request, caller), Pauses(gateway.turns)

    def seen() -> list[SystemAnswer]:
        """What was taken away before the first byte is left out, as in an answer that is sent as a whole."""
        now = gateway.monotonic()
        told = sorted((answer.told(now) for answer in found), key=lambda answer: answer.system_id)
        return rechecked(gateway, caller, query, Outcome(told, asking.window_start, 0.0)).answers

    async with contextlib.aclosing(asking.answers) as answers:
        async for answer in answers:
            if not out.begun:
                found.append(answer)
                if not is_enough(found, query, len(asking.asked)):
                    continue
                found = seen()
                if is_enough(found, query, len(asking.asked)):
                    await out.begin(200, asking.asked, headers)
                    await _write_all(out, found, query)
            elif answer.system_id in out.promised:
                found.append(answer.told(gateway.monotonic()))
                await out.write(_lines_of(found[-1], query))
                await pauses.when_due()
    last: dict[str, Any] = {"complete": None, "total": None}
    if not out.begun:
        found = seen()
        status, more, own = judged(found, query, gateway.wall())
        last |= more
        await out.begin(status, asking.asked, headers | own)
        await _write_all(out, found, query)
    # The last line repeats what was said of each system when that was closed, its age then among it.
    found.sort(key=lambda answer: answer.system_id)
    request[LOG].update(log_facts(found))
    last |= merge.summary(found) | Outcome(found, asking.window_start, 0.0).extra
    await out.write(iter([_encode(last) + b"\n"]))
    return await out.end()


async def _write_all(out: LineStream, found: Sequence[SystemAnswer], query: BackupQuery) -> None:
    for answer in found:
        await out.write(_lines_of(answer, query))


def _lines_of(answer: SystemAnswer, query: BackupQuery) -> Iterator[bytes]:
    """A system's rows, some at a time, and the line that closes it."""
    arrangement = Arrangement([answer.backups.unpacked()], Shape(fields=query.fields))
    for begin in range(0, len(arrangement), _STEP):
        rows = arrangement.rows(begin, begin + _STEP)
        text = b"\n".join(rows) + b"\n"
        if text.count(b"\n") > len(rows) or b"\r" in text:  # an appliance that breaks its lines
            text = b"\n".join(row.replace(b"\n", b" ").replace(b"\r", b" ") for row in rows) + b"\n"
        yield text
    yield _encode({"system": merge.describe(answer)}) + b"\n"
