"""`python -m tests.mutants [--only plan]`: whether the tests notice a small fault in the modules that decide.

Each fault is tried alone, in a copy of the tree, against the tests named here. Prints a table and every mutant that
lives without an entry in `explained.toml`; 1 where there is one, or where an entry explains none that lives.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from tests.mutants.explained import Explained, read_explained
from tests.mutants.mutate import Mutant, mutants_of
from tests.mutants.trial import Court, Verdict, court

WHERE: Final = {
    "plan": "lists/plan.py",
    "filter": "filter.py",
    "wire": "dialects/wire.py",
    "access": "callers/access.py",
    "merge": "answers/merge.py",
}
"""Each module's file, from the package's folder on."""
TESTS: Final[dict[str, tuple[str, ...]]] = {
    "plan": (
        *("tests/unit/test_plan_edges.py", "tests/unit/test_plan.py", "tests/unit/test_plan_properties.py"),
        "tests/unit/test_renewal.py",
    ),
    "filter": ("tests/unit/test_filter.py", "tests/unit/test_every_asked_key.py"),
    "wire": ("tests/unit/test_wire.py", "tests/unit/test_wire_refused.py"),
    "access": ("tests/unit/test_access_passwords.py", "tests/unit/test_access_tokens.py"),
    "merge": ("tests/unit/test_merge.py",),
}


def judged(bench: Court, module: str, explained: list[Explained]) -> bool:
    """Try every mutant of one module and print what came of it; whether all is well."""
    began = time.monotonic()
    mutants = mutants_of((Path("gateway") / WHERE[module]).read_text())

    def known(mutant: Mutant) -> bool:
        return any(entry.names(module, mutant) for entry in explained)

    verdicts = list(bench.try_all(WHERE[module], TESTS[module], mutants, known))
    living = [mutant for mutant, verdict in verdicts if verdict == "survived"]
    unexplained = [mutant for mutant in living if not known(mutant)]
    print(row(module, verdicts, len(living) - len(unexplained), len(unexplained), time.monotonic() - began))
    for mutant in unexplained:
        print(f"  gateway/{WHERE[module]}:{mutant.line} {mutant.within}: {mutant.code}\n      {mutant.change}")
    idle = idle_changes(module, living, explained)
    for what in idle:
        print(f"  explained.toml explains what does not live: {what}")
    return not unexplained and not idle


def idle_changes(module: str, living: list[Mutant], explained: list[Explained]) -> list[str]:
    """What is explained of a module although no such mutant lives: entries go when code or tests have changed."""
    lives = {(mutant.within, mutant.code, mutant.change) for mutant in living}
    return [
        f"{entry.within}: {change}"
        for entry in explained
        if entry.module == module
        for change in sorted(entry.changes)
        if (entry.within, entry.code, change) not in lives
    ]


def row(module: str, verdicts: list[tuple[Mutant, Verdict]], explained: int, unexplained: int, took_s: float) -> str:
    """One line of the table."""
    slow = sum(verdict == "too slow" for _, verdict in verdicts)
    killed = sum(verdict == "killed" for _, verdict in verdicts)
    return f"{module:8} {len(verdicts):8} {killed:8} {slow:9} {explained:10} {unexplained:12} {took_s:8.0f} s"


def main() -> int:
    """Run what is asked for."""
    options = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    options.add_argument("--only", choices=TESTS, action="append")
    modules = options.parse_args().only or list(TESTS)
    explained = read_explained()
    print(
        f"{'module':8} {'mutants':>8} {'killed':>8} {'too slow':>9} {'explained':>10} {'unexplained':>12} {'took':>10}"
    )
    with court() as bench:
        well = [judged(bench, module, explained) for module in modules]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
