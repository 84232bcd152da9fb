"""News among replicas: what one has done that others must know of within a second."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from gateway.shared.reach import Reach, StoreAwayError, ended

_LOOK_S: Final = 0.2
_SILENT_S: Final = 0.4
_DEAD_S: Final = 1.0
_AGAIN_S: Final = 0.1


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One piece of news. `kind` says what `of` and `about` name; nothing in it is a secret."""

    kind: str
    replica: str
    of: str
    about: str = ""
    value: str = ""


_decode_notice: Final = msgspec.json.Decoder(Notice).decode


class Notices:
    """Listens, and calls who wants to know. After every gap in listening, `missed` is called."""

    def __init__(self, reach: Reach, replica: str) -> None:
        self._reach = reach
        self.replica = replica
        self.channel = f"{reach.prefix}:notices"
        self._wanted: dict[str, Callable[[Notice], None]] = {}
        self.missed: list[Callable[[], None]] = []
        self.listening = False
        """Whether news comes in, as far as this replica can tell."""
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Notices of {sorted(self._wanted)}>"

    def on(self, kind: str, tell: Callable[[Notice], None]) -> None:
        """Call `tell` with every notice of that kind from another replica, and of this one as well."""
        self._wanted[kind] = tell

    def spelled(self, kind: str, of: str, about: str = "", value: str = "") -> bytes:
        """A notice as it is published."""
        return msgspec.json.encode(Notice(kind, self.replica, of, about, value))

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop listening."""
        await ended(self._task)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except StoreAwayError:
                pass
            except Exception as error:  # noqa: BLE001 - whatever broke it, listening goes on
                self._reach.lost_notices(error)
            await asyncio.sleep(_AGAIN_S)

    async def _listen(self) -> None:
        subscriber = self._reach.subscriber()
        try:
            await subscriber.subscribe(self.channel)
            heard, asked = time.monotonic(), False
            while True:
                message = await subscriber.get_message(ignore_subscribe_messages=False, timeout=_LOOK_S)
                now = time.monotonic()
                if message is not None:
                    heard, asked = now, False
                    if message["type"] == "subscribe" and not self.listening:
                        self.listening = True
                        for tell in self.missed:
                            tell()
                    self._take(message)
                elif now - heard > _DEAD_S:
                    raise TimeoutError
                elif now - heard > _SILENT_S and not asked:
                    await subscriber.ping()
                    asked = True
        finally:
            self.listening = False
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_DEAD_S):
                    await subscriber.aclose()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] != "message":
            return
        try:
            notice = _decode_notice(message["data"])
        except msgspec.MsgspecError:
            return  # of another release
        tell = self._wanted.get(notice.kind)
        if tell is not None:
            tell(notice)
