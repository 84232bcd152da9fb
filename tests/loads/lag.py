"""L15: how late the gateway's loop was in all that was measured before."""

from collections.abc import Iterable, Iterator
from typing import Final

from tests.bench.figures import Verdict
from tests.loads.kit import Kit
from tests.loads.lines import Line, aside, share
from tests.loads.watched import EVERY_S, lags_of

_P999_S: Final = 0.05
_LONGEST_S: Final = 0.25


def lag(kit: Kit) -> list[Line]:
    """Of all gateways; "noise" where the processes themselves had the core for less than the goal allows."""
    by_goal = {file.stem: list(lags_of(file)) for file in sorted(kit.folder.glob("*.lags"))}
    late = [one for turns in by_goal.values() for one in turns]
    if not late:
        return [Line("L15", "lag of the loop: nothing was measured before", "", "", "")]
    wall, own = ([turn[side] for turn in late] for side in (0, 1))
    longest = {
        goal: (max(one[0] for one in turns), max(one[1] for one in turns)) for goal, turns in by_goal.items() if turns
    }
    worst = sorted(longest.items(), key=lambda item: -item[1][0])[:6]
    name = f"lag of the loop in all of the above, {len(late):,} turns:"
    return [
        _judged(f"{name} p99.9", _P999_S, share(list(_filled(wall)), 0.999), share(list(_filled(own)), 0.999)),
        _judged(f"{name} longest", _LONGEST_S, max(wall), max(own)),
        *(
            aside(
                "L15",
                f"longest in {goal}, and what the process itself took of it",
                f"{a * 1000:.0f}, {b * 1000:.0f} ms",
            )
            for goal, (a, b) in worst
        ),
    ]


def _filled(late: Iterable[float]) -> Iterator[float]:
    """A turn that is late for long stands for all those that were due meanwhile."""
    for seconds in late:
        yield seconds
        while seconds > EVERY_S:
            seconds -= EVERY_S
            yield seconds


def _judged(what: str, bound: float, wall: float, own: float) -> Line:
    reached: Verdict = "yes" if wall < bound else "noise" if own < bound else "no"
    return Line("L15", what, f"<{bound * 1000:.0f} ms", f"{wall * 1000:.0f} ms, own {own * 1000:.0f}", reached)
