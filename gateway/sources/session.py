"""Our session at one appliance: one login for any number of waiting calls, and one answer to each refusal."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from pydantic import SecretStr

from gateway.clock import Clock
from gateway.dialects.wire import SAID_BYTES, encode_login, read_object, repeats, said_message
from gateway.errors import LOGIN_FAULTS, ErrorKind, FetchError
from gateway.loop.fair import Place
from gateway.loop.flight import Flight
from gateway.model import SystemId
from gateway.sources.pool import repeated
from gateway.sources.source import CallEvent, CallHook
from gateway.sources.transport import Reply, Transport

_FIRST_PAUSE_S: Final = 30.0
_LONGEST_PAUSE_S: Final = 900.0
_LEAST_REST_S: Final = 1.0
"""Whoever says when to ask again has enough for now: no time at all is never meant, nor one that is over."""
_LONGEST_TOKEN: Final = 4096
_ENDLESS_S: Final = 10**9
"""A token that is said to live so long is one whose life is not known: not every number fits into a float."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a login brings; `timeout_s` is 0 where the token's life is not known."""

    token: str = field(repr=False)
    timeout_s: float


class CommonTokens(Protocol):
    """The token that all replicas have together."""

    async def enter(self) -> Granted | None:
        """A token that another replica got, None where this one shall log in; raises FetchError in a pause."""
        ...

    async def granted(self, granted: Granted) -> None:
        """This replica's login succeeded."""
        ...

    def not_granted(self) -> None:
        """This replica's login came to nothing."""
        ...

    def dropped(self, token: str) -> None:
        """The appliance refused this token."""
        ...

    def paused(self, error: FetchError, pause_s: float) -> None:
        """The appliance refused our account."""
        ...

    async def close(self) -> None:
        """End what is under way."""
        ...


class Session:
    """Keeps the token of one appliance.

    A login that is refused is not tried again before a pause, which doubles from 30 s to 15 min: a wrong password
    must not lock the account (faults.md section 2, row 37). A token is never shown, not even in a repr.
    """

    def __init__(
        self,
        transport: Transport,
        system_id: SystemId,
        name: str,
        username: str,
        password: SecretStr,
        *,
        monotonic: Clock,
        wall: Clock,
        hook: CallHook,
        common: CommonTokens | None = None,
    ) -> None:
        self._common = common
        self._transport = transport
        self._system_id = system_id
        self._name = name
        self._username = username
        self._password = password
        self._monotonic = monotonic
        self._wall = wall
        self._hook = hook
        self._token: str | None = None
        self._timeout_s = 0.0
        self._last_use = 0.0
        self._flight: Flight[None, str] = Flight()
        self._queued = False
        self._refused: FetchError | None = None
        self._pause_s = 0.0
        self._pause_until = 0.0
        self.logins = 0
        """How many logins of our own brought a token."""

    def __repr__(self) -> str:
        state = "logged in" if self._token else "refused" if self._refused else "logged out"
        return f"<Session at {self._name}: {state}>"

    @property
    def under_way(self) -> bool:
        """Whether a login is, and does not wait for its place among the calls of all systems."""
        return len(self._flight) > 0 and not self._queued

    async def token(self) -> str:
        """A token to use now. Raises FetchError; a refusal is repeated from memory while its pause lasts."""
        now = self._monotonic()
        if self._refused is not None and now < self._pause_until:
            raise self._refused.again()
        if self._token is not None and self._timeout_s and now - self._last_use >= self._timeout_s:
            self._token = None  # idle for its whole life: dead by either reading of `timeout`
        if self._token is not None:
            self._last_use = now
            return self._token
        common = self._common
        login = self._login if common is None else lambda: self._login_for_all(common)
        return await self._flight.run(None, login, leave=lambda: self._queued)

    def drop(self, token: str) -> None:
        """An appliance refused this very token; a newer one, got meanwhile by somebody else, stays."""
        if self._token == token:
            self._token = None
        if self._common is not None:
            self._common.dropped(token)

    def accepted(self, token: str) -> None:
        """A call with this token was let in: the account is in order. An older token tells nothing of it."""
        if token == self._token:
            self._refused = None
            self._pause_s = 0.0

    def rejected(self, error: FetchError) -> FetchError:
        """Our account was refused: pause before the next login. Returns the error, with the time of the next try."""
        now = self._monotonic()
        if now >= self._pause_until:  # calls that were refused together are one refusal
            self._pause_s = min(max(self._pause_s * 2, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
            self._pause_until = now + self._pause_s
            if self._common is not None:
                self._common.paused(error, self._pause_s)
        error.retry_at = self._wall() + self._pause_until - now
        self._refused = error
        return error

    def cleaned(self, error: FetchError, reply: Reply | None, token: str = "") -> FetchError:
        """The error without our password and token, which an appliance may say back in any of its answers.

        Where `reply` repeats one, none of its words travel on. Out of a reply of more than SAID_BYTES nobody takes any:
        to look through that would hold up everybody else for nothing.
        """
        body = b"" if reply is None or len(reply.content) > SAID_BYTES else reply.body
        for secret in (self._password.get_secret_value(), token):
            if secret and repeats(body, secret):
                error.detail = None
                if error.kind == "appliance_error":
                    error.message = "the appliance reports an error in words that cannot be shown"
            elif secret:
                error.cut(secret)
        error.args = (error.message,)  # what str() and tracebacks show
        return error

    async def close(self) -> None:
        """End a login under way."""
        await self._flight.close()
        if self._common is not None:
            await self._common.close()

    async def _login_for_all(self, common: CommonTokens) -> str:
        """The token that another replica has just got, or one of our own login, which the others then have."""
        try:
            found = await common.enter()
        except FetchError as error:
            now = self._monotonic()
            self._pause_until = max(self._pause_until, now + (error.retry_at or 0.0) - self._wall())
            self._pause_s = max(self._pause_s, _FIRST_PAUSE_S)
            self._refused = error
            raise
        if found is not None:
            self._token, self._timeout_s, self._last_use = found.token, found.timeout_s, self._monotonic()
            return found.token
        try:
            token = await self._login()
        except BaseException:
            common.not_granted()
            raise
        await common.granted(Granted(token, self._timeout_s))
        return token

    async def _login(self) -> str:
        return await repeated(self._login_sent)

    async def _login_sent(self, spent_s: float) -> str:
        self._queued = True
        try:
            async with self._transport.place() as place:
                self._queued = False
                return await self._exchange(place, spent_s)
        finally:
            self._queued = False

    async def _exchange(self, place: Place, spent_s: float) -> str:
        """One login, with its event whatever comes of it."""
        begun = self._monotonic()
        failed: FetchError | None = None
        reply: Reply | None = None
        try:
            body = encode_login(self._username, self._password.get_secret_value())
            # It is decoded as a whole, at once: 15 MB of empty lists would take 3 s and 344 MiB.
            reply = await self._transport.post(place, "/api/login", body, spent_s=spent_s, max_bytes=SAID_BYTES)
            self._token, self._timeout_s = _read_login(reply, self._wall())
            self.logins += 1
        except FetchError as error:
            self.cleaned(error, reply)
            failed = self.rejected(error) if error.kind in LOGIN_FAULTS else error
            raise
        except asyncio.CancelledError:
            failed = FetchError("timeout", "given up before the appliance had answered")
            raise
        finally:
            self._last_use = self._monotonic()
            took_s = self._last_use - begun
            self._hook(CallEvent.of(self._system_id, self._name, "login", took_s, failed))
        return self._token


def _read_login(reply: Reply, wall: float) -> tuple[str, float]:
    """Token and its life in seconds (0 where unknown) out of a login's reply; raises FetchError."""
    if not 200 <= reply.status < 300:
        raise refusal(reply, wall, at_login=True)
    answer = read_object(reply.body)
    token: Any = answer.get("auth_token")
    # Opaque printable ASCII (appliance-api.md section 1). A control byte would break out of our own header.
    if not isinstance(token, str) or not 0 < len(token) <= _LONGEST_TOKEN or not token.isascii():
        raise FetchError("auth", "the appliance's login brought no token that can be used")
    if not token.isprintable() or token != token.strip():
        raise FetchError("auth", "the appliance's login brought no token that can be used")
    timeout = answer.get("timeout")
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout < _ENDLESS_S:
        return token, 0.0
    return token, float(timeout)


_BY_STATUS: Final[dict[int, tuple[ErrorKind, str]]] = {
    401: ("auth", "the appliance refuses our login"),
    403: ("denied", "the appliance forbids this to our account"),
    404: ("unsupported", "the appliance does not know this call; its release may be too old"),
    429: ("overloaded", "the appliance asks for fewer calls"),
    503: ("overloaded", "the appliance is overloaded"),
}


def refusal(reply: Reply, wall: float, *, at_login: bool = False) -> FetchError:
    """The error behind a status that is no success (contract section 5.3); `wall` is now, in epoch seconds."""
    if reply.status in _BY_STATUS:
        rest_s = reply.retry_after_s
        retry_at = None if rest_s is None else wall + max(rest_s, _LEAST_REST_S)
        kind, text = _BY_STATUS[reply.status]
        return FetchError(kind, text, retry_at=retry_at)
    said = said_message(reply.body)
    # Bad credentials are answered with 500 and a `result`, not with 401 (appliance-api.md section 0, fact 4).
    if at_login and (said is not None or reply.status < 500):
        return FetchError("auth", "the appliance refuses our login", detail=said)
    if said:
        return FetchError("appliance_error", f"HTTP {reply.status}: {said}")
    return FetchError("appliance_error", f"the appliance answered HTTP {reply.status}")
