"""`backup-gateway fingerprint URL`: the pin of the certificate that an appliance shows."""

import hashlib
import ssl
import sys
from urllib.parse import urlsplit


def print_fingerprint(url: str) -> int:
    """The line for the configuration; 2 for what is no https:// address, 4 where nothing answers."""
    parts = urlsplit(url if "//" in url else f"https://{url}")
    try:
        address = (parts.hostname or "", parts.port or 443)
    except ValueError:
        address = ("", 0)
    if parts.scheme != "https" or not address[0]:
        print(f"{url}: must be an https:// address", file=sys.stderr)
        return 2
    try:
        # Nothing is sent over the connection: the certificate is shown before anything is trusted.
        certificate = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(address, timeout=10))
    except (OSError, ValueError) as error:
        print(f"{url}: no certificate could be read: {error}", file=sys.stderr)
        return 4
    print(f'fingerprint = "sha256:{hashlib.sha256(certificate).hexdigest()}"')
    return 0
