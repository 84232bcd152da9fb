"""The HTTP client of the client verbs: one question, and every fault of the way as one line that says what to do."""

import contextlib
import os
import ssl
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
import msgspec

from gateway.cli.exits import ClientError, Exit
from gateway.cli.target import Address
from gateway.web.forms import MEDIA

_CONNECT_S: Final = 10.0
_ERROR_BYTES: Final = 65_536
_SHORT: Final = (502, 503, 504)
"""Answers of a gateway that fall short keep their shape (contract section 5.5)."""


class Said(msgspec.Struct, kw_only=True):
    """What an error answer says (contract section 4)."""

    class Line(msgspec.Struct):
        """One entry of `result`."""

        message: str = ""

    result: list[Line] = []

    @property
    def message(self) -> str:
        """In the gateway's words; empty where it has none."""
        return self.result[0].message if self.result else ""


class Client:
    """``async with Client(address) as client:``, then any number of questions."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._ssl = _trust(address)

    async def __aenter__(self) -> "Client":
        headers = {"User-Agent": "backup-gateway-cli"}
        if self._address.token is not None:
            headers["AuthToken"] = self._address.token
        self._http = aiohttp.ClientSession(
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(ssl=self._ssl),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=min(_CONNECT_S, self._address.timeout_s), sock_read=self._address.timeout_s
            ),
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.close()

    @contextlib.asynccontextmanager
    async def asked(
        self, method: str, path: str, *, body: bytes | None = None, query: dict[str, str] | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer of status 200, or one that falls short (502, 503, 504); ClientError for all else."""
        url = self._address.url
        try:
            async with self._http.request(
                method, url + path, data=body, params=query, allow_redirects=False
            ) as response:
                await _check(response, url)
                yield response
        except TimeoutError:
            raise ClientError(
                Exit.UNREACHABLE, f"{url}: no answer within {self._address.timeout_s:g} s (--timeout)"
            ) from None
        except aiohttp.ClientError as error:
            raise ClientError(Exit.UNREACHABLE, f"{url}: {_fault(error, url)}") from None

    async def whole(self, path: str, query: dict[str, str] | None = None) -> bytes:
        """The body of a GET."""
        async with self.asked("GET", path, query=query) as response:
            body = await response.read()
            if response.status != 200:
                raise ClientError(Exit.UNREACHABLE, said(body) or f"HTTP {response.status}")
            return body


def no_gateway(url: str, why: str) -> ClientError:
    """What answers is something else."""
    return ClientError(Exit.UNREACHABLE, f"{url}: what answers there is no backup-gateway: {why}")


def said(body: bytes) -> str:
    """The words of an error answer; empty where it has none."""
    try:
        return msgspec.json.decode(body, type=Said).message
    except (ValueError, RecursionError):
        return ""


async def _check(response: aiohttp.ClientResponse, url: str) -> None:
    status = response.status
    if status == 200 and not _is_ours(response):
        raise no_gateway(url, f"it sent {response.content_type}")
    if status == 200 or (status in _SHORT and _is_short(response)):
        return
    if 300 <= status < 400:
        where = response.headers.get("Location", "another place")
        raise ClientError(Exit.USAGE, f"{url} sends on to {where}: give the gateway's own address as --url")
    words = said(await response.content.read(_ERROR_BYTES)) if _is_ours(response) else ""
    if status in (401, 403):
        hint = "" if status == 403 else "; set BACKUP_GATEWAY_TOKEN or give --token-file"
        raise ClientError(Exit.REFUSED, (words or f"HTTP {status}") + hint)
    if 400 <= status < 500 and status not in (408, 429):
        raise ClientError(Exit.USAGE, words or f"{url}: HTTP {status}: what answers there is no backup-gateway")
    retry = response.headers.get("Retry-After")
    later = f"; to be asked again in {retry} s" if retry else ""
    raise ClientError(Exit.UNREACHABLE, f"{url}: HTTP {status}{': ' + words if words else ''}{later}")


def _is_ours(response: aiohttp.ClientResponse) -> bool:
    return response.content_type in MEDIA.values()


def _is_short(response: aiohttp.ClientResponse) -> bool:
    """Whether it is an answer that falls short, and no error: both come with the same statuses, errors as JSON alone.

    What has systems says of them whether they are all there; a stream says so at its end.
    """
    return _is_ours(response) and (response.content_type != MEDIA["json"] or "X-Gateway-Complete" in response.headers)


def _trust(address: Address) -> Any:
    """What aiohttp takes as `ssl`: a pin, a context, or True for the system's CAs."""
    if address.pin is not None:
        return aiohttp.Fingerprint(address.pin)
    if address.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=address.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ClientError(Exit.USAGE, f"--ca-file: {address.ca_file}: {error.strerror or 'holds no PEM'}") from None


def _fault(error: aiohttp.ClientError, url: str) -> str:
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return f"shows another certificate than --fingerprint says: sha256:{error.got.hex()}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        pin = f"compare the pin of `backup-gateway fingerprint {url}` and give it as --fingerprint"
        return f"its certificate is not trusted; give --ca-file, or {pin}"
    if isinstance(error, aiohttp.ClientSSLError):
        return "no TLS connection could be made; is it an http:// address?"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name cannot be resolved"
    if isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
        return f"cannot be reached: {os.strerror(cause.errno) if cause.errno else cause}"
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | aiohttp.ClientOSError):
        return "the connection broke before the end of the answer"
    return f"does not speak HTTP as it should ({error.__class__.__name__})"
