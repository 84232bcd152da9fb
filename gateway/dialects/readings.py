"""What replies came to, remembered while their lists are held: an unchanged reply is not read again."""

from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple
from weakref import ReferenceType, ref

from gateway.filter import Asked
from gateway.model import BackupList


class Reading(NamedTuple):
    """What a whole reply came to. `dropped` rows were no objects, `foreign` ones another system's."""

    backups: BackupList
    dropped: int
    foreign: int


class Readings:
    """The last reading for each question: a reply that is the same to the byte needs no second one.

    Most lists change once a night and are asked for every few minutes. A list is not kept alive here: what nobody
    holds any more is read anew, and its reading goes with it. So there are no more of them than lists.
    """

    def __init__(self) -> None:
        self._known: dict[Asked, tuple[bytes, ReferenceType[BackupList], int, int]] = {}

    def __repr__(self) -> str:
        return f"<Readings of {len(self._known)} questions>"

    def of(self, asked: Asked, print_: bytes) -> Reading | None:
        """The reading of a reply with that print; None where it must be read."""
        known = self._known.get(asked)
        backups = None if known is None or known[0] != print_ else known[1]()
        return None if known is None or backups is None else Reading(backups, *known[2:])

    def keep(self, asked: Asked, print_: bytes, reading: Reading) -> None:
        """Remember a reading."""
        self._known[asked] = (print_, ref(reading.backups, self._gone(asked)), reading.dropped, reading.foreign)

    def _gone(self, asked: Asked) -> Callable[[ReferenceType[BackupList]], None]:
        """What is called when the list of a reading goes: where that question has no newer one, it has none."""
        known = self._known

        def forget(gone: ReferenceType[BackupList]) -> None:
            if asked in known and known[asked][1] is gone:
                del known[asked]

        return forget


def print_of(body: bytes) -> bytes:
    """The same for no two replies."""
    return sha256(body).digest()
