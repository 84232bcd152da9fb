"""Merged rows as a catalog: protected instances, each with its complete backups, newest first (contract 4.1)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from gateway.dialects.kinds import Family
from gateway.dialects.row_words import first_text
from gateway.reports.entries import Entry, asset_name, entry_id, family, is_backup, is_complete, start_date

Instance = dict[str, Any]

APP_TYPES: Final[Mapping[Family, str]] = {
    "file": "Physical Server",
    "image": "Physical Server",
    "sql": "SQL Server",
    "exchange": "Exchange",
    "vmware": "VMware",
    "hyperv": "Hyper-V",
    "oracle": "Oracle",
    "sharepoint": "SharePoint",
    "ucs": "UCS Service Profile",
    "ndmp": "NDMP",
    "xen": "Xen",
    "ahv": "AHV",
    "metadata": "System Metadata",
}
"""`app_type` of an instance; the first word is the one by which the PowerShell toolkit shows the client's name."""

_PHYSICAL: Final = APP_TYPES["file"]
_ALSO: Final = ("size", "files", "duration", "encrypted", "verified", "verify_status", "legalhold", "storage")


def instances_of(entries: Iterable[Entry], zones: Mapping[int, str]) -> list[Instance]:
    """Instances in the order of their newest backup. `entries` come newest first; `zones` by system id."""
    found: dict[bytes, Instance] = {}
    for entry in entries:
        if not is_complete(entry) or not is_backup(entry):
            continue
        key = _identity(entry)
        instance = found.get(key)
        if instance is None:
            instance = found[key] = _instance(entry)
        instance["backups"].append(_backup(entry, zones.get(entry.system_id, "UTC")))
    return list(found.values())


def _identity(entry: Entry) -> bytes:
    """What makes two backups those of one instance: ids, and where the row names no instance, its name."""
    has_id = entry.instance_id not in (None, "")
    name = None if has_id else (entry.database_name, entry.vm_name, entry.instance_name)
    return msgspec.json.encode((entry.system_id, entry.client_id, entry.instance_id if has_id else None, name))


def _instance(entry: Entry) -> Instance:
    app_type = APP_TYPES[family(entry)]
    return {
        "system_id": entry.system_id,
        "system_name": entry.system_name,
        "client_id": entry.client_id,
        "client_name": first_text(entry.client_name),
        "instance_id": entry.instance_id,
        "instance_name": first_text(entry.instance_name, entry.vm_name, entry.database_name, entry.asset_name),
        # Empty for a whole machine: then the toolkit shows the client.
        "database_name": "" if app_type == _PHYSICAL else asset_name(entry),
        "app_type": app_type,
        "app_name": first_text(entry.app_name),
        "backups": [],
    }


def _backup(entry: Entry, zone: str) -> dict[str, Any]:
    also = {name: value for name in _ALSO if (value := getattr(entry, name)) is not None}
    return {
        "id": entry_id(entry),
        "type": entry.type,
        "start_date": start_date(entry, zone),
        "start_epoch": entry.start_epoch,
        "finish_epoch": entry.finish_epoch,
        "status": entry.status if isinstance(entry.status, str) else "None",
        "complete": True,
        **also,
    }
