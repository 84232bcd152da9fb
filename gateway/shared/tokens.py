"""Our token at one appliance, for all replicas: one login for all, sealed with what only we and the appliance know."""

import asyncio
import base64
import contextlib
import hashlib
import os
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.clock import Clock
from gateway.config.checked import System
from gateway.errors import ErrorKind, FetchError
from gateway.shared.reach import Reach, StoreAwayError, ended
from gateway.shared.renewals import LEASE_MS, Renewals
from gateway.shared.scripts import DROPPED, GRANTED, LOGIN, NOT_GRANTED, RENEW, SET, Script
from gateway.sources.session import Granted

_LOOK_EVERY_S: Final = 0.05
_CLOSING_S: Final = 1.0
_NONCE_BYTES: Final = 12
_KEPT_S: Final = 86_400.0


class _Sealed(msgspec.Struct, frozen=True):
    """What is sealed; `timeout_s` is 0 where the token's life is not known."""

    token: str
    timeout_s: float


class _Pause(msgspec.Struct, frozen=True):
    """A refused login."""

    kind: ErrorKind
    message: str


_decode_sealed: Final = msgspec.json.Decoder(_Sealed).decode
_decode_pause: Final = msgspec.json.Decoder(_Pause).decode


class SharedTokens:
    """The common token of one appliance. The store sees neither it nor anything that opens it."""

    def __init__(self, reach: Reach, renewals: Renewals, replica: str, system: System, *, wall: Clock) -> None:
        self._reach = reach
        self._renewals = renewals
        self._replica = replica
        self._wall = wall
        account = msgspec.json.encode((system.url, system.username))
        secret = system.password.get_secret_value().encode()
        derived = HKDF(SHA256(), 48, None, b"backup-gateway token" + account).derive(secret)
        self._seal = AESGCM(derived[:32])
        # Replicas with another password, as during a reload, have another token and another pause.
        tag = "account-" + derived[32:].hex()
        self._token, self._lease, self._pause = (reach.key(tag, part) for part in ("token", "login", "pause"))
        self._dead = ""
        self._fence: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<SharedTokens in {self._reach!r}>"

    async def enter(self) -> Granted | None:
        """A token that another replica got, or None where the login is ours to do; raises FetchError in a pause."""
        with contextlib.suppress(StoreAwayError):
            while True:
                reply = await self._reach.run(LOGIN, (self._token, self._lease, self._pause), self._asking())
                verdict, values = reply.values[0].decode(), reply.values[1:]
                if verdict == "pause":
                    raise self._paused(values[0], int(values[1]))
                granted = self._opened(values[0]) if verdict == "token" else None
                if granted is not None:
                    return granted
                if verdict == "lead":
                    self._fence = int(values[0])
                    renewal = (RENEW, (self._lease,), (self._replica, self._fence, LEASE_MS))
                    self._renewals.keep(self._lease, renewal)
                    return None
                if verdict == "token":
                    return None  # it was changed in the store: each replica logs in for itself
                await asyncio.sleep(_LOOK_EVERY_S)
        return None

    async def granted(self, granted: Granted) -> None:
        """The login succeeded: the others may use its token."""
        fence = self._over()
        if fence is None:
            return
        nonce = os.urandom(_NONCE_BYTES)
        text = msgspec.json.encode(_Sealed(granted.token, granted.timeout_s))
        sealed = nonce + self._seal.encrypt(nonce, text, self._token.encode())
        kept_ms = int((granted.timeout_s or _KEPT_S) * 1000)
        values = (self._replica, fence, _digest(granted.token), base64.b64encode(sealed), max(1000, kept_ms))
        with contextlib.suppress(StoreAwayError):
            await self._reach.run(GRANTED, (self._token, self._lease, self._pause), values)

    def not_granted(self) -> None:
        """The login failed or was given up: another replica may try, unless a pause was told."""
        fence = self._over()
        if fence is not None:
            self._soon(NOT_GRANTED, (self._token, self._lease), (self._replica, fence))

    def dropped(self, token: str) -> None:
        """The appliance refused this token."""
        self._dead = _digest(token)
        self._soon(DROPPED, (self._token,), (self._dead,))

    def paused(self, error: FetchError, pause_s: float) -> None:
        """Our account was refused: no replica logs in before the pause is over."""
        value = msgspec.json.encode(_Pause(error.kind, error.message))
        self._soon(SET, (self._pause,), (value, max(1, int(pause_s * 1000)), "", ""))

    async def close(self) -> None:
        """Finish what the others wait for, for a moment, and end the rest."""
        tasks = list(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSING_S)
        await ended(*tasks)

    def _asking(self) -> tuple[object, ...]:
        return self._replica, LEASE_MS, self._dead

    def _over(self) -> int | None:
        fence, self._fence = self._fence, None
        self._renewals.let_go(self._lease)
        return fence

    def _opened(self, sealed: bytes) -> Granted | None:
        try:
            raw = base64.b64decode(sealed, validate=True)
            text = self._seal.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], self._token.encode())
            found = _decode_sealed(text)
        except (InvalidTag, ValueError, msgspec.MsgspecError):
            return None
        return Granted(found.token, found.timeout_s)

    def _paused(self, told: bytes, left_ms: int) -> FetchError:
        pause = _decode_pause(told)
        return FetchError(pause.kind, pause.message, retry_at=self._wall() + left_ms / 1000)

    def _soon(self, script: Script, keys: tuple[str, ...], values: tuple[object, ...]) -> None:
        async def quietly() -> None:
            with contextlib.suppress(StoreAwayError):
                await self._reach.run(script, keys, values)

        task = asyncio.create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
