"""Sessions of users: kept by the hash of their token, never by the token."""

from dataclasses import dataclass, field
from typing import Final

from gateway.callers.accounts import Accounts, Caller, new_token, token_hash
from gateway.clock import Clock

IDLE_S: Final = 3600
ABSOLUTE_S: Final = 43_200
PER_USER: Final = 20


@dataclass(slots=True)
class _Session:
    username: str
    password_hash: str = field(repr=False)
    created: float
    used: float


@dataclass(frozen=True, slots=True)
class Known:
    """What another replica must know of a session; seconds since it was opened and since it was last used."""

    username: str
    password_hash: str = field(repr=False)
    age_s: float
    idle_s: float


class Sessions:
    """60 minutes idle, 12 hours in all, 20 for each user: the oldest goes when one more comes."""

    def __init__(self, monotonic: Clock) -> None:
        self._monotonic = monotonic
        self._sessions: dict[str, _Session] = {}
        self._by_user: dict[str, list[str]] = {}

    def __repr__(self) -> str:
        return f"<Sessions {len(self._sessions)}>"

    def open(self, caller: Caller, accounts: Accounts) -> str:
        """A new token for a caller that has just shown its password."""
        user = accounts.user(caller.name)
        token, now = new_token(), self._monotonic()
        digests = self._by_user.setdefault(caller.name, [])
        for digest in list(digests):
            if self._is_over(self._sessions[digest], now) or len(digests) >= PER_USER:
                self._drop(digest)
        digest = token_hash(token)
        self._sessions[digest] = _Session(caller.name, user.password_hash if user else "", now, now)
        self._by_user.setdefault(caller.name, []).append(digest)
        return token

    def owner(self, digest: str, accounts: Accounts) -> Caller | None:
        """The user behind the hash of a token; None once it is over, or the user gone, disabled or re-passworded."""
        session = self._sessions.get(digest)
        if session is None:
            return None
        now, user = self._monotonic(), accounts.user(session.username)
        if self._is_over(session, now) or user is None or user.password_hash != session.password_hash:
            self._drop(digest)
            return None
        session.used = now
        return accounts.caller(session.username)

    def close(self, token: str) -> bool:
        """End a session; False where the token is none of a session."""
        digest = token_hash(token)
        if digest not in self._sessions:
            return False
        self._drop(digest)
        return True

    def learn(self, digest: str, username: str, password_hash: str, age_s: float) -> None:
        """Take up a session that was opened on another replica."""
        self.end(digest)
        now = self._monotonic()
        self._sessions[digest] = _Session(username, password_hash, now - age_s, now)
        self._by_user.setdefault(username, []).append(digest)

    def end(self, digest: str) -> None:
        """Forget a session, if there is one."""
        if digest in self._sessions:
            self._drop(digest)

    def facts(self, digest: str) -> Known | None:
        """What is known of a session."""
        session, now = self._sessions.get(digest), self._monotonic()
        if session is None:
            return None
        return Known(session.username, session.password_hash, now - session.created, now - session.used)

    def digests(self, used_within_s: float = IDLE_S) -> list[str]:
        """The hashes of the tokens that were used lately."""
        since = self._monotonic() - used_within_s
        return [digest for digest, session in self._sessions.items() if session.used >= since]

    @staticmethod
    def _is_over(session: _Session, now: float) -> bool:
        return now - session.used >= IDLE_S or now - session.created >= ABSOLUTE_S

    def _drop(self, digest: str) -> None:
        session = self._sessions.pop(digest)
        digests = self._by_user[session.username]
        digests.remove(digest)
        if not digests:
            del self._by_user[session.username]
