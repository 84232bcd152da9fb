"""L13: the soak (tests.soak), as long as there is time for."""

import os
import re
import subprocess
import sys
from typing import Final

from tests.bench.figures import Verdict
from tests.bench.processes import CLIENT_CORE
from tests.loads.kit import Kit
from tests.loads.lines import Line

_JUDGED: Final = re.compile(
    r"(?P<what>\S.{57}) +(?P<goal>\S.*?) {2,}(?P<figure>\S.*?) (?P<word>reached|MISSED|too short.*)"
)
_VERDICTS: Final[dict[str, Verdict]] = {"reached": "yes", "MISSED": "no"}
_SPARE_S: Final = 300.0


def soak(kit: Kit) -> list[Line]:
    """Its own lines, run as a process of its own on both cores; "no" as well where it ends badly."""
    systems, clients = (100, 40) if kit.quick else (500, 200)
    command = [sys.executable, "-m", "tests.soak", "--minutes", f"{kit.minutes:g}"]
    command += ["--systems", str(systems), "--clients", str(clients)]
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # a child is born where its parent is
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=kit.minutes * 60 + _SPARE_S, check=False
        )
    finally:
        os.sched_setaffinity(0, own or {CLIENT_CORE})
    name = f"soak of {kit.minutes:g} minutes, {systems} systems, {clients} clients, a fault each second:"
    lines = [
        Line("L13", f"{name} {found['what'].strip()}", found["goal"], found["figure"], _VERDICTS.get(found["word"], ""))
        for found in filter(None, map(_JUDGED.fullmatch, ended.stdout.splitlines()))
    ]
    untrue = [
        Line("L13", line[:92], "", "", "")
        for line in ended.stdout.splitlines()
        if line.startswith(("not true", "complaint:", "lag"))
    ]
    if ended.returncode not in (0, 1) or not lines:
        said = (ended.stderr.strip().splitlines() or ["no table"])[-1]
        return [Line("L13", name, "", f"ended with {ended.returncode}: {said}"[:200], "no")]
    return lines + untrue
