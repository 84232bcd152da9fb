"""Material of the tests of access: accounts, a clock turned by hand, hashes that are counted and may be held up."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import pytest

from gateway.callers.access import Access, Refused
from gateway.callers.accounts import Accounts, Caller
from gateway.config.file import parse
from tests.kit.accounts import cheap_hash, token_table, user_table
from tests.kit.toml import table

PASSWORD: Final = "correct horse"
NEW_PASSWORD: Final = "battery staple"
STATIC_TOKEN: Final = "static-token"
HERE: Final = "192.0.2.1"
ELSEWHERE: Final = "198.51.100.1"
WRONG: Final = Refused("wrong", retry_s=0.0, locks=False)

STORED: Final = cheap_hash(PASSWORD)
NEW_STORED: Final = cheap_hash(NEW_PASSWORD)


def accounts_of(**users: str) -> Accounts:
    """Accounts by name and stored hash, "gone" who is disabled, and the static token of "tool"."""
    tables = [
        table("[[user]]", user_table(name, password_hash=stored, disabled=name == "gone"))
        for name, stored in users.items()
    ]
    token = table("[[token]]", token_table("tool", STATIC_TOKEN))
    return Accounts(parse("".join(tables) + token, "tests", Path.cwd()))


@dataclass
class Others:
    """Other replicas: what they are asked and told, and what they answer."""

    heard: list[tuple[str, ...]] = field(default_factory=list)
    counted: dict[str, tuple[int, float] | None] = field(default_factory=dict)
    """By "look", "failed" and "succeeded": failures and seconds of a lock; None where nobody knows."""
    restless: set[str] = field(default_factory=set)
    """Names of which failures may have been counted elsewhere."""
    session: Callable[[str], None] | None = None
    """Takes up the session that they know by its digest."""
    at: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What happens here while they count: by "look", "failed" and "succeeded"."""

    async def opened(self, digest: str, username: str) -> None:
        self.heard.append(("opened", digest, username))

    async def ended(self, digest: str) -> None:
        self.heard.append(("ended", digest))

    async def known(self, digest: str, stored_hash: Callable[[str], str | None]) -> bool:
        self.heard.append(("known", digest, str(stored_hash("noc")), str(stored_hash("nobody"))))
        if self.session is not None:
            self.session(digest)
        return self.session is not None

    def is_quiet(self, name: str) -> bool:
        return name not in self.restless

    async def note(self, name: str, what: Literal["look", "failed", "succeeded"]) -> tuple[int, float] | None:
        self.heard.append((what, name))
        self.at.get(what, lambda: None)()
        return self.counted.get(what)


@dataclass
class Door:
    """One `Access` and what is around it. `hashed` are the passwords that cost a hash."""

    access: Access
    now: float = 1000.0
    hashed: list[str] = field(default_factory=list)
    free: threading.Event = field(default_factory=threading.Event)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    async def verify(self, name: str, password: str = PASSWORD, address: str = HERE) -> Caller | Refused:
        return await self.access.verify(name, password, address)

    async def enters(self, name: str, password: str = PASSWORD, address: str = HERE) -> bool:
        """Whether a name and a password become that caller."""
        found = await self.verify(name, password, address)
        return isinstance(found, Caller) and found.name == name

    async def fail(self, name: str, times: int, address: str = HERE) -> list[Refused]:
        """So many wrong passwords, one after the other."""
        answers = [await self.verify(name, "guess", address) for _ in range(times)]
        assert all(isinstance(answer, Refused) for answer in answers)
        return [answer for answer in answers if isinstance(answer, Refused)]

    async def held(self, name: str, password: str = PASSWORD) -> asyncio.Task[Caller | Refused]:
        """A try whose hash has begun and ends when `free` is set."""
        self.free.clear()
        task = asyncio.create_task(self.verify(name, password))
        await asyncio.to_thread(self.begun.acquire)
        return task

    def matches(self, stored: str, password: str) -> bool:
        """In place of a real hash."""
        self.hashed.append(password)
        self.begun.release()
        self.free.wait(10)
        return {PASSWORD: STORED, NEW_PASSWORD: NEW_STORED}.get(password) == stored


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """ "noc" and "chief" with one and the same stored hash, "gone" who may not log in."""
    made = Door(Access(accounts_of(noc=STORED, chief=STORED, gone=STORED), monotonic=lambda: made.now))
    monkeypatch.setattr("gateway.callers.hashing.matches", made.matches)
    made.free.set()
    yield made
    made.free.set()
