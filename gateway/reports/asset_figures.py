"""Which held list tells of all assets of a system, and what it comes to in numbers: decided without I/O."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.config.checked import Limits
from gateway.config.tables import Thresholds
from gateway.dates import HOUR_S
from gateway.lists.held import Held
from gateway.lists.plan import Need, freshness_of
from gateway.reports.history import OUTCOMES, History
from gateway.reports.verdict import AssetState, judged

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Told:
    """A held list that tells of all assets; `as_of` is the epoch second up to which it tells everything."""

    held: Held
    as_of: float


def telling(
    lists: Iterable[Held], reach_s: float, limits: Limits, *, now: float, wall: float, refused: bool
) -> Told | None:
    """The list to tell the assets by, of those that reach back so far; None where nothing suitable is held.

    Of the lists that are young enough to be served at once the one that reaches back farthest, so that series do not
    come and go with what callers ask; of stand-ins the youngest. `refused` as for `freshness_of`.
    """
    best: tuple[tuple[bool, float, float], Told] | None = None
    for held in lists:
        begin = _begin(held)
        freshness = freshness_of(held, now, Need(now), limits, refused=refused)
        if begin is None or begin > held.fetched.wall_at - reach_s or freshness is None:
            continue
        is_current = freshness != "stale" and held.failed is None
        rank = (is_current, -begin if is_current else 0.0, held.fetched.asked_at)
        if best is None or rank > best[0]:
            best = rank, Told(held, wall if is_current else wall - held.age_s(now))
    return None if best is None else best[1]


def _begin(held: Held) -> float | None:
    """From which start on (epoch seconds) the list has every backup of every asset; None where it leaves some out."""
    asked, made_at = held.asked, held.fetched.wall_at
    if not asked.only_by_start or (asked.start.high is not None and asked.start.high < made_at):
        return None
    slid = None if asked.start_hours is None else made_at - asked.start_hours * HOUR_S
    return max((bound for bound in (asked.start.low, slid) if bound is not None), default=float("-inf"))


@dataclass(frozen=True, slots=True)
class AssetFigures:
    """`states` counts assets by verdict, `without_success_24h` and `critical` those of which that holds besides.

    `last_success` maps client and asset names to the epoch second of the last good backup, 0 for never.
    """

    states: Counter[AssetState]
    without_success_24h: int
    critical: int
    last_success: dict[tuple[str, str], int]


def figures_of(history: History, thresholds: Thresholds, as_of: float, *, named: bool) -> AssetFigures:
    """Judge all assets of a list. Of several that are called alike the worst one shows: a series must be one."""
    states, late, critical = Counter[AssetState](), 0, 0
    last_success: dict[tuple[str, str], int] = {}
    for asset in history.assets:
        verdict = judged(asset, thresholds, as_of)
        states[verdict.state] += 1
        late += verdict.late_24h
        critical += verdict.critical
        if named:
            key, good = (asset.client_name, asset.name), max(0, asset.last_good or 0)
            last_success[key] = min(good, last_success.get(key, good))
    return AssetFigures(states, late, critical, last_success)


def backups_24h(history: History, as_of: float) -> dict[str, int]:
    """How many backups that began in the 24 hours before `as_of` had each outcome."""
    return dict(zip(OUTCOMES, history.counts(as_of - DAY_S, as_of), strict=True))
