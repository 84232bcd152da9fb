"""L10: a process is killed under load, its appliances are gone, and the next one answers for all systems at once."""

import json
import os
import signal
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tests.bench.appliances import serve
from tests.bench.fleet import Fleet, Site
from tests.bench.processes import CLIENT_CORE, Served, serving, spawned
from tests.bench.questions import NOTHING, Request
from tests.bench.settings import HELD, text_of
from tests.loads.kit import Kit
from tests.loads.lines import Line, aside, fact

_SYSTEMS: Final = 1000
_WRITTEN_S: Final = 300.0
_START_S: Final = 120.0
_AT_ONCE_S: Final = 1.0
_ROUNDED_S: Final = 0.1
_OVERDUE: Final = "fresh_seconds = 1\nrevalidate_seconds = 2"
_MEMORY: Final = f"memory_bytes = {8 * 2**30}"


def killed(kit: Kit) -> list[Line]:
    """Lists of 1,000 systems on disk, SIGKILL while clients ask, and a new process that can reach nobody."""
    fleet = Fleet(f"{_SYSTEMS} x {kit.rows}", _SYSTEMS, kit.rows)
    with tempfile.TemporaryDirectory(prefix="loads-") as folder:
        cache = f'{_MEMORY}\nsnapshot = "{folder}"\n'
        with spawned(serve, CLIENT_CORE) as pipe:
            pipe.send({fleet})
            sites: list[Site] = pipe.recv()[fleet]
            earliest, latest = _run_and_kill(kit, sites, f"{HELD}\n{cache}", Path(folder))
        disk = sum(file.stat().st_size for file in Path(folder).glob("*.held"))
        begun = time.monotonic()
        with serving(text_of(sites, cache=f"{_OVERDUE}\n{cache}"), kit.program, _START_S) as served:
            ready_s = time.monotonic() - begun
            asked = time.monotonic()
            youngest = time.time() - latest
            first = Request(NOTHING).look(served.port)
            oldest = time.time() - earliest
            answer_s = time.monotonic() - asked
            rows = json.loads(Request({"fields": ["id"]}).look(served.port).body)["systems"]
    told = json.loads(first.body)["systems"]
    right = sum(_is_right(system, youngest, oldest) for system in told)
    lost = _SYSTEMS - sum(system["rows"] == kit.rows for system in rows)
    name = f"killed under load, {_SYSTEMS} x {kit.rows} rows ({disk / 1e6:.0f} MB of snapshot):"
    return [
        fact("L10", f"{name} the next process listens", "<3 s", f"{ready_s:.1f} s", holds=ready_s < 3),
        fact("L10", f"{name} its first answer, nobody reachable", f"<{_AT_ONCE_S:g} s", f"{answer_s:.2f} s", holds=answer_s < _AT_ONCE_S),
        fact("L10", f"{name} systems that are stale, with the right age", str(_SYSTEMS), right, holds=right == _SYSTEMS),
        fact("L10", f"{name} systems that lost rows", "0", lost, holds=not lost),
        aside("L10", "a row on disk", f"{disk / fleet.records:.0f} B"),
    ]  # fmt: skip


def _run_and_kill(kit: Kit, sites: list[Site], cache: str, folder: Path) -> tuple[float, float]:
    """Load all lists, wait until they are on disk, kill while clients ask; between which times they were asked for."""
    with serving(text_of(sites, cache=cache), kit.program) as served, ThreadPoolExecutor(1) as pool:
        earliest = time.time()
        for first in range(0, _SYSTEMS, 100):
            Request({**NOTHING, "system_id": [site.id for site in sites[first : first + 100]]}).look(served.port).good()
        latest = time.time()
        _wait_for_files(folder)
        load = pool.submit(_ask_on, kit, served)
        time.sleep(1.0)
        os.kill(served.pid, signal.SIGKILL)
        load.result()
    return earliest, latest


def _wait_for_files(folder: Path) -> None:
    until = time.monotonic() + _WRITTEN_S
    while len(list(folder.glob("*.held"))) < _SYSTEMS:
        if time.monotonic() > until:
            raise RuntimeError("not every list is on disk")
        time.sleep(0.2)


def _ask_on(kit: Kit, served: Served) -> None:
    """Ask without a pause until the other side is gone."""
    raw = Request({"system_id": list(range(1, 21))}).raw
    with suppress(OSError):
        kit.bench.load.rate(served.port, raw, connections=32, seconds=10.0)


def _is_right(system: dict[str, Any], youngest: float, oldest: float) -> bool:
    """Whether a system stands in out of the snapshot, its age as it must be."""
    states = (system["state"], system["source"], (system["error"] or {}).get("kind"))
    return states == ("stale", "snapshot", "refused") and (
        youngest - _ROUNDED_S <= system["age_seconds"] <= oldest + _ROUNDED_S
    )
