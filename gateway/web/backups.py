"""POST and GET /api/backups: one question, one answer (contract section 5)."""

import asyncio
import time
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.answers import merge
from gateway.answers.arrange import Arrangement, Shape
from gateway.answers.table import headings_of
from gateway.callers.accounts import Caller
from gateway.model import Part
from gateway.question.query import BackupQuery, parse_body, parse_query_string
from gateway.question.values import Form
from gateway.stack import Gateway
from gateway.web.asking import ask, outcome_of
from gateway.web.body import read_body
from gateway.web.caller import caller_of
from gateway.web.etags import matches
from gateway.web.forms import TABLES, form_of, saved_as
from gateway.web.keys import GATEWAY, LOG
from gateway.web.moments import Moment, keep_ready, moment_of, ready_meanwhile
from gateway.web.ndjson import stream
from gateway.web.outcome import Outcome, completeness, judged, log_facts, timing
from gateway.web.packing import packed
from gateway.web.paging import Piece, first_piece, next_piece, paging_headers
from gateway.web.respond import cache_control, parts_answer, send_parts

_ROWS_ON_THE_LOOP: Final = 5000

_spelled: Final = msgspec.json.Encoder(order="deterministic").encode
"""One spelling for equal questions, in this process and in every other one."""


async def post_backups(request: web.Request) -> web.StreamResponse:
    """The question as a JSON body."""
    begun = asyncio.get_running_loop().time()
    caller = await caller_of(request)
    query = parse_body(await read_body(request), request.rel_url.query.items())
    return await _answered(request, caller, query, begun)


async def get_backups(request: web.Request) -> web.StreamResponse:
    """The same question as a query string, with an ETag."""
    begun = asyncio.get_running_loop().time()
    caller = await caller_of(request)
    query = parse_query_string(request.rel_url.query.items())
    return await _answered(request, caller, query, begun)


async def _answered(request: web.Request, caller: Caller, query: BackupQuery, begun: float) -> web.StreamResponse:
    gateway, form = request.app[GATEWAY], form_of(request, query)
    await gateway.turns.mine()
    ready = ready_meanwhile(request)
    if ready is not None:
        return await send_parts(request, ready.parts, status=ready.status, headers=ready.headers)
    state = gateway.ready.state()
    if query.cursor is not None:
        return await _next_page(request, gateway, caller, query, form)
    max_age_s = 0.0 if _asks_no_cache(request) else query.max_age_s
    asking = ask(gateway, caller, query, max_age_s, begun)
    if form == "ndjson":
        return await stream(request, gateway, caller, query, asking)
    outcome = await outcome_of(gateway, caller, query, asking)
    is_bounded = max_age_s is not None or query.max_stale_s is not None
    moment, outcome = (None, outcome) if is_bounded else moment_of(request, outcome, state)
    return await _whole(request, caller, query, form, outcome, moment)


async def _whole(
    request: web.Request, caller: Caller, query: BackupQuery, form: Form, outcome: Outcome, moment: Moment | None
) -> web.StreamResponse:
    """The answer in one body, or the first page of it; kept for equal requests where it has a moment."""
    gateway = request.app[GATEWAY]
    request[LOG].update(log_facts(outcome.answers))
    status, fault, headers = judged(outcome.answers, query, gateway.wall())
    headers, extra = headers | _headers(request, outcome), outcome.extra
    merging = time.perf_counter()
    lists = [answer.backups for answer in outcome.answers]
    arrangement = Arrangement(lists, Shape(query.order_by, query.descending, query.fields))
    piece = None
    if query.page is not None:
        piece = first_piece(gateway, caller, query, query.page, outcome.answers, arrangement, extra)
        arrangement = piece.walk.arrangement
        extra, headers = piece.walk.extra | piece.extra, headers | paging_headers(request, query, piece)
        if piece.next_cursor is not None:
            moment = None  # whoever asks for it is another reader of its walk, with a cursor of its own
    # A walk's name is in its page's cursor: who has the page of an earlier one has a cursor that may be over.
    walk_name = None if piece is None or piece.numbered else piece.walk.name
    named = (query.content, query.page, form, outcome.window_start, walk_name)
    if _is_known(request, status, headers, outcome, named):
        keep_ready(request, moment, caller, outcome, 304, headers, [])
        return web.Response(status=304, headers=headers)
    parts = await _parts(gateway, form, query.fields, outcome, arrangement, piece, extra | fault)
    headers["Server-Timing"] = timing(outcome, time.perf_counter() - merging)
    if form == "json":
        whole = lists if (query.order_by, query.fields, piece) == (None, None, None) else None
        parts, headers = await packed(request, gateway.store, parts, headers, whole, again=moment is not None)
        keep_ready(request, moment, caller, outcome, status, headers, parts)
        return await send_parts(request, parts, status=status, headers=headers)
    return await parts_answer(request, parts, status=status, headers=headers | saved_as("backups", form))


async def _next_page(
    request: web.Request, gateway: Gateway, caller: Caller, query: BackupQuery, form: Form
) -> web.StreamResponse:
    """A page of a frozen answer, which is as whole as it was: nobody is asked for it."""
    piece = next_piece(gateway, caller, query)
    walk = piece.walk
    outcome = Outcome(walk.answers_at(gateway.monotonic()), None, 0.0)
    request[LOG].update(log_facts(outcome.answers))
    status, fault, headers = judged(outcome.answers, walk.question, gateway.wall())
    merging = time.perf_counter()
    headers = headers | _headers(request, outcome) | paging_headers(request, query, piece)
    if _is_known(request, status, headers, outcome, (form, walk.name, piece.begin, piece.size)):
        return web.Response(status=304, headers=headers)
    extra = walk.extra | piece.extra | fault
    parts = await _parts(gateway, form, walk.question.fields, outcome, walk.arrangement, piece, extra)
    headers["Server-Timing"] = timing(outcome, time.perf_counter() - merging)
    return await parts_answer(request, parts, status=status, headers=headers | saved_as("backups", form))


def _is_known(
    request: web.Request, status: int, headers: dict[str, str], outcome: Outcome, named: tuple[object, ...]
) -> bool:
    """Whether the caller of a GET has this answer to what is `named` already; adds its ETag to the headers."""
    if request.method == "POST" or status != 200:
        return False
    headers["ETag"] = merge.etag(outcome.answers, _spelled(named))
    if not matches(request, headers["ETag"]):
        return False
    headers["X-Content-Type-Options"] = "nosniff"
    return True


async def _parts(
    gateway: Gateway,
    form: Form,
    fields: tuple[str, ...] | None,
    outcome: Outcome,
    arrangement: Arrangement,
    piece: Piece | None,
    extra: dict[str, Any],
) -> list[Part]:
    """The body in pieces. Much of what is made row by row is made aside, where it holds up nobody."""
    begin, end = (0, None) if piece is None else (piece.begin, piece.end)

    def built() -> list[Part]:
        if form == "json":
            return merge.body_parts(outcome.answers, arrangement.segments(begin, end), extra)
        rows = arrangement.rows(begin, end)
        return list(TABLES[form](rows, headings_of(rows, fields) if piece is None else piece.walk.columns))

    is_heavy = len(arrangement) > _ROWS_ON_THE_LOOP and (form in TABLES or not arrangement.is_at_hand(begin, end))
    return await gateway.aside.run(built) if is_heavy else built()


def _headers(request: web.Request, outcome: Outcome) -> dict[str, str]:
    cached = {"Cache-Control": cache_control(request), "Vary": "Accept, Accept-Encoding"}
    return completeness(outcome.answers) | cached


def _asks_no_cache(request: web.Request) -> bool:
    directives = ",".join(request.headers.getall("Cache-Control", ())).lower().replace(" ", "").split(",")
    return "no-cache" in directives
