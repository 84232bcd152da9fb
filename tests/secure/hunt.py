"""Looking for a text in bytes, however it may have been written."""

import base64
import html
import json
from urllib.parse import quote, quote_plus, unquote_to_bytes


def forms(secret: str) -> dict[str, bytes]:
    """A text as it is, and as a program would carry it: encoded, escaped, reversed by nobody."""
    raw = secret.encode()
    found = {
        "plain": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "percent": quote(secret, safe="").encode(),
        "plus": quote_plus(secret).encode(),
        "every byte": "".join(f"%{byte:02x}" for byte in raw).encode(),
        "json": json.dumps(secret)[1:-1].encode(),
        "html": html.escape(secret).encode(),
        "repr": repr(raw)[2:-1].encode(),
        "squeezed": " ".join(secret.split()).encode(),
    }
    # Base64 of a longer text holds it at one of three alignments; the characters at its ends depend on neighbours.
    for shift in range(3):
        standard = base64.b64encode(b"\0" * shift + raw)[(0, 2, 3)[shift] :].rstrip(b"=")[:-2]
        found[f"base64 +{shift}"] = standard
        found[f"urlsafe base64 +{shift}"] = standard.replace(b"+", b"-").replace(b"/", b"_")
    return found


def traces(secrets: dict[str, str], data: bytes) -> list[str]:
    """Which secret occurs in which form, in the bytes or in what is left when percent signs are undone."""
    plain = unquote_to_bytes(data)
    return [
        f"{name} as {form}"
        for name, secret in secrets.items()
        for form, needle in forms(secret).items()
        if needle in data or needle in plain
    ]
