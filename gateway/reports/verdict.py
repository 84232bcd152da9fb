"""What the history of an asset amounts to at a moment, by the thresholds of its system."""

from dataclasses import dataclass
from typing import Final, Literal

from gateway.config.tables import Thresholds
from gateway.dates import DAY_HOURS, HOUR_S
from gateway.reports.history import AssetHistory

AssetState = Literal["failed", "none", "late", "not_replicated", "not_verified", "good"]

STATES: Final[tuple[AssetState, ...]] = ("failed", "none", "late", "not_replicated", "not_verified", "good")
"""Worst first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state` is the worst that holds of an asset; the others may hold beside it. Ages in hours, None for never."""

    state: AssetState
    age_hours: float | None
    critical: bool
    late: bool
    late_24h: bool
    never: bool
    not_replicated: bool
    not_verified: bool

    @property
    def rank(self) -> tuple[bool, int, float]:
        """Worst first: what is critical, then by state, then what has gone without a good backup the longest."""
        age = float("inf") if self.age_hours is None else self.age_hours
        return not self.critical, STATES.index(self.state), -age


def judged(asset: AssetHistory, thresholds: Thresholds, now: float) -> Verdict:
    """The verdict on an asset at `now`: epoch seconds, the moment up to which its history is known."""
    age = None if asset.last_good is None else max(0.0, now - asset.last_good) / HOUR_S
    late = age is not None and age > thresholds.no_success_hours
    since = asset.not_copied_since
    waits = since is not None and (now - since) / HOUR_S > thresholds.replication_hours
    not_replicated = asset.replication == "failed" or waits
    not_verified = asset.verification in ("failed", "never")
    holds: dict[AssetState, bool] = {
        "failed": asset.failures > 0,
        "none": age is None,
        "late": late,
        "not_replicated": not_replicated,
        "not_verified": not_verified,
        "good": True,
    }
    return Verdict(
        state=next(state for state in STATES if holds[state]),
        age_hours=age,
        critical=asset.failures >= thresholds.failures_critical,
        late=late,
        late_24h=age is None or age > DAY_HOURS,
        never=age is None,
        not_replicated=not_replicated,
        not_verified=not_verified,
    )
