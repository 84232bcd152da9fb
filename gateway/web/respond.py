"""Answers: JSON with the headers of contract section 4, errors in the appliance's and in RFC 9457's words at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.errors import RequestError
from gateway.model import Part, made

_JSON: Final = "application/json; charset=utf-8"
_SMALL_BYTES: Final = 1024
_IN_A_THREAD_BYTES: Final = 65_536
"""Longer bodies are compressed in a thread."""
_ONE_PIECE_BYTES: Final = 1_048_576
_GROUP_BYTES: Final = 262_144
KEPT_IN_GROUPS_BYTES: Final = 8_388_608
"""Up to here an answer is kept in the groups in which it is sent; of a larger one that would be a second copy."""

READ_ONLY: Final = "this gateway only reads: it never writes to an appliance"
SERVER_NAME: Final = "backup-gateway"
"""What answers say of who made them: no release, for those who look for an old one."""

SAFE_HEADERS: Final = {
    "Content-Type": _JSON,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # No page may be made of an answer, whatever a browser thinks that it is.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""What every JSON answer carries (contract section 4)."""

_encode: Final = msgspec.json.Encoder().encode


def cache_control(request: web.BaseRequest) -> str:
    """Of an answer to /api/backups: its asker may keep one to a GET, but asks each time whether it still holds."""
    return SAFE_HEADERS["Cache-Control"] if request.method == "POST" else "private, no-cache"


def json_answer(
    request: web.Request, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A value as JSON."""
    return bytes_answer(request, _encode(value), status=status, headers=headers)


def bytes_answer(
    request: web.Request, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Ready JSON bytes; compressed where that pays and the client takes it."""
    response = web.Response(status=status, body=body, headers=_headers(headers), zlib_executor_size=_IN_A_THREAD_BYTES)
    if len(body) >= _SMALL_BYTES and takes_gzip(request):
        _compress(request, response)
    return response


def _compress(request: web.Request, response: web.StreamResponse) -> None:
    """Compress what will be sent; a HEAD has no body, not even an empty one that is compressed."""
    if request.method != "HEAD":
        response.enable_compression(web.ContentCoding.gzip)
        return
    response.headers["Content-Encoding"] = "gzip"
    if isinstance(response, web.Response):
        response.body = None


async def parts_answer(
    request: web.Request, parts: Sequence[Part], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.StreamResponse:
    """JSON bytes in pieces. A large answer is never joined as a whole: it goes out in groups, each one drained."""
    size = sum(map(len, parts))
    if size <= _ONE_PIECE_BYTES:
        return bytes_answer(request, b"".join(map(made, parts)), status=status, headers=headers)
    response = web.StreamResponse(status=status, headers=_headers(headers))
    if takes_gzip(request):
        _compress(request, response)
    else:
        response.content_length = size
    await response.prepare(request)
    if request.method != "HEAD":
        await _write_groups(response, grouped(parts))
    return response


async def send_parts(
    request: web.BaseRequest, parts: Sequence[Part], *, status: int, headers: Mapping[str, str]
) -> web.StreamResponse:
    """A body that is packed already where it is to be packed, in groups, with all its headers."""
    if request.method == "HEAD":
        response = web.StreamResponse(status=status, headers=headers)
        response.content_length = sum(map(len, parts))
        return response
    if len(parts) == 1:
        return web.Response(status=status, body=made(parts[0]), headers=headers)
    if not parts:
        return web.Response(status=status, headers=headers)
    response = web.StreamResponse(status=status, headers=headers)
    size = response.content_length = sum(map(len, parts))
    await response.prepare(request)
    await _write_groups(response, map(made, parts) if size <= KEPT_IN_GROUPS_BYTES else grouped(parts))
    return response


async def stream_answer(request: web.Request, status: int, headers: Mapping[str, str]) -> web.StreamResponse:
    """An answer that is begun and has no end yet."""
    response = web.StreamResponse(status=status, headers=_headers(headers))
    await response.prepare(request)
    return response


async def _write_groups(response: web.StreamResponse, groups: Iterable[bytes]) -> None:
    """Each group is sent when the one before it is gone: a slow reader holds one of them."""
    for group in groups:
        await response.write(group)
    await response.write_eof()


def grouped(parts: Iterable[Part]) -> Iterator[bytes]:
    """The same bytes in pieces of about _GROUP_BYTES: small ones together, large ones cut."""
    group: list[bytes] = []
    waiting = 0
    for part in parts:
        whole = made(part)
        for begin in range(0, len(whole), _GROUP_BYTES):
            piece = whole[begin : begin + _GROUP_BYTES]
            group.append(piece)
            waiting += len(piece)
            if waiting >= _GROUP_BYTES:
                yield b"".join(group)
                group, waiting = [], 0
    if group:
        yield b"".join(group)


def error_answer(request: web.Request, error: RequestError) -> web.Response:
    """The one shape of errors: `result` as on an appliance, the rest by RFC 9457."""
    return json_answer(
        request, problem(error.status, error.message, error.field), status=error.status, headers=error.headers
    )


def problem(status: int, message: str, field: str | None = None) -> dict[str, Any]:
    """The body of an error answer (contract section 4)."""
    body: dict[str, Any] = {
        "result": [{"code": "2", "message": message}],
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
    }
    if field is not None:
        body["field"] = field
    return body


def takes_gzip(request: web.Request) -> bool:
    """Whether Accept-Encoding admits gzip (RFC 9110 section 12.5.3)."""
    weights: dict[str, bool] = {}
    for offer in ",".join(request.headers.getall("Accept-Encoding", ())).lower().split(","):
        coding, _, weight = offer.partition(";")
        weights[coding.strip()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return weights.get("gzip", weights.get("*", False))


def error_body(status: int, message: str) -> bytes:
    """The bytes of an error answer."""
    return _encode(problem(status, message))


def _headers(more: Mapping[str, str] | None) -> dict[str, str]:
    return SAFE_HEADERS | {"Vary": "Accept-Encoding"} | dict(more or {})
