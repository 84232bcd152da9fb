"""Merged rows as clients of one appliance look at them: read once, newest first, each with an id and an asset."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from gateway.dates import LocalTime, format_local, parse_local
from gateway.dialects import kinds, row_words
from gateway.dialects.kinds import Family, family_of
from gateway.dialects.row_words import first_text, own_name, says_yes
from gateway.dialects.signs import RowReader, Signs
from gateway.model import NEVER, BackupList

_STEP_ROWS: Final = 1000
_LATEST_EPOCH: Final = 253_402_214_400
_RESULTS: Final = frozenset({"success", "warning", "failure"})


class Entry(Signs, gc=False, kw_only=True):
    """The fields of a stamped row (contract section 5.4) that go into a catalog, a job or a recovery point."""

    system_id: int
    system_name: str
    start_epoch: int | None = None
    finish_epoch: int | None = None
    id: Any = None
    status: Any = None
    complete: Any = None
    start_date_time: Any = None
    duration: Any = None
    client_id: Any = None
    client_name: Any = None
    instance_id: Any = None
    instance_name: Any = None
    asset_name: Any = None
    database_name: Any = None
    vm_name: Any = None
    size: Any = None
    files: Any = None
    encrypted: Any = None
    verified: Any = None
    verify_status: Any = None
    legalhold: Any = None
    storage: Any = None
    output: Any = None


_reader: Final = RowReader(Entry)


def newest_first(lists: Iterable[BackupList]) -> list[Entry]:
    """All rows by falling `start_epoch`; ties as the lists stand, rows of an unknown time last."""
    entries = [entry for backups in lists for entry in _read(backups.unpacked())]
    entries.sort(key=_age)  # stable: ties keep their order
    return entries


def _age(entry: Entry) -> int:
    return NEVER if entry.start_epoch is None else -entry.start_epoch


def _read(backups: BackupList) -> Iterator[Entry]:
    """Step by step: one call that decodes a large list would hold up every other thread."""
    for begin in range(0, len(backups), _STEP_ROWS):
        found = _reader.read(backups, begin, min(begin + _STEP_ROWS, len(backups)))
        yield from (entry for entry in found if entry is not None)


def is_complete(entry: Entry) -> bool:
    """Whether the row says that it is complete."""
    return says_yes(entry.complete)


def is_finished(entry: Entry) -> bool:
    """Whether nothing more is to come: it is complete, or it tells a result all the same."""
    return is_complete(entry) or status_word(entry) in _RESULTS


def is_backup(entry: Entry) -> bool:
    """Whether it is a backup, and no restore, verification, archive or replica copy of one."""
    return kinds.is_backup(msgspec.structs.asdict(entry))


def family(entry: Entry) -> Family:
    """The family of what was backed up."""
    return family_of(msgspec.structs.asdict(entry))


def status_word(entry: Entry) -> str:
    """The seed's status in lower case: success, warning, failure, none; another word as the appliance says it."""
    return row_words.status_word(entry.status) or "none"


def entry_id(entry: Entry) -> int | str:
    """The appliance's id; rows of types without one get a text that stays the same while the row does."""
    if isinstance(entry.id, int | str) and not isinstance(entry.id, bool) and entry.id != "":
        return entry.id
    named = (entry.system_id, entry.client_id, entry.instance_id, entry.type, entry.start_date_time, entry.asset_name)
    return "row-" + blake2b(msgspec.json.encode(named), digest_size=8).hexdigest()


def asset_id(entry: Entry) -> Any:
    """The instance where the row names one, else the client: what clients take for the id of an asset."""
    return entry.client_id if entry.instance_id in (None, "") else entry.instance_id


def asset_name(entry: Entry) -> str:
    """The name of what was backed up: a database, a machine, an instance or the client."""
    own = own_name(entry.database_name, entry.vm_name, entry.asset_name, entry.instance_name)
    return own or first_text(entry.client_name)


def start_date(entry: Entry, zone: str) -> str | None:
    """The start on the appliance's own clock as "mm/dd/yyyy hh:mm am", which .NET reads; None where it is unknown."""
    told = parse_local(entry.start_date_time) if isinstance(entry.start_date_time, str) else None
    if told is None and entry.start_epoch is not None and 0 <= entry.start_epoch < _LATEST_EPOCH:
        when = datetime.fromtimestamp(entry.start_epoch, ZoneInfo(zone))
        told = LocalTime(when.date(), when.hour, when.minute, None)
    return None if told is None else format_local(told)


def is_verified(entry: Entry) -> bool:
    """Whether the backup has been verified, and with success."""
    return verify_state(entry) == "verified"


def verify_state(entry: Entry) -> str:
    """`verified`, `failed`, `unverified`, or `unknown` where the row says nothing of it."""
    found = row_words.verification_of(entry.verify_status, entry.verified)
    if found in ("done", "failed"):
        return "verified" if found == "done" else "failed"
    return "unverified" if row_words.word_of(entry.verify_status) or entry.verified is not None else "unknown"
