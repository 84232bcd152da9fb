"""The mutants that nobody can tell from the module, each with its reason: `explained.toml`, reviewed by hand."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutate import Mutant

FILE = Path(__file__).with_name("explained.toml")


@dataclass(frozen=True, slots=True)
class Explained:
    """One entry: a line of a function (`within`, empty outside of any), and what may become of it unnoticed."""

    module: str
    within: str
    code: str
    changes: frozenset[str]
    why: str

    def names(self, module: str, mutant: Mutant) -> bool:
        """Whether this entry is about that mutant."""
        place = (module, mutant.within, mutant.code)
        return place == (self.module, self.within, self.code) and mutant.change in self.changes


def read_explained() -> list[Explained]:
    """Every entry of the file."""
    return [
        Explained(changes=frozenset(one.pop("changes")), **one) for one in tomllib.loads(FILE.read_text())["mutant"]
    ]
