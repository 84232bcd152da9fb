"""The users and static tokens of one configuration, and the systems that each may see."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.callers.hashing import fits_nothing
from gateway.config.checked import Config, System
from gateway.config.tables import TokenTable, UserTable, WebhookTable
from gateway.model import SystemId


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

    @property
    def asker(self) -> str:
        """In whose name work is done (gateway.loop.fair): one for a user with all its sessions, one for each token."""
        return ":".join(self.key)


class Accounts:
    """Looks up callers. Made anew for each configuration."""

    def __init__(self, config: Config) -> None:
        self._users = {user.username: user for user in config.users if not user.disabled}
        self._hashes = {user.username: user.password_hash for user in config.users}
        self._dummies = [fits_nothing(stored) for stored in self._hashes.values()] or [fits_nothing(None)]
        self._chance = secrets.token_bytes(32)
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

    def stored_hash(self, username: str) -> str:
        """What a password for that name is checked against: also for who may not log in, and for who does not exist.

        An unknown name costs what one of the users' hashes costs, always the same one: time tells nothing.
        """
        own = self._hashes.get(username)
        if own is not None:
            return own
        chance = hmac.digest(self._chance, username.encode(), "sha256")
        return self._dummies[int.from_bytes(chance[:8]) % len(self._dummies)]

    def caller(self, username: str) -> Caller | None:
        """What that user may see."""
        return self._callers.get(("user", username))

    def owner(self, digest: str) -> Caller | None:
        """The owner of the static token with that hash."""
        found = self._tokens.get(digest)
        return None if found is None else self._callers["token", found.name]

    def now(self, caller: Caller) -> Caller | None:
        """The same caller with the rights of this configuration; None where its credential is good no more."""
        found = self._callers.get(caller.key)
        return found if found is not None and found.stored == caller.stored else None


def visible_to(rights: UserTable | TokenTable | WebhookTable, systems: Iterable[System]) -> frozenset[SystemId]:
    """The systems that somebody may see: those of its list, of its customers and of its tags together."""
    everything = rights.systems == "all"
    return frozenset(
        SystemId(system.id)
        for system in systems
        if everything
        or system.id in rights.systems
        or system.customer in rights.customers
        or not system.tags.isdisjoint(rights.tags)
    )


def _caller(rights: UserTable | TokenTable, key: tuple[str, str], number: int, systems: tuple[System, ...]) -> Caller:
    visible = visible_to(rights, systems)
    stored = rights.password_hash if isinstance(rights, UserTable) else rights.token_hash
    return Caller(key, number, rights.role == "admin", visible, stored)
