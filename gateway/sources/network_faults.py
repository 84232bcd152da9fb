"""Faults of the network, of TLS and of HTTP in the gateway's own words: a kind, and a sentence without any secret."""

import ssl
from collections.abc import Iterator
from typing import Final

import aiohttp

from gateway.errors import ErrorKind, FetchError


def has_begun_to_answer(error: BaseException) -> bool:
    """Whether a connection ended inside the head of a reply. A reset does not tell, and passes for one before it."""
    return isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = getattr(seen, "os_error", None) or seen.__cause__


_TABLE: Final[tuple[tuple[type[BaseException], ErrorKind, str], ...]] = (
    # The first that fits counts: the sure signs stand above the classes that they derive from.
    (aiohttp.ServerFingerprintMismatch, "tls_pin", "the appliance shows a certificate that is not the pinned one"),
    (aiohttp.ClientConnectorCertificateError, "tls", "the appliance's certificate is not trusted"),
    (aiohttp.ClientConnectorDNSError, "dns", "the appliance's name cannot be resolved"),
    (ssl.SSLCertVerificationError, "tls", "the appliance's certificate is not trusted"),
    (ssl.SSLError, "tls", "no TLS connection to the appliance could be made"),
    (TimeoutError, "timeout", "the appliance did not answer in time"),
    (ConnectionRefusedError, "refused", "the appliance refuses connections"),
    (aiohttp.ServerDisconnectedError, "reset", "the appliance closed the connection"),
    (ConnectionResetError, "reset", "the connection to the appliance was reset"),
    (BrokenPipeError, "reset", "the connection to the appliance was reset"),
    (aiohttp.ClientConnectorError, "refused", "the appliance cannot be reached"),
    (aiohttp.ContentTypeError, "bad_reply", "the appliance sent something else than JSON"),
    (aiohttp.http_exceptions.ContentEncodingError, "bad_reply", "the appliance's reply cannot be decompressed"),
    (aiohttp.ClientPayloadError, "reset", "the connection was cut before the end of the reply"),
    (aiohttp.ClientResponseError, "bad_reply", "the appliance does not speak HTTP as it should"),
    (aiohttp.ClientOSError, "reset", "the connection to the appliance broke"),
    (aiohttp.ClientError, "bad_reply", "the appliance's reply cannot be read"),
    (OSError, "refused", "the appliance cannot be reached"),
)


def translated(error: BaseException) -> FetchError:
    """Theirs to ours, by the table. The detail is for the log; it holds addresses, never a body or a header."""
    causes = list(_causes(error))
    for kind_of, kind, text in _TABLE:
        if any(isinstance(cause, kind_of) for cause in causes):
            return FetchError(kind, text, detail=detail_of(error))
    return FetchError("bad_reply", "the appliance's reply cannot be read", detail=error.__class__.__name__)


def detail_of(error: BaseException) -> str:
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return f"pinned sha256:{error.expected.hex()}, shown sha256:{error.got.hex()}"
    name = error.__class__.__name__
    # Errors of the parser quote the bytes that they could not read, which may be a token.
    return f"{name}: {error}"[:300] if isinstance(error, OSError) else name
