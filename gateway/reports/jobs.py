"""Merged rows as finished jobs, as recovery points, and as a rate of success (contract section 4.1)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from gateway.lists.columns import whole_id
from gateway.reports.entries import (
    Entry,
    asset_id,
    asset_name,
    entry_id,
    is_backup,
    is_complete,
    is_finished,
    is_verified,
    start_date,
    status_word,
    verify_state,
)

Item = dict[str, Any]

_SUCCESSFUL: Final = ("success", "warning")


def finished(entries: Iterable[Entry]) -> list[Entry]:
    """Jobs that have ended, of every kind."""
    return [entry for entry in entries if is_finished(entry)]


def recoverable(entries: Iterable[Entry], wanted_asset: int | None) -> list[Entry]:
    """Complete backups that did not fail, of one asset or of all."""
    return [
        entry
        for entry in entries
        if is_complete(entry)
        and status_word(entry) != "failure"
        and (wanted_asset is None or whole_id(asset_id(entry)) == wanted_asset)
        and is_backup(entry)
    ]


def job_items(entries: Sequence[Entry]) -> list[Item]:
    """Jobs as node-unitrends types them: appliance ids are texts, times epoch seconds; what is unknown is left out."""
    return [_told(_job(entry)) for entry in entries]


def _job(entry: Entry) -> Item:
    return {
        **_place(entry),
        "type": entry.type,
        "status": status_word(entry),
        "verifyState": verify_state(entry),
        "startTime": entry.start_epoch,
        "endTime": entry.finish_epoch,
        "size": entry.size,
        "message": entry.output if isinstance(entry.output, str) else None,
    }


def how_many_since(entries: Sequence[Entry], epoch: float) -> int:
    """How many of those that stand newest first started then or later."""
    return next(
        (at for at, entry in enumerate(entries) if entry.start_epoch is None or entry.start_epoch < epoch), len(entries)
    )


def toolkit_jobs(entries: Sequence[Entry], zones: Mapping[int, str], *, is_flat: bool) -> list[Item]:
    """Jobs in the words that the PowerShell toolkit reads; `zones` by system id.

    Its scripts look for what was backed up in a job's `backups`, or, where they asked for the flat form, beside its
    name. A row tells of one backup, and names no job: so the asset stands there.
    """
    told = [_told(_toolkit_job(entry, zones.get(entry.system_id, "UTC"))) for entry in entries]
    return told if is_flat else [job | {"backups": [job]} for job in told]


def _toolkit_job(entry: Entry, zone: str) -> Item:
    start = start_date(entry, zone)
    return {
        "id": entry_id(entry),
        "backup_id": entry_id(entry),
        "sid": entry.system_id,
        "system_name": entry.system_name,
        "name": asset_name(entry),
        "client_name": entry.client_name,
        "asset_name": asset_name(entry),
        "instance_id": entry.instance_id,
        "instance_name": asset_name(entry),
        "type": entry.type,
        "mode": entry.type,
        "status": status_word(entry).capitalize(),
        "percent_complete": 100,
        "start_date": start,
        "start_time": start,
        "sort_start_time": entry.start_epoch,
        "message": entry.output if isinstance(entry.output, str) else None,
    }


def recovery_points(entries: Sequence[Entry]) -> list[Item]:
    """Recovery points as node-unitrends types them; `size` is in MB as in the row."""
    return [_told(_recovery_point(entry)) | {"timestamp": entry.start_epoch} for entry in entries]


def _recovery_point(entry: Entry) -> Item:
    return {
        **_place(entry),
        "timestamp": entry.start_epoch,
        "type": entry.type,
        "status": status_word(entry),
        "size": entry.size,
        "verified": is_verified(entry),
        "verifyState": verify_state(entry),
    }


def _place(entry: Entry) -> Item:
    """Whose it is. Two appliances may share an id, so `applianceId` is always there."""
    return {
        "id": entry_id(entry),
        "applianceId": str(entry.system_id),
        "applianceName": entry.system_name,
        "assetId": asset_id(entry),
        "assetName": asset_name(entry),
    }


def _told(item: Item) -> Item:
    return {key: value for key, value in item.items() if value is not None}


def success_rate(entries: Iterable[Entry]) -> Item:
    """Finished jobs with a result; one with a warning has succeeded. The rate is a fraction, 0 where no job is."""
    counts = Counter(status_word(entry) for entry in entries if is_finished(entry))
    good, bad = sum(counts[word] for word in _SUCCESSFUL), counts["failure"]
    return {
        "totalJobs": good + bad,
        "successfulJobs": good,
        "failedJobs": bad,
        "warningJobs": counts["warning"],
        "successRate": round(good / (good + bad), 4) if good + bad else 0.0,
    }
