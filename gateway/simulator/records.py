"""Seeded, realistic backup lists: the same seed, zone, time and size give the same records.

A list covers whole weeks up to ``now_epoch``: nightly schedules with failures, warnings and missed
nights; replication copies, restores, verifies and imports; a few rows that still run; and rows on
both sides of each change of the zone that falls into the period.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from zoneinfo import ZoneInfo

from gateway.simulator.aftermath import copies_of, other_rows, running_rows
from gateway.simulator.drafts import draft_backups
from gateway.simulator.facts import Asset, Record
from gateway.simulator.families import make_assets, own_client
from gateway.simulator.schedule import Plan, Run, runs_around_change
from gateway.simulator.zones import DAY, zone_changes

__all__ = ["Record", "generate", "generate_rows"]

_REPLICATING = 0.35
_FIRST_ID = 1_000


def generate(
    seed: int, zone: ZoneInfo, now_epoch: int, weeks: int, assets: int, *, name: str = "appliance"
) -> list[Record]:
    """The records of ``assets`` protected assets over ``weeks``, oldest first, rows numbered from 0.

    Every family of appliance-api.md section 7 occurs from 14 assets and one week on.
    """
    rng = Random(f"{seed}/{zone.key}/{weeks}/{assets}")
    start = now_epoch - weeks * 7 * DAY
    own = own_client(name)
    protected = make_assets(assets, rng, name)
    records = list(_backups(protected, start, now_epoch, zone, rng))
    records += running_rows(protected, now_epoch, rng)
    records += other_rows(records, own, start, now_epoch, rng)
    return _numbered(records, rng)


def generate_rows(
    seed: int, zone: ZoneInfo, now_epoch: int, rows: int, assets: int, *, name: str = "appliance"
) -> list[Record]:
    """Exactly ``rows`` records, the newest of as many weeks as that takes."""
    weeks = 1
    while len(records := generate(seed, zone, now_epoch, weeks, assets, name=name)) < rows:
        weeks = max(weeks + 1, weeks * rows // max(len(records), 1))
    newest = records[len(records) - rows :]
    return [replace(record, row=row) for row, record in enumerate(newest)]


def _backups(assets: list[Asset], start: int, now: int, zone: ZoneInfo, rng: Random) -> Iterator[Record]:
    changes = zone_changes(start, now, zone)
    seen_families: set[str] = set()
    for number, asset in enumerate(assets):
        plan = Plan.draw(asset, number, rng)
        first_of_family = asset.family not in seen_families
        seen_families.add(asset.family)
        runs = list(plan.runs(start, now, zone, rng))
        if _shows_zone_changes(asset, assets):
            runs += _zone_change_runs(plan, changes, start, now)
        backups = draft_backups(plan.family, asset, sorted(runs), now, rng)
        yield from backups
        if first_of_family or rng.random() < _REPLICATING:
            yield from copies_of(backups, now, rng)


def _shows_zone_changes(asset: Asset, assets: list[Asset]) -> bool:
    """SQL logs run all day long, so the first SQL asset has the rows around a change; else the first asset."""
    sql = [candidate for candidate in assets if candidate.family == "sql"]
    return asset is (sql or assets)[0]


def _zone_change_runs(plan: Plan, changes: list[tuple[int, int]], start: int, now: int) -> list[Run]:
    usual = plan.family.log_type or plan.pattern[1] or plan.pattern[0] or ""
    return [run for instant, gained in changes for run in runs_around_change(instant, gained, usual, start, now)]


def _numbered(records: list[Record], rng: Random) -> list[Record]:
    """Give rows and ids in the order of start; a copy takes the id of its original, some rows have none.

    Until here ``id`` holds: 0 an id of its own, a negative number the tie between original and copy,
    None no id at all.
    """
    records.sort(key=lambda record: record.start)
    ids: dict[int, int] = {}
    next_id = _FIRST_ID + rng.randint(0, 5_000)
    numbered = []
    for row, record in enumerate(records):
        given = record.id
        if given is not None:
            own_id = ids.get(given, next_id)
            if own_id == next_id:
                next_id += rng.randint(1, 3)
            if given:
                ids[given] = own_id
            given = own_id
        numbered.append(replace(record, row=row, id=given))
    return numbered
