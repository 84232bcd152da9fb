"""L14: far more records than the memory for lists holds."""

import time
from typing import Final

from tests.bench.fleet import Fleet
from tests.bench.questions import NOTHING, Request
from tests.loads.kit import Kit
from tests.loads.lines import Line, aside, fact

FLEET: Final = Fleet("100 x 10000", 100, 10_000)
_CAP: Final = 128 * 2**20
_MIB: Final = 2**20
_REST_S: Final = 3.0
"""Until what was used for a moment has been given back."""


def capped(kit: Kit) -> list[Line]:
    """1,000,000 records, asked for at once, again, and system by system, while 128 MiB may be held."""
    bound = _CAP * 1.3 + 150 * _MIB
    with kit.over(FLEET, cache=f"memory_bytes = {_CAP}") as served:
        idle = served.resident()
        peaks = []
        for again in range(2):
            served.forget_peak()
            served.fill(**({"max_age": 0} if again else {}))
            peaks.append(served.peak())
        time.sleep(_REST_S)
        served.forget_peak()
        for site in kit.bench.sites[FLEET]:
            Request({**NOTHING, "system_id": site.id}).look(served.port).good()
        alone = served.peak()
        time.sleep(_REST_S)
        rest = served.resident()
    name = f"memory_bytes of {_CAP // _MIB} MiB, {FLEET.records:,} records offered: peak of the process,"
    goal = f"<={bound / _MIB:.0f} MiB"
    return [
        fact("L14", f"{name} all at once, twice", goal, f"{max(peaks) / _MIB:.0f} MiB", holds=max(peaks) <= bound),
        fact("L14", f"{name} one after the other", goal, f"{alone / _MIB:.0f} MiB", holds=alone <= bound),
        aside(
            "L14", "before the first record, and at rest after the last", f"{idle / _MIB:.0f}, {rest / _MIB:.0f} MiB"
        ),
    ]
