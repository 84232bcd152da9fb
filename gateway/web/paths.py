"""One spelling of every path (contract section 4: paths are normalised before routing, with no redirect)."""

import re
from typing import Final

ALWAYS: Final = frozenset({"/healthz", "/readyz"})
"""Answered for every host and beside every load."""

_SLASHES: Final = re.compile("/{2,}")


def normalised(raw_path: str) -> str:
    """Doubled slashes fold, a trailing one goes. Escapes stay as they are: %2e%2e names nothing here."""
    return _SLASHES.sub("/", raw_path).rstrip("/") or "/"
