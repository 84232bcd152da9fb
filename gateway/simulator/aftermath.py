"""The rows that are no backups of their own: copies, restores, verifies, archives, imports, and running ones.

appliance-api.md section 0 item 7: POST /api/backups does not hold such rows back.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from gateway.simulator.core_types import COPY_TYPES
from gateway.simulator.facts import FAILURE, NOT_VERIFIED, SUCCESS, WARNING, Asset, ImportFacts, Record, SyncFacts
from gateway.simulator.families import FAMILIES
from gateway.simulator.outputs import output_text
from gateway.simulator.zones import DAY

_OWN_ID = 0  # numbered later, tied to no other row


def copies_of(backups: Sequence[Record], now: int, rng: Random) -> list[Record]:
    """The replication copies of finished ``backups``: each has the id of its original."""
    destination = rng.choice(("dr-target", "cloud-dca", None))
    return [
        _copy(original, destination, now, rng)
        for original in backups
        if original.status in (SUCCESS, WARNING) and original.core_type in COPY_TYPES and _began(original, now)
    ]


def _began(original: Record, now: int) -> bool:
    return original.end is not None and original.end + 600 < now


def _copy(original: Record, destination: str | None, now: int, rng: Random) -> Record:
    start = min((original.end or original.start) + rng.randint(60, 3 * 3600), now - 1)
    presync, sync, postsync = rng.randint(1, 60), max(1, original.size_mb // 20), rng.randint(1, 90)
    duration = presync + sync + postsync
    running = start + duration > now
    failed = not running and rng.random() < 0.04
    message = "Failure: link to target lost" if failed else "Success: replicated <all> blocks"
    return replace(
        original,
        core_type=COPY_TYPES[original.core_type],
        start=start,
        duration=now - start if running else duration,
        end=None if running else start + duration,
        status=None if running else FAILURE if failed else SUCCESS,
        verified=None,
        verify_status=NOT_VERIFIED,
        legalhold=False,
        last=False,
        replication="In Progress" if running else "Needed" if failed else "Completed",
        output="n/a",
        sync=SyncFacts(
            size_mb=max(1, original.size_mb // 3),
            presync_seconds=presync,
            sync_seconds=sync,
            postsync_seconds=postsync,
            message="" if running else message,
            destination=destination,
        ),
    )


def running_rows(assets: Sequence[Asset], now: int, rng: Random) -> list[Record]:
    """Two backups that still run at ``now``: no end, no status, no size yet."""
    rows = []
    for asset in assets[:2]:
        elapsed = rng.randint(300, 5_400)
        pattern = FAMILIES[asset.family].patterns[0]
        rows.append(
            Record(
                row=0,
                id=_OWN_ID,
                core_type=pattern[1] or pattern[0] or "",
                asset=asset,
                start=now - elapsed,
                duration=elapsed,
                end=None,
                status=None,
                verified=None,
            )
        )
    return rows


def other_rows(records: Sequence[Record], own: Asset, start: int, now: int, rng: Random) -> list[Record]:
    """Restores and imports of finished backups, and the appliance's own jobs, which have no id."""
    originals = [record for record in records if record.status == SUCCESS and record.sync is None]
    if not originals:
        return []
    restores = [kind for family in FAMILIES.values() for kind in family.restore_types]
    rows = [
        _restore(rng.choice(_of_kind(originals, kind)), kind, now, rng)
        for kind in dict.fromkeys(restores)
        if _of_kind(originals, kind)
    ]
    rows += [_import(rng.choice(originals), now, rng) for _ in range(2)]
    for day in range(start, now - 7_200, DAY):
        rows.append(_own_job("verify", own, day + rng.randint(0, 3_600), rng))
        if (day - start) // DAY % 7 == 3:
            rows.append(_own_job("archive", own, day + rng.randint(0, 3_600), rng))
            rows.append(_state_copy(own, day + rng.randint(0, 3_600), rng))
    rows += _legacy_copies(originals, now, rng)
    return rows


def _of_kind(originals: Sequence[Record], kind: str) -> list[Record]:
    return [record for record in originals if kind in FAMILIES[record.family].restore_types]


def _later(original: Record, now: int, rng: Random) -> int:
    """An instant between the end of a backup, which may be this very second, and now."""
    return rng.randint(min(original.end or original.start, now - 1), now - 1)


def _restore(original: Record, kind: str, now: int, rng: Random) -> Record:
    start = _later(original, now, rng)
    duration = min(rng.randint(30, 9_000), now - start)
    return Record(
        row=0,
        id=_OWN_ID,
        core_type=kind,
        asset=original.asset,
        start=start,
        duration=duration,
        end=start + duration,
        status=rng.choice((SUCCESS, SUCCESS, SUCCESS, FAILURE)),
        size_mb=original.size_mb,
        files=original.files,
        output="Restore to <i>original location</i> requested by root",
        restored_type=original.core_type if kind == "virtual restore" else None,
    )


def _import(original: Record, now: int, rng: Random) -> Record:
    start = _later(original, now, rng)
    duration = min(rng.randint(30, 9_000), now - start)
    return replace(
        original,
        id=_OWN_ID,
        core_type="archive restore",
        start=start,
        duration=duration,
        end=start + duration,
        synthesized=False,
        last=False,
        imported=ImportFacts(rng.randint(1, 400), rng.randint(1, 900), original.start),
    )


def _own_job(core_type: str, own: Asset, start: int, rng: Random) -> Record:
    duration = rng.randint(20, 3_500)
    status = rng.choice((SUCCESS, SUCCESS, SUCCESS, WARNING, FAILURE))
    return Record(
        row=0,
        id=None,
        core_type=core_type,
        asset=own,
        start=start,
        duration=duration,
        end=start + duration,
        status=status,
        verified=None,
        output=output_text(own, status, None, duration, rng),
    )


def _state_copy(own: Asset, start: int, rng: Random) -> Record:
    """The appliance's own state, replicated for disaster recovery: a copy without an original row."""
    sync = SyncFacts(rng.randint(1, 90), 2, 30, 3, "Success: state sent", "dr-target")
    return replace(_own_job("securesync dpustate", own, start, rng), id=_OWN_ID, duration=35, end=start + 35, sync=sync)


def _legacy_copies(originals: Sequence[Record], now: int, rng: Random) -> list[Record]:
    """Copies under the names of old releases, which tell neither full nor differential."""
    names = {"sql": "securesync SQL", "exchange": "securesync exchange"}
    rows = []
    for family, core_type in names.items():
        candidates = [record for record in originals if record.family == family and _began(record, now)]
        if candidates:
            rows.append(replace(_copy(rng.choice(candidates), None, now, rng), core_type=core_type))
    return rows
