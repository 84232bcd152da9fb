"""The users and static tokens of one configuration, and the systems that each may see."""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final

import argon2

from gateway.config import Config, System
from gateway.config_tables import TokenTable, UserTable
from gateway.model import SystemId

_hasher: Final = argon2.PasswordHasher()


def hash_password(password: str) -> str:
    """An argon2id hash for the configuration."""
    return _hasher.hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether a password fits an argon2id hash. Takes a quarter of a second of one core: never on the event loop."""
    try:
        return _hasher.verify(stored, password)
    except argon2.exceptions.VerificationError:
        return False


def new_token() -> str:
    """256 bits, URL-safe."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """How a token is kept: as the SHA-256 of its text, in the form of the configuration.

    Headers may hold bytes that are no UTF-8: they come as surrogates, and are no reason to fail.
    """
    return "sha256:" + hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `systems` are the ids that it may see; nothing of the others must ever reach it.

    `key` names the owner of a credential across configurations, `stored` is the hash that the credential fitted.
    """

    key: tuple[str, str]
    number: int
    admin: bool
    systems: frozenset[SystemId]
    stored: str = field(repr=False)

    @property
    def name(self) -> str:
        """For people."""
        return self.key[1]


class Accounts:
    """Looks up callers. Made anew for each configuration."""

    def __init__(self, config: Config) -> None:
        self._users = {user.username: user for user in config.users if not user.disabled}
        self._tokens = {token.token_hash: token for token in config.tokens if not token.disabled}
        self._callers = {
            ("user", user.username): _caller(user, ("user", user.username), number, config.systems)
            for number, user in enumerate(config.users, 1)
            if not user.disabled
        } | {
            ("token", token.name): _caller(token, ("token", token.name), 0, config.systems)
            for token in self._tokens.values()
        }

    def __repr__(self) -> str:
        return f"<Accounts: {len(self._users)} users, {len(self._tokens)} static tokens>"

    def user(self, username: str) -> UserTable | None:
        """An account that may log in."""
        return self._users.get(username)

    def caller(self, username: str) -> Caller | None:
        """What that user may see."""
        return self._callers.get(("user", username))

    def static(self, token: str) -> Caller | None:
        """The owner of a static token."""
        found = self._tokens.get(token_hash(token))
        return None if found is None else self._callers["token", found.name]

    def now(self, caller: Caller) -> Caller | None:
        """The same caller with the rights of this configuration; None where its credential is good no more."""
        found = self._callers.get(caller.key)
        return found if found is not None and found.stored == caller.stored else None


def _caller(rights: UserTable | TokenTable, key: tuple[str, str], number: int, systems: tuple[System, ...]) -> Caller:
    everything = rights.systems == "all"
    visible = frozenset(
        SystemId(system.id)
        for system in systems
        if everything
        or system.id in rights.systems
        or system.customer in rights.customers
        or not system.tags.isdisjoint(rights.tags)
    )
    stored = rights.password_hash if isinstance(rights, UserTable) else rights.token_hash
    return Caller(key, number, rights.role == "admin", visible, stored)
