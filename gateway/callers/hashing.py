"""Passwords and their argon2id hashes (RFC 9106), off the event loop and behind everybody who only reads."""

import asyncio
import base64
import contextlib
import os
import secrets
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import argon2

AT_ONCE: Final = max(1, min(4, (os.cpu_count() or 1) // 2))
"""A hash takes a core for a quarter of a second: some cores must stay for those who only read."""

_NICENESS: Final = 19
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


def fits_nothing(like: str | None) -> str:
    """A hash as costly as that one (None: as one of ours) which no password fits: for names that nobody has."""
    parts = (like or "$argon2id$v=19$m=65536,t=3,p=4$" + "A" * 22 + "$" + "A" * 43).split("$")
    for place in (-2, -1):  # salt and digest, in base64 without padding
        size = len(parts[place]) * 3 // 4
        parts[place] = base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")
    return "$".join(parts)


class Hashers:
    """Threads that reckon hashes with less weight than the event loop has, so that a flood of logins slows no read."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, "hash", initializer=_step_back)
        self._free = asyncio.Semaphore(AT_ONCE)
        self.waiting = 0

    def __repr__(self) -> str:
        return f"<Hashers, {self.waiting} waiting or at work>"

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait in line for a free thread, and hold it."""
        self.waiting += 1
        try:
            async with self._free:
                yield
        finally:
            self.waiting -= 1

    async def matches(self, stored: str, password: str) -> bool:
        """Whether a password fits a hash; to be asked for within a turn."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, matches, stored, password)


def _step_back() -> None:
    """Lower the priority of this thread, and of those that argon2 starts from it, where the system knows threads."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
