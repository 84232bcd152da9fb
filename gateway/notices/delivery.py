"""One request to somebody outside. Addresses are secrets: no log line has them."""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import msgspec
import structlog

_SEND_S: Final = 10.0
_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "backup-gateway"}

_encode: Final = msgspec.json.Encoder().encode


def client() -> aiohttp.ClientSession:
    """A client for some requests. Proxies of the environment are used: these go to the world outside."""
    timeout = aiohttp.ClientTimeout(total=_SEND_S)
    return aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True)


async def delivered(http: aiohttp.ClientSession, name: str, url: str, body: Mapping[str, Any] | None) -> bool:
    """Whether it arrived: a POST of `body` as JSON, or a GET without one. A failure is told in the log."""
    method, data = ("GET", None) if body is None else ("POST", _encode(body))
    try:
        async with http.request(method, url, data=data, headers=_HEADERS, allow_redirects=False) as answer:
            if answer.status < 300:
                return True
            why = f"HTTP {answer.status}"
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        why = type(error).__name__
    structlog.get_logger().warning("notice_not_sent", to=name, reason=why)
    return False
