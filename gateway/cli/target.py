"""Which gateway a client verb talks to, and with what credential: flags first, then the environment."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from cyclopts import Group, Parameter

from gateway.cli.exits import ClientError, Exit
from gateway.config.hosts import NO_HOST, is_host

_GROUP: Final = Group("The gateway to ask", sort_key=3)
_PIN: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


@Parameter(name="*", group=_GROUP)
@dataclass(frozen=True, slots=True)
class Target:
    """The flags of every client verb that say where to ask."""

    url: Annotated[str | None, Parameter(help="The gateway's address; else BACKUP_GATEWAY_URL.")] = None
    token: Annotated[
        str | None,
        Parameter(
            help="A token; other users can see it in the list of processes. Else --token-file.",
            allow_leading_hyphen=True,  # as every other sign of base64url
        ),
    ] = field(default=None, repr=False)
    token_file: Annotated[
        Path | None, Parameter(help="A file that holds nothing but the token. Else BACKUP_GATEWAY_TOKEN.")
    ] = None
    ca_file: Annotated[Path | None, Parameter(help="PEM file of the CAs to trust instead of the system's.")] = None
    fingerprint: Annotated[
        str | None, Parameter(help="sha256:… of the gateway's certificate, which is trusted by this pin alone.")
    ] = None
    timeout: Annotated[float, Parameter(help="Seconds without a byte from the gateway after which to give up.")] = 60.0


@dataclass(frozen=True, slots=True)
class Address:
    """A target that has been checked. `pin` is the SHA-256 of a certificate's DER."""

    url: str
    token: str | None = field(repr=False)
    ca_file: Path | None
    pin: bytes | None
    timeout_s: float


def address_of(target: Target) -> Address:
    """Raises ClientError for flags and variables that make no address."""
    if not 0 < target.timeout <= 86_400:
        raise ClientError(Exit.USAGE, "--timeout: must be more than 0 and at most 86400 seconds")
    url = _url(target.url or os.environ.get("BACKUP_GATEWAY_URL") or "")
    if not url.startswith("https://") and (target.fingerprint or target.ca_file):
        raise ClientError(Exit.USAGE, f"--fingerprint and --ca-file need an https:// address, which {url} is not")
    return Address(url, _token(target), target.ca_file, _pin(target), target.timeout)


def _url(text: str) -> str:
    if not text:
        raise ClientError(
            Exit.USAGE, "no gateway is named: give --url http://HOST:8080 or set BACKUP_GATEWAY_URL to its address"
        )
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not text.isprintable() or " " in text:
        raise ClientError(Exit.USAGE, f"--url: {text} is no address; it begins with http:// or https:// and a host")
    if not is_host(parts.hostname or ""):
        raise ClientError(Exit.USAGE, f"--url: {text}: {NO_HOST}")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ClientError(Exit.USAGE, "--url: must hold no user, no query and no fragment; the token goes to --token")
    return text.rstrip("/")


def _token(target: Target) -> str | None:
    if target.token is not None and target.token_file is not None:
        raise ClientError(Exit.USAGE, "--token and --token-file: give one of them")
    token = target.token if target.token is not None else os.environ.get("BACKUP_GATEWAY_TOKEN")
    where = "--token" if target.token is not None else "BACKUP_GATEWAY_TOKEN"
    if target.token_file is not None:
        where = "--token-file"
        try:
            token = target.token_file.read_text().strip()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is no text"
            raise ClientError(Exit.USAGE, f"--token-file: {target.token_file}: {reason}") from None
    elif not token:
        return None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ClientError(Exit.USAGE, f"{where}: holds no token: a token is one word of ASCII")
    return token


def _pin(target: Target) -> bytes | None:
    if target.fingerprint is None:
        return None
    if target.ca_file is not None:
        raise ClientError(Exit.USAGE, "--fingerprint and --ca-file: give one of them")
    if not _PIN.fullmatch(target.fingerprint):
        raise ClientError(Exit.USAGE, "--fingerprint: must be sha256: and 64 lower-case hex digits")
    return bytes.fromhex(target.fingerprint.removeprefix("sha256:"))
