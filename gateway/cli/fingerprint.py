"""`backup-gateway fingerprint URL`: the pin of the certificate that an appliance shows."""

import hashlib
import ssl
import sys
from typing import Final
from urllib.parse import urlsplit

_PATIENCE_S: Final = 10.0


def print_fingerprint(url: str) -> int:
    """The line for the configuration; 2 for what is no https:// address, 4 where nothing answers."""
    address = _address(url)
    if address is None:
        print(f"{url}: must be an https:// address", file=sys.stderr)
        return 2
    try:
        pin = _pin_at(address, _PATIENCE_S)
    except (OSError, ValueError) as error:
        print(f"{url}: no certificate could be read: {error}", file=sys.stderr)
        return 4
    print(f'fingerprint = "{pin}"')
    return 0


def shown_pin(url: str, timeout_s: float) -> str | None:
    """The pin of the certificate that is shown there; None where none is."""
    address = _address(url)
    try:
        return None if address is None else _pin_at(address, timeout_s)
    except (OSError, ValueError):
        return None


def _address(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url if "//" in url else f"https://{url}")
        port = parts.port or 443
    except ValueError:
        return None
    return (parts.hostname, port) if parts.scheme == "https" and parts.hostname else None


def _pin_at(address: tuple[str, int], timeout_s: float) -> str:
    # Nothing is sent over the connection: the certificate is shown before anything is trusted.
    certificate = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(address, timeout=timeout_s))
    return f"sha256:{hashlib.sha256(certificate).hexdigest()}"
