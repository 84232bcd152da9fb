"""Who may ask, and for which systems: credentials become callers here."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

from gateway.callers.accounts import Accounts, Caller, token_hash
from gateway.callers.hashing import Hashers
from gateway.callers.lockout import AccountLock, AddressLimit
from gateway.callers.sessions import Sessions
from gateway.clock import Clock
from gateway.loop.flight import Flight

LONGEST_PASSWORD_BYTES: Final = 1024

_VERIFIED_S: Final = 900.0
_LOGIN_FAILURES_A_MINUTE: Final = 20
_TOKEN_FAILURES_A_MINUTE: Final = 100
_HASHES_IN_LINE: Final = 32

Refusal = Literal["wrong", "locked", "flooded", "busy"]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a credential was not taken. `wrong` is one answer for unknown, wrong and disabled alike."""

    why: Refusal
    retry_s: float = 0.0
    locks: bool = False
    """Whether this failure was the one that locked the name."""


class OtherReplicas(Protocol):
    """Sessions and failed logins that other replicas know of. None of it raises: without them there is no news."""

    async def opened(self, digest: str, username: str) -> None:
        """A session was opened here."""
        ...

    async def ended(self, digest: str) -> None:
        """A session was ended here."""
        ...

    async def known(self, digest: str, stored_hash: Callable[[str], str | None]) -> bool:
        """Whether a session that was not known here is now."""
        ...

    async def note(self, name: str, what: Literal["look", "failed", "succeeded"]) -> tuple[int, float] | None:
        """Failures in a row and seconds of a lock over all replicas, after counting this; None where nobody knows."""
        ...

    def is_quiet(self, name: str) -> bool:
        """Whether it is known that no replica counts failures of that name or has locked it."""
        ...


class Access:
    """Turns credentials into callers, and slows down those who guess."""

    def __init__(self, accounts: Accounts, *, monotonic: Clock) -> None:
        self.accounts = accounts
        self.sessions = Sessions(monotonic)
        self._monotonic = monotonic
        self._lock = AccountLock()
        self._logins = AddressLimit(_LOGIN_FAILURES_A_MINUTE)
        self._tokens = AddressLimit(_TOKEN_FAILURES_A_MINUTE)
        self._hashers = Hashers()
        self._checks: Flight[bytes, Refused | None] = Flight()
        # Passwords that were verified a moment ago, under a key that dies with the process: one client logs in for
        # each call, and must not cost a whole argon2 each time.
        self._memo_key = secrets.token_bytes(32)
        self._verified: dict[str, tuple[bytes, float]] = {}
        self.others: OtherReplicas | None = None

    def __repr__(self) -> str:
        return f"<Access {self.accounts!r}, {self.sessions!r}, {self._lock!r}>"

    def replace(self, accounts: Accounts) -> None:
        """Other accounts from now on: sessions of removed, disabled or re-passworded users are dead at once."""
        self.accounts = accounts
        self._verified.clear()

    async def verify(self, username: str, password: str, address: str) -> Caller | Refused:
        """The caller behind a name and a password, or why there is none.

        Unknown, wrong and disabled take the same way through one hash; a locked name is refused before it.
        """
        brake = self._brake(username, address)
        if brake is not None:
            return brake
        stored = self.accounts.stored_hash(username)
        shown = b"\0".join((username.encode(), password.encode(), stored.encode()))
        memo = hmac.digest(key=self._memo_key, msg=shown, digest="sha256")
        known = self._verified.get(username)
        anew = known is None or self._monotonic() >= known[1] or not hmac.compare_digest(known[0], memo)
        if anew:
            shares = memo in self._checks  # a crowd that comes with one password costs one hash, and fails once
            wrong = await self._checks.run(memo, lambda: self._checked(stored, password, username, address))
            if wrong is not None:
                return replace(wrong, locks=wrong.locks and not shares)
        elif self.others is not None and not self.others.is_quiet(username):
            await self._note(username, "succeeded")  # does nothing to a lock, but tells of it
            brake = self._brake(username, address)
            if brake is not None:
                return brake
        caller = self.accounts.caller(username)
        if caller is None or caller.stored != stored:
            return Refused("wrong")  # a reload has brought another password, or its end, while the hash was reckoned
        if anew:
            self._verified[username] = (memo, self._monotonic() + _VERIFIED_S)
        self._lock.succeeded(username)
        return caller

    def _brake(self, username: str, address: str) -> Refused | None:
        """Why that name or that address may not try now."""
        now = self._monotonic()
        wait = self._lock.locked_for(username, now)
        if wait > 0:
            return Refused("locked", wait)
        wait = self._logins.blocked_for(address, now)
        return Refused("flooded", wait) if wait > 0 else None

    def known(self, digest: str) -> Caller | None:
        """The caller behind the hash of a token, if it is good still."""
        return self.sessions.owner(digest, self.accounts) or self.accounts.owner(digest)

    def by_token(self, token: str, address: str) -> Caller | Refused:
        """The caller behind a session token or a static token, or why there is none."""
        caller = self.known(token_hash(token))
        if caller is not None:
            return caller
        now = self._monotonic()
        wait = self._tokens.blocked_for(address, now)
        if wait > 0:
            return Refused("flooded", wait)
        self._tokens.failed(address, now)
        return Refused("wrong")

    async def by_token_anywhere(self, token: str, address: str) -> Caller | Refused:
        """The same, where a token that is not known here may be known to another replica."""
        digest = token_hash(token)
        # Whoever guesses too often has no lookup either.
        free = self._tokens.blocked_for(address, self._monotonic()) <= 0
        if self.others is not None and free and self.known(digest) is None:
            await self.others.known(digest, self._stored_hash)
        return self.by_token(token, address)

    async def open(self, caller: Caller) -> str:
        """A session for a caller that has just shown its password; returns its token."""
        token = self.sessions.open(caller, self.accounts)
        if self.others is not None:
            await self.others.opened(token_hash(token), caller.name)
        return token

    async def close(self, token: str) -> bool:
        """End a session everywhere; False where the token is none of a session."""
        if not self.sessions.close(token):
            return False
        if self.others is not None:
            await self.others.ended(token_hash(token))
        return True

    def _stored_hash(self, username: str) -> str | None:
        user = self.accounts.user(username)
        return None if user is None else user.password_hash

    async def _note(self, username: str, what: Literal["look", "failed", "succeeded"]) -> bool:
        """Let the lock of this replica know what all of them have counted; False where that is not known."""
        noted = None if self.others is None else await self.others.note(username, what)
        if noted is None:
            return False
        self._lock.learn(username, *noted, self._monotonic())
        return True

    async def _checked(self, stored: str, password: str, username: str, address: str) -> Refused | None:
        """Why a password is not taken, after one hash; None where it fits the account of that name.

        Counted here, where no caller that hangs up can prevent it. Without the looks at the brakes before and after
        the hash, a hundred guesses sent at once would all be tried.
        """
        if self._hashers.waiting >= _HASHES_IN_LINE:
            return Refused("busy", 1.0)
        async with self._hashers.turn():
            await self._note(username, "look")
            brake = self._brake(username, address)
            if brake is not None:
                return brake
            fits = await self._hashers.matches(stored, password)
            await self._note(username, "look")
        brake = self._brake(username, address)
        if brake is not None:
            return brake
        if fits and self.accounts.user(username) is not None:
            await self._note(username, "succeeded")
            return self._brake(username, address)
        now = self._monotonic()
        self._logins.failed(address, now)
        if await self._note(username, "failed"):
            return Refused("wrong", locks=self._lock.locked_for(username, self._monotonic()) > 0)
        return Refused("wrong", locks=self._lock.failed(username, now))
