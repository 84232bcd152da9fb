"""One POST to one appliance, bounded in bytes and seconds: bytes out, bytes back, or a FetchError.

Every fault of the network leaves it in our own words (gateway.sources.network_faults). Nothing is followed, nothing is
kept between calls but connections, and no more bytes are read than the configuration allows.
"""

import asyncio
import email.utils
import hashlib
import math
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import Final

import aiohttp
from cryptography import x509
from yarl import URL

from gateway.clock import Clock
from gateway.dialects.chunks import WHOLE_BYTES
from gateway.dialects.wire import SAID_BYTES
from gateway.errors import FetchError
from gateway.loop.fair import FairSemaphore, Place
from gateway.sources.incoming import Body, Incoming
from gateway.sources.network_faults import detail_of, has_begun_to_answer, translated
from gateway.sources.pool import WAY, DeadConnectionError, Way

_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "gzip"}
_RETRY_AFTER_CAP_S: Final = 300.0
_RETRY_AFTER_UNCLEAR_S: Final = 30.0
_WARY_S: Final = 60.0
"""For how long no connection to an appliance is kept after one of them was dead.

Others may be dead as well; and one that breaks connections off without a word must not be asked twice each time.
"""


class PinSet(aiohttp.Fingerprint):
    """Trusts a certificate by the SHA-256 of its DER, one of several while a certificate is being changed."""

    def __init__(self, pins: tuple[str, ...]) -> None:
        digests = tuple(bytes.fromhex(pin.removeprefix("sha256:")) for pin in pins)
        super().__init__(digests[0])
        self._digests = digests
        self.ends_at = math.inf
        """When the certificate that was shown last runs out, in epoch seconds: no reason to doubt it, but to say so."""

    def check(self, transport: asyncio.Transport) -> None:
        """Raises aiohttp.ServerFingerprintMismatch; runs before a byte of the request is written."""
        certificate = transport.get_extra_info("ssl_object").getpeercert(binary_form=True) or b""
        got = hashlib.sha256(certificate).digest()
        if got not in self._digests:
            host, port, *_ = transport.get_extra_info("peername")
            raise aiohttp.ServerFingerprintMismatch(self._digests[0], got, host, port)
        self.ends_at = _end_of(certificate)


@lru_cache(maxsize=4096)  # one for each appliance: they show the same at each connection
def _end_of(certificate: bytes) -> float:
    """The epoch second after which a certificate (DER) is no longer valid; endless where that cannot be read."""
    try:
        return x509.load_der_x509_certificate(certificate).not_valid_after_utc.timestamp()
    except (ValueError, OverflowError):
        return math.inf


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply that is no redirect; `date` is the epoch second of its Date header.

    Of an error's body `body` may be no more than the beginning; `retry_after_s` is at most 5 minutes.
    """

    status: int
    content: bytes | Body
    date: float | None
    retry_after_s: float | None

    @property
    def body(self) -> bytes:
        """The content as one text: that of a large reply is put together each time."""
        return bytes(self.content)

    def let_go(self) -> None:
        """The content is not needed any more."""
        if isinstance(self.content, Body):
            self.content.let_go()


class Transport:
    """Posts JSON to one appliance over a shared pool of connections."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        pins: tuple[str, ...],
        connect_s: float,
        deadline_s: float,
        fetch_s: float,
        max_reply_bytes: int,
        total: FairSemaphore,
        incoming: Incoming,
        wall: Clock,
    ) -> None:
        self._session = session
        self._url = url
        self._urls: dict[str, URL] = {}
        self._ssl: PinSet | bool = PinSet(pins) if pins else True
        self._fetch_s = fetch_s
        # The whole is bounded here (`_bounded`); `connect` counts DNS, TCP and TLS together.
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect_s, sock_connect=connect_s)
        self._max_reply_bytes = max_reply_bytes
        self._total = total  # bounds the calls of the whole process (`total_concurrency`)
        self._deadline_s = deadline_s
        self._incoming = incoming
        self._wall = wall
        self._wary_until = 0.0

    def __repr__(self) -> str:
        return f"<Transport {self._url}>"

    @property
    def certificate_ends_at(self) -> float:
        """When the pinned certificate runs out, in epoch seconds; endless without a pin, or before the first call."""
        return self._ssl.ends_at if isinstance(self._ssl, PinSet) else math.inf

    def place(self) -> Place:
        """What a call must have got before it is made: a place among those of all systems.

        It is the call's for as long as a caller waits at most. A call that takes longer goes on without it: two hundred
        appliances that hang must not keep the others from being asked.
        """
        return Place(self._total, self._deadline_s)

    async def post(
        self,
        place: Place,
        path: str,
        body: bytes,
        token: str | None = None,
        spent_s: float = 0.0,
        max_bytes: int | None = None,
    ) -> Reply:
        """POST `body` to the constant `path`; raises FetchError for whatever is no answer of an appliance.

        DeadConnectionError where the call should be made again, which then has a connection of its own. The place is
        left at the end: it is for the exchange, not for what becomes of the reply. A good reply of more than
        `max_bytes` is a `bad_reply`, and no more of it is ever held.
        """
        try:
            return await self._bounded(path, body, token, spent_s, max_bytes)
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            raise translated(error) from error
        finally:
            place.leave()

    async def _bounded(self, path: str, body: bytes, token: str | None, spent_s: float, max_bytes: int | None) -> Reply:
        """Within `fetch_s`, which begins when the call does: waiting for a place is no fault of the appliance."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        limit = asyncio.timeout(self._fetch_s - spent_s)
        try:
            async with limit:
                return await self._post(path, body, token, Way(anew=begun < self._wary_until), max_bytes)
        except DeadConnectionError as error:
            error.spent_s = spent_s + loop.time() - begun
            self._wary_until = loop.time() + _WARY_S
            raise
        except TimeoutError:
            if not limit.expired():
                raise
            raise FetchError("timeout", f"the appliance did not answer within {self._fetch_s:g} s") from None

    async def _post(self, path: str, body: bytes, token: str | None, way: Way, max_bytes: int | None) -> Reply:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = URL(self._url + path)
        WAY.set(way)
        try:
            response = await self._session.post(
                url,
                data=body,
                headers=_HEADERS if token is None else _HEADERS | {"AuthToken": token},
                ssl=self._ssl,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError, ConnectionResetError) as error:
            if way.kept and not has_begun_to_answer(error):
                raise DeadConnectionError("the appliance closed the connection", detail=detail_of(error)) from error
            raise
        async with response:
            return await self._read(response, max_bytes)

    async def _read(self, response: aiohttp.ClientResponse, max_bytes: int | None) -> Reply:
        status = response.status
        if 300 <= status < 400:
            raise FetchError("bad_reply", f"the appliance redirects (HTTP {status}), which is never followed")
        if status < 200:
            raise FetchError("bad_reply", f"the appliance wants another protocol (HTTP {status})")
        good = status < 300
        limit = self._max_reply_bytes if good else SAID_BYTES
        length = response.content_length
        if good and length is not None and length > limit:
            response.close()
            raise FetchError("too_large", f"the reply has {length} bytes, more than the allowed {limit}")
        body = self._incoming.body()
        try:
            await self._fill(body, response, limit, limit if max_bytes is None else max_bytes)
        except BaseException:
            body.let_go()
            raise
        date = http_date(response.headers.get("Date"))
        content = bytes(body) if len(body) <= WHOLE_BYTES else body
        # A wish for rest until some moment is told by the clock of who wishes; who does not show it is taken by ours.
        now = self._wall() if date is None else date
        return Reply(status, content, date, retry_after(response.headers.get("Retry-After"), now))

    @staticmethod
    async def _fill(body: Body, response: aiohttp.ClientResponse, limit: int, most: int) -> None:
        """At most `limit` bytes are read and `most` held: what lies between tells `bad_reply` from `too_large`."""
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > limit:
                response.close()
                if response.status < 300:
                    raise FetchError("too_large", f"the reply has more than the allowed {limit} bytes")
                return
            if size <= most:
                body.add(chunk)
        if size > most:
            raise FetchError("bad_reply", f"the reply has {size} bytes, more than any answer to this call")


@lru_cache(maxsize=64)  # a whole fleet answers within few seconds
def http_date(text: str | None) -> float | None:
    """Epoch seconds of an HTTP date (RFC 9110 section 5.6.7); None where it is none."""
    if text is None:
        return None
    try:
        date = email.utils.parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()  # its asctime form names no zone
    except (ValueError, TypeError, OverflowError):
        return None


def retry_after(text: str | None, now: float) -> float | None:
    """Seconds to wait (RFC 9110 section 10.2.3), `now` being an epoch second: at most 5 minutes; 30 s where unclear."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _RETRY_AFTER_CAP_S)
    until = http_date(text)
    if until is None or not math.isfinite(until):
        return _RETRY_AFTER_UNCLEAR_S
    return min(max(0.0, until - now), _RETRY_AFTER_CAP_S)
