"""In which order a mutant's tests run: those that killed another first, then the quickest."""

import json
from pathlib import Path
from typing import Final

import pytest

LEARNT: Final = Path("learnt.json")


class Order:
    """A pytest plugin: sorts the tests by what earlier runs have shown, and writes down what this one shows."""

    def __init__(self) -> None:
        learnt = json.loads(LEARNT.read_text()) if LEARNT.exists() else {"seconds": {}, "killers": []}
        self._seconds: dict[str, float] = learnt["seconds"]
        self._killers: list[str] = learnt["killers"]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort."""
        items.sort(key=lambda item: (item.nodeid not in self._killers, self._seconds.get(item.nodeid, 0.0)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a test took, and whether it failed."""
        if report.failed:
            if report.nodeid not in self._killers:
                self._killers.append(report.nodeid)
        elif report.when == "call":
            self._seconds[report.nodeid] = report.duration

    def pytest_sessionfinish(self) -> None:
        """Write it down for the next run."""
        LEARNT.write_text(json.dumps({"seconds": self._seconds, "killers": self._killers}))
