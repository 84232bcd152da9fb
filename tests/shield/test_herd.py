"""Lists that were loaded together are not renewed together."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from gateway.lists.plan import spread_s
from tests.bench.day import limits


def test_of_a_thousand_lists_no_second_renews_more_than_a_twentieth() -> None:
    """Drawn as the sources draw, from one chance for all (faults.md section 4, L8)."""
    chance, spread = Random(8), spread_s(limits(), 1000)
    for _ in range(20):
        starts = Counter(int(chance.uniform(0, spread)) for _ in range(1000))
        assert max(starts.values()) <= 50


@pytest.mark.parametrize("systems", [1, 10, 100, 1000, 100_000])
@pytest.mark.parametrize("fresh", [0, 1, 60, 3600])
@pytest.mark.parametrize("meanwhile", [0, 1, 600])
def test_a_refresh_never_waits_for_longer_than_its_list_may_be_served(
    systems: int, fresh: float, meanwhile: float
) -> None:
    """Nor for longer than the list was fresh, unless that means to renew more than 200 lists in a second."""
    spread = spread_s(replace(limits(), fresh_seconds=fresh, revalidate_seconds=fresh + meanwhile), systems)
    assert 0 <= spread <= min(max(0.6 * fresh, systems / 200), meanwhile / 2)


def test_a_small_fleet_waits_a_moment() -> None:
    """A tenth of the time for which a list is fresh."""
    assert spread_s(limits(), 8) == pytest.approx(6)
