"""The answer as a stream: one row a line, systems in the order in which they finish (contract section 5.6)."""

import contextlib
from collections.abc import Iterator
from typing import Final

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
from gateway.web.lines import LineStream, check_rights
from gateway.web.outcome import Outcome, is_enough, judged, log_facts
from gateway.web.respond import cache_control

_STEP: Final = 300
"""Rows that are written at a time: a slow reader holds no more of them."""

_encode: Final = msgspec.json.Encoder().encode


async def stream(
    request: web.Request, gateway: Gateway, caller: Caller, query: BackupQuery, asking: Asking
) -> web.StreamResponse:
    """All answers as they come. The status is sent as soon as `require` is met, or when it never will be."""
    found: list[SystemAnswer] = []
    cached = {"Cache-Control": cache_control(request)}
    out, pauses = LineStream(request), Pauses(gateway.turns)
    async with contextlib.aclosing(asking.answers) as answers:
        async for answer in answers:
            found.append(answer)
            if out.begun:
                check_rights(gateway, caller)
                await out.write(_lines_of(answer, query))
                await pauses.when_due()
                continue
            # What was taken away before the first byte is left out, as in an answer that is sent as a whole.
            found = rechecked(gateway, caller, query, Outcome(found, asking.window_start, 0.0)).answers
            if is_enough(found, query, asking.systems):
                await out.begin(200, cached)
                for earlier in found:
                    await out.write(_lines_of(earlier, query))
    found.sort(key=lambda answer: answer.system_id)
    request[LOG].update(log_facts(found))
    last = {"complete": None, "total": None} | merge.summary(found) | Outcome(found, asking.window_start, 0.0).extra
    if not out.begun:
        status, more, headers = judged(found, query, gateway.wall())
        last |= more
        await out.begin(status, cached | headers)
        for answer in found:
            await out.write(_lines_of(answer, query))
    await out.write(iter([_encode(last) + b"\n"]))
    return await out.end()


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
