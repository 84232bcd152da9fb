"""From the runs of one asset to its records: how long they took, how they ended, what they left.

Ids are not known yet: a draft's ``id`` is a negative number that ties an original to its copies.
"""

from collections.abc import Sequence
from random import Random

from gateway.simulator.facts import (
    FAILURE,
    NOT_VERIFIED,
    SUCCESS,
    VERIFY_FAILED,
    VERIFY_GOOD,
    WARNING,
    Asset,
    Record,
)
from gateway.simulator.families import Family
from gateway.simulator.outputs import output_text
from gateway.simulator.schedule import Run
from gateway.simulator.zones import DAY

_BROKEN_ASSET = 0.08
_BROKEN_RUNS = 5
_RUNS_OF_ONE_ASSET = 1_000_000


def draft_backups(family: Family, asset: Asset, runs: Sequence[Run], now: int, rng: Random) -> list[Record]:
    """One record for each of ``runs`` (in order of start). A run that cannot have ended by ``now`` still runs."""
    full_type = family.patterns[0][0]
    newest_full = max((start for start, core_type in runs if core_type == full_type), default=0)
    broken_from = len(runs) - _BROKEN_RUNS if rng.random() < _BROKEN_ASSET else len(runs)
    full_mb = rng.randint(*family.full_mb)
    first_tie = -(asset.instance_id or 0) * _RUNS_OF_ONE_ASSET
    return [
        _draft(
            family,
            asset,
            run,
            tie=first_tie - index,
            now=now,
            broken=index >= broken_from,
            size_mb=_size_mb(full_mb, run[1] == full_type, rng),
            last=index == len(runs) - 1,
            newest_full=newest_full,
            rng=rng,
        )
        for index, run in enumerate(runs)
    ]


def _draft(
    family: Family,
    asset: Asset,
    run: Run,
    *,
    tie: int,
    now: int,
    broken: bool,
    size_mb: int,
    last: bool,
    newest_full: int,
    rng: Random,
) -> Record:
    start, core_type = run
    is_full = core_type == family.patterns[0][0]
    duration = max(4, size_mb // 60 + rng.randint(-20, 240))
    running = start + duration > now
    status = None if running else _status(broken, rng)
    if status == FAILURE:
        duration, size_mb = rng.randint(1, 120), 0
        running = start + duration > now
        status = None if running else status
    files = rng.randint(1, 90_000) if family.name in ("file", "localdir") else None
    legalhold = status == SUCCESS and rng.random() < 0.015
    verify_status = _verify_status(status, rng)
    return Record(
        row=0,
        id=tie,
        core_type=core_type,
        asset=asset,
        start=start,
        duration=now - start if running else duration,
        end=None if running else start + duration,
        status=status,
        size_mb=size_mb,
        files=files,
        verified=None if running else verify_status == VERIFY_GOOD,
        verify_status=verify_status,
        synthesized=is_full and family.may_be_synthesized and rng.random() < 0.5,
        synth_capable=family.name in ("file", "image", "vmware", "hyperv"),
        disk_metadata=is_full and family.has_disk_metadata,
        client_config=is_full and family.has_disk_metadata and rng.random() < 0.5,
        certified=status == SUCCESS and rng.random() < 0.05,
        legalhold=legalhold,
        last=last,
        purgeable=start < newest_full and not legalhold and status is not None,
        replication=_replication(now - start, rng),
        storage="" if status == FAILURE else rng.choice(("D2DBackups", "D2DBackups", "Stateless")),
        output=output_text(asset, status, files, duration, rng),
    )


def _status(broken: bool, rng: Random) -> int:
    chance = rng.random()
    if broken or chance < 0.04:
        return FAILURE
    return WARNING if chance < 0.11 else SUCCESS


def _verify_status(status: int | None, rng: Random) -> int:
    if status != SUCCESS or rng.random() < 0.4:
        return NOT_VERIFIED
    return VERIFY_FAILED if rng.random() < 0.03 else VERIFY_GOOD


def _replication(age: int, rng: Random) -> str:
    """A queue that keeps up: what is younger than two days may still wait, of the rest hardly anything does."""
    if age < 2 * DAY:
        return rng.choice(("Not Applicable", "Not Applicable", "Needed", "Waiting", "In Progress"))
    return "Needed" if rng.random() < 0.005 else rng.choice(("Not Applicable", "Not Applicable", "Completed"))


def _size_mb(full_mb: int, is_full: bool, rng: Random) -> int:
    return int(full_mb * (rng.uniform(0.95, 1.05) if is_full else rng.uniform(0.002, 0.04))) + 1
