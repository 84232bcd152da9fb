"""A record as a row of an answer, in the words of one dialect.

Two dialects exist (appliance-api.md, introduction): ``wiki-2015``, the shape that the seed documents,
and ``10.x``, what newer releases answer. Which key occurs in which is section 6's table.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from gateway.simulator.core_types import display_type
from gateway.simulator.facts import Record

Dialect = Literal["wiki-2015", "10.x"]
JsonStyle = Literal["compact", "spaced", "php"]
Row = dict[str, Any]

_VM_FAMILIES: Final = frozenset({"vmware", "xen", "ahv"})
_VERIFY_WORDS: Final = ("Not Applicable", "Successful", "Failed")
_WIKI_STATUS: Final = MappingProxyType({None: "None", 0: "Success", 1: "Warning", 2: "Failure"})
_NEW_STATUS: Final = MappingProxyType({None: None, 0: "Successful", 1: "Warning", 2: "Failed"})


@dataclass(frozen=True)
class Rendering:
    """How an appliance writes.

    ``sample_spelling``: the wiki's hand-typed sample instead of its table (``vm_ware_template``,
    ``instance_name``, "N/A", verify status "Success"). ``json_style`` "php" escapes ``/`` and all
    that is not ASCII. ``loose_types``: ids as strings, sizes as floats, booleans as 0 and 1.
    """

    dialect: Dialect
    zone: ZoneInfo
    json_style: JsonStyle = "compact"
    sample_spelling: bool = False
    loose_types: bool = False

    def row(self, record: Record, *, sync_message: bool = False) -> Row:
        """The row as JSON data. ``sync_message``: whether the caller asked for that field."""
        row = _ROWS[self.dialect](record, self)
        if record.sync is not None and sync_message:
            row["sync_message"] = record.sync.message
        row.update(record.extra)
        return _loosened(row) if self.loose_types else row

    def encode(self, value: object) -> bytes:
        """``value`` as JSON text in this appliance's style."""
        if self.json_style == "php":
            return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()
        separators = (",", ":") if self.json_style == "compact" else (", ", ": ")
        return json.dumps(value, separators=separators, ensure_ascii=False).encode()

    def envelope(self, rows: list[bytes]) -> bytes:
        """The whole answer around encoded rows; a 10.x appliance with nothing to say answers ``[]``."""
        comma = b", " if self.json_style == "spaced" else b","
        if self.dialect == "wiki-2015":
            return b'{"backups":[' + comma.join(rows) + b"]}"
        return b'{"data":[' + comma.join(rows) + b"]}" if rows else b"[]"


def wall_clock(epoch: int, zone: ZoneInfo, *, seconds: bool) -> str:
    """As "mm/dd/yyyy hh:mm am" or "mm/dd/yyyy hh:mm:ss am" on the appliance's wall clock, with no zone."""
    local = datetime.fromtimestamp(epoch, zone)
    hour = local.hour % 12 or 12
    half = "am" if local.hour < 12 else "pm"
    clock = f"{hour:02d}:{local.minute:02d}" + (f":{local.second:02d}" if seconds else "")
    return f"{local.month:02d}/{local.day:02d}/{local.year:04d} {clock} {half}"


def clock_duration(seconds: int) -> str:
    """As "hh:mm:ss"; the hours may pass 99."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _wiki_row(record: Record, style: Rendering) -> Row:
    asset, sample = record.asset, style.sample_spelling
    row: Row = {} if record.id is None else {"id": record.id}
    row |= {"type": record.display_type, "client_id": asset.client_id, "client_name": asset.client_name}
    row |= _application(record)
    if sample and asset.instance_name is not None:
        row["instance_name"] = asset.instance_name
    verify = _VERIFY_WORDS[record.verify_status]
    row |= {
        "start_date_time": wall_clock(record.start, style.zone, seconds=False),
        "duration": clock_duration(record.duration),
        "complete": not record.is_running,
        "status": _WIKI_STATUS[record.status],
        "size": record.size_mb,
        **_files(record),
        "encrypted": asset.encrypted,
        "replication_status": "N/A" if sample and record.replication == "Not Applicable" else record.replication,
        "verified": record.verified,
        "verify_status": "Success" if sample and verify == "Successful" else verify,
        **_flags(record),
        "vm_ware_template" if sample else "vmware_template": asset.is_template,
        "certified": record.certified,
    }
    if asset.family in _VM_FAMILIES or asset.family in ("sql", "exchange"):
        row["database_name"] = asset.database_name
    if record.storage:
        row["storage"] = record.storage
    if record.restored_type is not None:
        row["restored_bkup_type"] = display_type(record.restored_type)
    row |= _wiki_sync(record)
    return row | _tail(record)


def _new_row(record: Record, style: Rendering) -> Row:
    asset = record.asset
    row: Row = {} if record.id is None else {"id": record.id}
    row |= {
        "client_id": asset.client_id,
        "client_name": asset.client_name,
        "client_os": asset.client_os,
        "client_os_id": asset.client_os_id,
        "asset_name": asset.asset_name,
        "type": record.display_type,
        "start_time": wall_clock(record.start, style.zone, seconds=True),
        "complete_time": None if record.end is None else wall_clock(record.end, style.zone, seconds=True),
        "duration": record.duration,
        "complete": not record.is_running,
        "status": _NEW_STATUS[record.status],
        "size": record.size_mb,
        **_files(record),
        **_application(record),
        "encrypted": asset.encrypted,
        "verified": record.verified,
        "verify_status": _VERIFY_WORDS[record.verify_status],
        **_flags(record),
        "vmware_template": asset.is_template if asset.family == "vmware" else "n/a",
        "xen_template": asset.is_template if asset.family == "xen" else "n/a",
        "certified": record.certified,
    }
    if asset.family in ("sql", "exchange", "xen", "ahv"):
        row["database_name"] = asset.database_name
    if asset.family == "sql":
        row |= {"is_sql_cluster": asset.is_sql_cluster, "is_sql_alwayson": asset.is_sql_alwayson}
    if record.restored_type is not None:
        # A known bug of these releases: the key holds the row's own type.
        row["restored_backup_type"] = record.display_type
    row |= _new_sync(record)
    if record.imported is not None:
        row |= {
            "archive_id": record.imported.archive_id,
            "original_bid": record.imported.original_id,
            "original_backup_start_time": wall_clock(record.imported.original_start, style.zone, seconds=True),
        }
    return row | _tail(record)


def _application(record: Record) -> Row:
    """The keys of application types. File-level rows have an instance, but name no application."""
    asset = record.asset
    row: Row = {}
    if asset.instance_id is not None:
        row["instance_id"] = asset.instance_id
    if asset.app_id is not None:
        row |= {"app_id": asset.app_id, "app_name": asset.app_name}
    if asset.family in _VM_FAMILIES or asset.family == "sql":
        row["server_instance_name"] = asset.server_instance_name
    if asset.family in _VM_FAMILIES:
        row |= {"server_name": asset.server_name, "vm_name": asset.vm_name}
    if asset.family == "hyperv":
        row |= {"vm_name": asset.vm_name, "is_cluster": asset.is_cluster, "guid": asset.guid}
    return row


def _files(record: Record) -> Row:
    return {} if record.files is None else {"files": record.files}


def _flags(record: Record) -> Row:
    return {
        "synthesized": record.synthesized,
        "synth_capable": record.synth_capable,
        "disk_metadata": record.disk_metadata,
        "client_config": record.client_config,
        "replicated": record.asset.replicated,
    }


def _tail(record: Record) -> Row:
    return {
        "output": record.output,
        "purgeable": record.purgeable,
        "last": record.last,
        "legalhold": record.legalhold,
        "gfs_rp_type": record.gfs_rp_type,
    }


def _wiki_sync(record: Record) -> Row:
    sync = record.sync
    if sync is None:
        return {}
    return {
        "sync_size": sync.size_mb,
        "presync_seconds": sync.presync_seconds,
        "sync_seconds": sync.sync_seconds,
        "postsync_seconds": sync.postsync_seconds,
        **({} if sync.destination is None else {"destination": sync.destination}),
    }


def _new_sync(record: Record) -> Row:
    sync = record.sync
    if sync is None:
        return {}
    return {
        "sync_status": _NEW_STATUS[record.status],
        "presync_seconds": sync.presync_seconds,
        "sync_seconds": sync.sync_seconds,
        "postsync_seconds": sync.postsync_seconds,
    }


def _loosened(row: Row) -> Row:
    return {key: _loose(key, value) for key, value in row.items()}


def _loose(key: str, value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return float(value) if key == "size" else str(value) if key.endswith("id") else value
    return value


_ROWS: Final = MappingProxyType[Dialect, Callable[[Record, Rendering], Row]]({"wiki-2015": _wiki_row, "10.x": _new_row})
