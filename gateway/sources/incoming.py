"""Bodies of replies from their first byte until they are read: all of them together in a bounded room."""

from typing import Final

from isal import isal_zlib

LEAST_ROOM_BYTES: Final = 33_554_432
_PIECE_BYTES: Final = 262_144
"""What is looked at at once: a fraction of a millisecond to compress."""


class Incoming:
    """The room for the bodies of all replies that are on their way, or wait to be read.

    A hundred appliances that send 7 MB each at the same moment would take 700 MB, however little may be held later.
    What comes while the room is full is compressed: lists of backups take a tenth then, for a millisecond a megabyte.
    Nobody waits, so an appliance that sends slowly takes nothing from others.
    """

    def __init__(self, room_bytes: int) -> None:
        self._room_bytes = room_bytes
        self._plain_bytes = 0

    def __repr__(self) -> str:
        return f"<Incoming, {self._plain_bytes} of {self._room_bytes} bytes>"

    def body(self) -> "Body":
        """A body of which nothing has come yet."""
        return Body(self)

    def take(self, size: int) -> bool:
        """Room for so many bytes, if there is any."""
        fits = self._plain_bytes + size <= self._room_bytes
        if fits:
            self._plain_bytes += size
        return fits

    def give_back(self, size: int) -> None:
        """They are needed no more."""
        self._plain_bytes -= size


class Body:
    """One body; `bytes(body)` is the whole of it. Its room is free again when it is let go, or forgotten."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self._plain_bytes = 0
        self._pieces: list[tuple[bytes, bool]] = []
        """Each with whether it is compressed."""
        self._newest: list[bytes] = []
        self._newest_bytes = 0
        self._size = 0

    def __repr__(self) -> str:
        return f"<Body of {self._size} bytes>"

    def __del__(self) -> None:
        self.let_go()

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        pieces = (isal_zlib.decompress(piece) if is_packed else piece for piece, is_packed in self._pieces)
        return b"".join([*pieces, *self._newest])

    def add(self, chunk: bytes) -> None:
        """What came next."""
        self._newest.append(chunk)
        self._newest_bytes += len(chunk)
        self._size += len(chunk)
        if self._newest_bytes >= _PIECE_BYTES:
            self._settle()

    def let_go(self) -> None:
        """It is not needed any more. Whoever met an error may keep alive, by its traceback, what was at hand then."""
        self._incoming.give_back(self._plain_bytes)
        self._plain_bytes = 0
        self._pieces.clear()
        self._newest.clear()

    def _settle(self) -> None:
        if self._incoming.take(self._newest_bytes):
            self._plain_bytes += self._newest_bytes
            self._pieces += ((chunk, False) for chunk in self._newest)
        else:
            self._pieces.append((isal_zlib.compress(b"".join(self._newest), 1), True))
        self._newest, self._newest_bytes = [], 0
