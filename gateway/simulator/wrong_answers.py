"""Faults of the answer: whole HTTP responses that are refusals, broken, hostile or no list at all.

Sections are those of appliance-api.md.
"""

import json
from typing import Final

from aiohttp import web

from gateway.simulator.exchange import Exchange
from gateway.simulator.replies import EXPIRED_TEXT, LOGIN_FAILED_TEXT, http_date, json_bytes, json_reply, result_reply

_HTML: Final = "<html><head><title>Login</title></head><body><h1>Session over</h1><p>Please log in.</p></body></html>"


async def broken_json(exchange: Exchange) -> web.StreamResponse:
    """JSON that stops in the middle, with a Content-Length to match."""
    body = await exchange.genuine_body()
    return json_bytes(body[: max(1, len(body) * 2 // 3)], 201)


async def html(_: Exchange) -> web.StreamResponse:
    """A login page with status 200."""
    return web.Response(text=_HTML, status=200, content_type="text/html")


async def unauthorized(_: Exchange) -> web.StreamResponse:
    """The session is refused whatever the token."""
    return result_reply(EXPIRED_TEXT, 401)


async def login_refused(_: Exchange) -> web.StreamResponse:
    """Bad credentials are HTTP 500, not 401 (section 1)."""
    return result_reply(LOGIN_FAILED_TEXT, 500)


async def no_token(_: Exchange) -> web.StreamResponse:
    """A login that succeeds without a token."""
    return json_reply({"timeout": 600, "id": 1}, 201)


async def bad_token(_: Exchange) -> web.StreamResponse:
    """A token that no header may carry."""
    return json_reply({"auth_token": "abc\r\nX-Injected: 1\x00", "timeout": 600, "id": 1}, 201)


async def too_many(exchange: Exchange) -> web.StreamResponse:
    """429 with Retry-After."""
    return _asking_for_patience(exchange, 429)


async def unavailable(exchange: Exchange) -> web.StreamResponse:
    """503 with Retry-After."""
    return _asking_for_patience(exchange, 503)


def _asking_for_patience(exchange: Exchange, status: int) -> web.Response:
    fault = exchange.fault
    response = result_reply("The appliance is busy.", status)
    seconds = fault.retry_after
    response.headers["Retry-After"] = http_date(exchange.now + seconds) if fault.http_date else str(seconds)
    return response


async def error(exchange: Exchange) -> web.StreamResponse:
    """HTTP 500 with a result array (section 3)."""
    return result_reply(exchange.fault.text or "Unable to get backups: core error 17", exchange.fault.status or 500)


async def result_only(exchange: Exchange) -> web.StreamResponse:
    """A result array with status 200."""
    return result_reply(exchange.fault.text or "Insufficient privileges", 200)


async def redirect(exchange: Exchange) -> web.StreamResponse:
    """A 30x to somewhere else."""
    return web.Response(status=exchange.fault.status or 307, headers={"Location": exchange.fault.location})


async def forbidden(_: Exchange) -> web.StreamResponse:
    """403."""
    return result_reply("Insufficient privileges", 403)


async def missing(_: Exchange) -> web.StreamResponse:
    """404 with the web server's own page."""
    return web.Response(text="<h1>Not Found</h1>", status=404, content_type="text/html")


async def empty(_: Exchange) -> web.StreamResponse:
    """An error inside the list call is not reported, the answer is an empty object (section 0 item 5)."""
    return json_bytes(b"{}", 201)


async def empty_list(_: Exchange) -> web.StreamResponse:
    """``[]``, which says the same as ``{}`` or is the truth."""
    return json_bytes(b"[]", 201)


async def empty_body(_: Exchange) -> web.StreamResponse:
    """Nothing at all with status 200."""
    return json_bytes(b"", 200)


async def deep(exchange: Exchange) -> web.StreamResponse:
    """Arrays in arrays."""
    depth = exchange.fault.depth
    return json_bytes(b'{"backups":' + b"[" * depth + b"]" * depth + b"}", 201)


async def nan(_: Exchange) -> web.StreamResponse:
    """Numbers that JSON does not have."""
    return json_bytes(b'{"backups":[{"id":1,"size":NaN,"duration":-Infinity}]}', 201)


async def invalid_utf8(_: Exchange) -> web.StreamResponse:
    """Latin-1 in a UTF-8 answer."""
    return json_bytes(b'{"backups":[{"id":1,"client_name":"caf\xe9 \xff\xfe"}]}', 201)


async def bom(exchange: Exchange) -> web.StreamResponse:
    """A byte order mark before the genuine answer."""
    return json_bytes(b"\xef\xbb\xbf" + await exchange.genuine_body(), 201)


async def wrong_shape(exchange: Exchange) -> web.StreamResponse:
    """JSON that is no list of rows."""
    return json_bytes(exchange.fault.text.encode() or b'{"backups":17}', 201)


async def body(exchange: Exchange) -> web.StreamResponse:
    """Any body, status and type."""
    fault = exchange.fault
    headers = {"Content-Type": fault.content_type}
    return web.Response(body=fault.text.encode(), status=fault.status or 201, headers=headers)


async def content_type(exchange: Exchange) -> web.StreamResponse:
    """The genuine answer as text/html, or any other type."""
    kind = exchange.fault.content_type
    headers = {"Content-Type": "text/html" if kind == "application/json" else kind}
    return web.Response(body=await exchange.genuine_body(), status=201, headers=headers)


async def duplicate_keys(exchange: Exchange) -> web.StreamResponse:
    """Each row has the key "complete" twice, null first."""
    body = await exchange.genuine_body()
    return json_bytes(body.replace(b'"complete"', b'"complete":null,"complete"'), 201)


async def non_objects(exchange: Exchange) -> web.StreamResponse:
    """Some rows are strings or null."""
    answer = json.loads(await exchange.genuine_body())
    rows = next(iter(answer.values())) if isinstance(answer, dict) else answer
    wrong = len(rows) * exchange.fault.percent // 100
    rows[:wrong] = [None if number % 2 else "row" for number in range(wrong)]
    return json_reply(answer, 201)


async def cookies(exchange: Exchange) -> web.StreamResponse:
    """The genuine answer with headers that a client should drop."""
    response = await exchange.genuine()
    response.headers["Set-Cookie"] = "session=simulated; Path=/"
    response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


async def huge_header(exchange: Exchange) -> web.StreamResponse:
    """A header of 20,000 bytes."""
    response = await exchange.genuine()
    response.headers["X-Padding"] = "x" * 20_000
    return response
