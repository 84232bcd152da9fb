"""HTTP answers in an appliance's manner: JSON, statuses, the ``result`` array, the Date header."""

import json
import zlib
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from aiohttp import web

EXPIRED_TEXT: Final = "Error: Your session has expired or is invalid. Please log in again."
"""Its beginning is what clients look for (appliance-api.md section 1)."""

LOGIN_FAILED_TEXT: Final = "Invalid username or password."
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


def http_date(epoch: float) -> str:
    """As in "Sun, 06 Nov 1994 08:49:37 GMT"."""
    return format_datetime(datetime.fromtimestamp(epoch, UTC), usegmt=True)


def json_reply(value: object, status: int = 200) -> web.Response:
    return json_bytes(json.dumps(value).encode(), status)


def json_bytes(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")


def result_reply(message: str, status: int = 500, code: str = "2") -> web.Response:
    """Failures are mostly HTTP 500 with a result array (appliance-api.md section 3)."""
    return json_reply({"result": [{"code": code, "message": message}]}, status)


def body_of(response: web.Response) -> bytes:
    """The bytes of an answer that was made here."""
    return response.body if isinstance(response.body, bytes) else b""


def gzipped(response: web.Response) -> web.Response:
    """The same answer, compressed."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, _GZIP_WINDOW)
    body = body_of(response)
    headers = {key: value for key, value in response.headers.items() if key.lower() != "content-length"}
    headers["Content-Encoding"] = "gzip"
    return web.Response(body=compressor.compress(body) + compressor.flush(), status=response.status, headers=headers)
