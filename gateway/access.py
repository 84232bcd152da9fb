"""Who may ask, and for which systems: accounts, passwords, session tokens, static tokens."""

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import argon2

from gateway.config import Config, System
from gateway.config_tables import TokenTable, UserTable
from gateway.model import SystemId

IDLE_S: Final = 3600
ABSOLUTE_S: Final = 43_200
_SESSIONS_PER_USER: Final = 20
_VERIFIED_S: Final = 900.0
_HASHES_AT_ONCE: Final = 4
LONGEST_PASSWORD_BYTES: Final = 1024

_hasher: Final = argon2.PasswordHasher()


def hash_password(password: str) -> str:
    """An argon2id hash for the configuration."""
    return _hasher.hash(password)


def new_token() -> str:
    """256 bits, URL-safe."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """How a token is kept: as the SHA-256 of its text, in the form of the configuration."""
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `systems` are the ids that it may see; nothing of the others must ever reach it."""

    name: str
    number: int
    admin: bool
    systems: frozenset[SystemId]
    sees_all: bool


@dataclass(slots=True)
class _Session:
    username: str
    password_hash: str = field(repr=False)
    created: float
    used: float


class Accounts:
    """The users and static tokens of one configuration, with the systems that each may see."""

    def __init__(self, config: Config) -> None:
        self._users = {user.username: user for user in config.users}
        self._callers = {
            user.username: _caller(user, user.username, number, config.systems)
            for number, user in enumerate(config.users, 1)
        }
        self._tokens = {
            token.token_hash: _caller(token, token.name, 0, config.systems)
            for token in config.tokens
            if not token.disabled
        }

    def __repr__(self) -> str:
        return f"<Accounts: {len(self._users)} users, {len(self._tokens)} static tokens>"

    def user(self, username: str) -> UserTable | None:
        """An account that may log in."""
        user = self._users.get(username)
        return None if user is None or user.disabled else user

    def caller(self, username: str) -> Caller:
        """What that user may see."""
        return self._callers[username]

    def static(self, token: str) -> Caller | None:
        """The owner of a static token."""
        return self._tokens.get(token_hash(token))


class Access:
    """Turns credentials into callers. Sessions are kept by the hash of their token, never by the token."""

    def __init__(self, accounts: Accounts, *, monotonic: Callable[[], float]) -> None:
        self.accounts = accounts
        self._monotonic = monotonic
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        # Passwords that were verified a moment ago, under a key that dies with the process: one client logs in for
        # each call, and must not cost a whole argon2 each time.
        self._memo_key = secrets.token_bytes(32)
        self._verified: dict[str, tuple[bytes, float]] = {}
        self._dummy_hash = hash_password(secrets.token_hex(16))

    def __repr__(self) -> str:
        return f"<Access {self.accounts!r}, {len(self._sessions)} sessions>"

    async def verify(self, username: str, password: str) -> Caller | None:
        """The caller behind a name and a password; None for every kind of refusal, which all take the same time."""
        user = self.accounts.user(username)
        stored = self._dummy_hash if user is None else user.password_hash
        memo = hmac.digest(
            self._memo_key, b"\0".join((username.encode(), password.encode(), stored.encode())), "sha256"
        )
        known, until = self._verified.get(username, (b"", 0.0))
        if user is not None and self._monotonic() < until and hmac.compare_digest(known, memo):
            return self.accounts.caller(username)
        async with self._hashing:
            right = await asyncio.to_thread(_matches, stored, password)
        if user is None or not right:
            return None
        self._verified[username] = (memo, self._monotonic() + _VERIFIED_S)
        return self.accounts.caller(username)

    def open_session(self, caller: Caller) -> str:
        """A new token; the oldest session of a user with too many ends."""
        user = self.accounts.user(caller.name)
        own = [digest for digest, session in self._sessions.items() if session.username == caller.name]
        for digest in own[: max(0, len(own) - _SESSIONS_PER_USER + 1)]:
            del self._sessions[digest]
        token, now = new_token(), self._monotonic()
        self._sessions[token_hash(token)] = _Session(caller.name, user.password_hash if user else "", now, now)
        return token

    def by_token(self, token: str) -> Caller | None:
        """The caller behind a session token or a static token."""
        digest = token_hash(token)
        session = self._sessions.get(digest)
        if session is None:
            return self.accounts.static(token)
        now, user = self._monotonic(), self.accounts.user(session.username)
        dead = now - session.used >= IDLE_S or now - session.created >= ABSOLUTE_S
        if dead or user is None or user.password_hash != session.password_hash:
            del self._sessions[digest]
            return None
        session.used = now
        return self.accounts.caller(session.username)

    def close_session(self, token: str) -> bool:
        """End a session; False where the token is none of a session."""
        return self._sessions.pop(token_hash(token), None) is not None


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except argon2.exceptions.VerifyMismatchError:
        return False


def _caller(rights: UserTable | TokenTable, name: str, number: int, systems: tuple[System, ...]) -> Caller:
    everything = rights.systems == "all"
    visible = frozenset(
        SystemId(system.id)
        for system in systems
        if everything
        or system.id in rights.systems
        or system.customer in rights.customers
        or not system.tags.isdisjoint(rights.tags)
    )
    return Caller(name, number, rights.role == "admin", visible, everything)
