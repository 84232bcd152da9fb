"""What single values of the configuration must be: one checked type for each kind of them."""

import re
from difflib import get_close_matches
from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import AfterValidator, Discriminator, Field, Tag

from gateway.config.hosts import NO_HOST, is_host

STORE_OPTIONS: Final = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
"""What the query of `cache.url` may hold: files for TLS, by their paths."""

_IN_NO_ADDRESS: Final = frozenset(' ?#\\<>"{}|^`')
"""An empty query or fragment as well: what is put behind it would be no path any more."""

_FINGERPRINT: Final = re.compile(r"sha256:[0-9a-f]{64}")


def _text(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("must be printable text and not empty")
    return value


def _split(value: str) -> SplitResult:
    try:
        return urlsplit(value)
    except ValueError:  # whose text repeats what is wrong, which may be a part of a password
        raise ValueError("is no URL") from None


def _address(value: str) -> str:
    parts = _split(value)
    try:
        port = parts.port
    except ValueError:
        raise ValueError("has no valid port") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("must be http:// or https:// and a host, for example https://10.0.0.5")
    is_zoned = "[" in parts.netloc  # the one place where a % may stand
    odd = _IN_NO_ADDRESS & set(value) or ("%" in value and not is_zoned) or not value.isprintable()
    if "@" in parts.netloc or parts.path not in ("", "/") or odd:
        raise ValueError("must be scheme, host and port only: no user, path or query")
    _named(parts.hostname)
    return value


def _named(host: str) -> str:
    if not is_host(host):
        raise ValueError(NO_HOST)
    return host


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        nearest = get_close_matches(value, available_timezones(), n=1, cutoff=0)
        raise ValueError(f"is no time zone; the nearest known one is {nearest[0]}") from None
    return value


def _pin(value: str) -> str:
    if not _FINGERPRINT.fullmatch(value):
        raise ValueError("must be sha256: and 64 lower-case hex digits")
    return value


def _argon2(value: str) -> str:
    try:
        if not value.startswith("$argon2id$"):
            raise ValueError
        extract_parameters(value)
    except (InvalidHashError, ValueError):
        raise ValueError("is no argon2id hash; backup-gateway hash-password makes one") from None
    return value


def _network(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValueError("must be an IP address or network") from None
    return value


def _store_url(value: str) -> str:
    if not value:
        return value
    parts = _split(value)
    if parts.scheme not in ("redis", "rediss", "valkey", "valkeys") or not parts.hostname:
        raise ValueError("must be a redis:// or valkey:// URL, or empty")
    _named(parts.hostname)
    try:
        port_ok = parts.port != 0
    except ValueError:
        port_ok = False
    if not port_ok:
        raise ValueError("has no valid port")
    if parts.path.strip("/") and not parts.path[1:].isdecimal():
        raise ValueError("may end with the number of a database, and with nothing else")
    unknown = {part.partition("=")[0] for part in parts.query.split("&") if part} - STORE_OPTIONS
    if unknown:
        raise ValueError(f"may have the options {', '.join(sorted(STORE_OPTIONS))} only")
    return value


def _time_of_day(value: str) -> str:
    if value and not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError("must be a time of day such as 07:00, or empty")
    return value


def _ping_url(value: str) -> str:
    if not value:
        return value
    parts = _split(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http:// or https:// address, or empty")
    _named(parts.hostname)
    return value


def _branch(value: Any) -> str | None:
    """Of a value that may be a text or a list: which of them it is. So its fault is told once, not for each of them."""
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list) else None


def _branch_of_ids(value: Any) -> str | None:
    """The same, where only one text is right."""
    return _branch(value) if value == "all" or isinstance(value, list) else None


Text = Annotated[str, AfterValidator(_text)]
Host = Annotated[Text, AfterValidator(_named)]
Pin = Annotated[str, AfterValidator(_pin)]
# Bounds end what no clock and no event loop can hold; a hundred years of seconds is plenty.
Seconds = Annotated[float, Field(ge=0, le=3_200_000_000, allow_inf_nan=False)]
SomeSeconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Bytes = Annotated[int, Field(ge=1, le=2**40)]
Hours = Annotated[float, Field(gt=0, le=87_600, allow_inf_nan=False)]
Days = Annotated[float, Field(ge=0, le=36_500, allow_inf_nan=False)]
Id = Annotated[int, Field(ge=0, lt=2**63)]
Pins = Annotated[
    Annotated[Pin, Tag("text")] | Annotated[list[Pin], Field(min_length=1, max_length=2), Tag("list")],
    Discriminator(_branch, "no_pins", "must be sha256: and 64 lower-case hex digits, or a list of two such texts"),
]
SystemIds = Annotated[
    Annotated[Literal["all"], Tag("text")] | Annotated[list[Id], Tag("list")],
    Discriminator(_branch_of_ids, "no_ids", 'must be "all" or a list of ids'),
]
Address = Annotated[str, AfterValidator(_address)]
Zone = Annotated[str, AfterValidator(_zone)]
PasswordHash = Annotated[str, AfterValidator(_argon2), Field(repr=False)]
Network = Annotated[str, AfterValidator(_network)]
# These may hold a secret, and show nothing of it.
StoreUrl = Annotated[str, AfterValidator(_store_url), Field(repr=False)]
PingUrl = Annotated[str, AfterValidator(_ping_url), Field(repr=False)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
