"""Stamped rows as far as somebody looks at them: the fields that betray a row's kind, and lists read into such rows."""

from typing import Any, Final, Generic, TypeVar

import msgspec

from gateway.dialects.kinds import COPY_SIGNS, UNTOLD, tells_of_copy
from gateway.dialects.wire import BAD_JSON
from gateway.model import BackupList

_NO_SYNC: Final = (None,) * len(COPY_SIGNS)


class Signs(msgspec.Struct, gc=False):
    """The fields that tell the family and the kind of a row (kinds.py): the base of all that looks at rows."""

    type: Any = None
    app_id: Any = None
    app_name: Any = None
    is_sql_cluster: Any = None
    is_sql_alwayson: Any = None
    guid: Any = None
    is_cluster: Any = None
    server_name: Any = None
    presync_seconds: Any = None
    sync_seconds: Any = None
    postsync_seconds: Any = None
    sync_size: Any = None
    sync_status: Any = None
    sync_message: Any = None
    destination: Any = None

    @property
    def kind_key(self) -> tuple[object, ...]:
        """Equal for rows of one kind: they share one look-up."""
        sync = (
            *(self.presync_seconds, self.sync_seconds, self.postsync_seconds),
            *(self.sync_size, self.sync_status, self.sync_message, self.destination),
        )
        return (
            *(str(self.type), str(self.app_id), str(self.app_name), self.guid in UNTOLD, self.is_cluster in UNTOLD),
            *(self.is_sql_cluster in UNTOLD, self.is_sql_alwayson in UNTOLD, self.server_name in UNTOLD),
            sync != _NO_SYNC and tells_of_copy(sync),
        )


R = TypeVar("R", bound=Signs)


class RowReader(Generic[R]):
    """Reads rows of lists as `kind`."""

    def __init__(self, kind: type[R]) -> None:
        self._decode_all = msgspec.json.Decoder(list[kind]).decode  # type: ignore[valid-type]
        self._decode_one = msgspec.json.Decoder(kind).decode

    def read(self, backups: BackupList, begin: int = 0, end: int | None = None) -> list[R | None]:
        """The rows `begin` to `end` (not included) of an unpacked list, in its order.

        None for one with a number like 1e999: valid JSON that no float holds, so it tells nothing.
        """
        body = backups.body if (begin, end) == (0, None) else backups.slice(begin, len(backups) if end is None else end)
        try:
            return list(self._decode_all(b"[" + body + b"]"))
        except BAD_JSON:
            return [self._one(row) for row in backups.rows(begin, end)]

    def _one(self, row: bytes) -> R | None:
        try:
            return self._decode_one(row)
        except BAD_JSON:
            return None
