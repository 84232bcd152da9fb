"""L10: a process is killed under load, its appliances are gone, and the next one answers for all systems at once."""

import json
import os
import signal
import socket
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.bench.appliances import serve
from tests.bench.fleet import Fleet, Site
from tests.bench.processes import CLIENT_CORE, Served, serving, spawned
from tests.bench.questions import HOST, NOTHING, Request
from tests.bench.settings import HELD, text_of
from tests.loads.kit import Kit
from tests.loads.lines import Line, aside, fact, seconds

_SYSTEMS: Final = 1000
_WRITTEN_S: Final = 300.0
_START_S: Final = 120.0
_AT_ONCE_S: Final = 1.0
_ROUNDED_S: Final = 0.1
_MOMENT_S: Final = 1.0
"""An answer for equal requests of a moment tells the ages at its end, and no moment is longer."""
_OVERDUE: Final = "fresh_seconds = 1\nrevalidate_seconds = 3600"
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
        taken = _taken(sites)
        disk = sum(file.stat().st_size for file in Path(folder).glob("*.held"))
        begun = time.monotonic()
        with serving(text_of(sites, cache=f"{_OVERDUE}\n{cache}"), kit.program, _START_S) as served:
            ready = time.monotonic() - begun, served.cpu_s()
            asked, cpu_s = time.monotonic(), served.cpu_s()
            first, ages = _told(served, NOTHING, earliest, latest)
            answer = time.monotonic() - asked, served.cpu_s() - cpu_s
            later, later_ages = _told(served, {**NOTHING, "max_age": 0}, earliest, latest)
            whole, _ = _told(served, {"fields": ["id"]}, earliest, latest)
        for one in taken:
            one.close()
    at_once = sum(_is_right(system, "ok", None, ages) for system in first)
    stale = sum(_is_right(system, "stale", "refused", later_ages) for system in later)
    lost = _SYSTEMS - sum(system["rows"] == kit.rows for system in whole)
    name = f"killed under load, {_SYSTEMS} x {kit.rows} rows ({disk / 1e6:.0f} MB):"
    return [
        seconds("L10", f"{name} the next process listens", 3, *ready),
        seconds("L10", f"{name} its first answer", _AT_ONCE_S, *answer),
        fact("L10", f"{name} systems in it, with the right age", str(_SYSTEMS), at_once, holds=at_once == _SYSTEMS),
        fact(
            "L10",
            f"{name} then stale with the right age: nobody can be reached",
            str(_SYSTEMS),
            stale,
            holds=stale == _SYSTEMS,
        ),
        fact("L10", f"{name} systems that lost rows", "0", lost, holds=not lost),
        aside("L10", "a row on disk", f"{disk / fleet.records:.0f} B"),
    ]


def _taken(sites: list[Site]) -> list[socket.socket]:
    """The ports of appliances that are gone, with nobody behind them: another program would take some of them soon."""
    found = []
    for site in sites:
        found.append(socket.socket())
        found[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found[-1].bind((HOST, urlsplit(site.url).port or 0))
    return found


def _told(served: Served, question: dict[str, Any], earliest: float, latest: float) -> tuple[Any, tuple[float, float]]:
    """What is told of each system, and between which two ages (s) its list must be."""
    youngest = time.time() - latest
    systems = json.loads(Request(question).look(served.port).body)["systems"]
    return systems, (youngest - _ROUNDED_S, time.time() - earliest + _MOMENT_S + _ROUNDED_S)


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


def _is_right(system: dict[str, Any], state: str, why: str | None, ages: tuple[float, float]) -> bool:
    """Whether a system's list is that of the snapshot, in that state, its age as it must be."""
    told = (system["state"], system["source"], (system["error"] or {}).get("kind"))
    return told == (state, "snapshot", why) and ages[0] <= system["age_seconds"] <= ages[1]
