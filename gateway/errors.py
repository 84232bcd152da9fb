"""What can go wrong in more than one room.

    GatewayError
    ├── ConfigError          faults of a configuration file, all of them at once
    ├── RequestError         the caller's fault or the gateway's refusal; becomes one HTTP status
    └── FetchError           one appliance's fault; becomes that system's state, never an HTTP 500
        └── OddRowsError     too many rows of a reply are no objects; says little where the reply is a part of a list

Each error has a public text (`message`) and, where it helps, a `detail` that only the log sees.
"""

from collections.abc import Sequence
from typing import Final, Literal

ErrorKind = Literal[
    "timeout",
    "refused",
    "reset",
    "dns",
    "tls",
    "tls_pin",
    "auth",
    "denied",
    "bad_reply",
    "too_large",
    "appliance_error",
    "unsupported",
    "overloaded",
    "breaker_open",
]
"""The kinds of contract section 5.3."""

WORTH_A_RETRY: Final[frozenset[ErrorKind]] = frozenset({"refused", "reset"})
"""A second try inside one request may help here, and only here (faults of the connection, not of the appliance)."""

LOGIN_FAULTS: Final[frozenset[ErrorKind]] = frozenset({"auth", "denied"})
"""The appliance refuses our account: a held list stands in for a shorter time (`stale_after_auth_seconds`)."""


class GatewayError(Exception):
    """Root of the tree."""


class ConfigError(GatewayError):
    """All faults of one configuration file; `faults` holds one line for each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class RequestError(GatewayError):
    """A request that is answered with an error status (contract section 4).

    `field` names the offending key of the request, `headers` what the answer carries besides. `ends` where the
    connection ends with it: the rest of the request is not worth reading, or nobody knows where that ends.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: str | None = None,
        headers: dict[str, str] | None = None,
        ends: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.headers = headers or {}
        self.ends = ends


def bad_field(field: str, message: str) -> RequestError:
    """A 400 that names the field."""
    return RequestError(400, f"{field}: {message}", field=field)


class FetchError(GatewayError):
    """An appliance could not be asked or did not answer as it should.

    `retry_at` is the epoch second before which the gateway will not ask again, where that is known.
    """

    def __init__(
        self, kind: ErrorKind, message: str, *, retry_at: float | None = None, detail: str | None = None
    ) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.message = message
        self.retry_at = retry_at
        self.detail = detail
        self.tried_again = False
        """Whether this is what became of a second try already."""

    def cut(self, secret: str) -> None:
        """Take a secret out of its words: an appliance may echo what we sent, and they travel on."""
        self.message = self.message.replace(secret, "…")
        self.detail = self.detail.replace(secret, "…") if self.detail else None

    def again(self) -> "FetchError":
        """The same finding, to be raised once more."""
        return FetchError(self.kind, self.message, retry_at=self.retry_at, detail=self.detail)

    def __repr__(self) -> str:
        return f"<FetchError {self.kind}: {self.message}>"


class OddRowsError(FetchError):
    """Too many rows of a reply are no objects (contract section 5.3): a `bad_reply`."""

    def __init__(self, odd: int, rows: int) -> None:
        super().__init__("bad_reply", f"{odd} of {rows} rows are no objects")
