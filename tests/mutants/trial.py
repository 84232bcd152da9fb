"""Mutants on trial: a copy of the tree, in which each mutant in turn stands where the module stood."""

import compileall
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from tests.mutants.host import ANOTHER_TREE, SAID
from tests.mutants.mutate import Mutant
from tests.mutants.order import LEARNT

Verdict = Literal["killed", "survived", "too slow"]

_COPIED: Final = ("gateway", "tests", "config", "deploy", "pyproject.toml", "README.md", "requirements.lock")
_TIMES_AS_LONG: Final = 4.0
_AT_LEAST_S: Final = 10.0
_PYTEST: Final = ("-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "--tb=line")


@dataclass
class Court:
    """The copy of the tree and the process that runs its tests."""

    tree: Path
    host: subprocess.Popen[str]

    def run(self, module: str, tests: tuple[str, ...], limit_s: float) -> tuple[int | None, float]:
        """Of the module in this file of the package: pytest's code (None: out of time) and its seconds."""
        assert self.host.stdin is not None
        assert self.host.stdout is not None
        name = ".".join(("gateway", *Path(module).with_suffix("").parts))
        order = {"args": [*_PYTEST, *tests], "limit_s": limit_s, "module": name}
        self.host.stdin.write(json.dumps(order) + "\n")
        self.host.stdin.flush()
        answer = json.loads(self.host.stdout.readline())
        return answer["code"], answer["took_s"]

    def try_all(
        self, module: str, tests: tuple[str, ...], mutants: list[Mutant], expected: Callable[[Mutant], bool]
    ) -> Iterator[tuple[Mutant, Verdict]]:
        """Each mutant's verdict; RuntimeError where the tests fail without any mutant.

        One that is `expected` to live and does not is tried once more: on a machine with much to do a test may fail
        for another reason.
        """
        file = self.tree / "gateway" / module
        original = file.read_text()
        Path(cache_from_source(str(file))).unlink(missing_ok=True)
        (self.tree / LEARNT).unlink(missing_ok=True)
        code, took = self.run(module, tests, 600.0)
        if code != 0:
            why = "they do not use it" if code == ANOTHER_TREE else (self.tree / SAID).read_text()[-3000:]
            raise RuntimeError(f"the tests of {module} end with {code} as they are: {why}")
        for mutant in mutants:
            file.write_text(mutant.text)
            limit_s = took * _TIMES_AS_LONG + _AT_LEAST_S
            code, _ = self.run(module, tests, limit_s)
            if code != 0 and expected(mutant):
                print(f"  once more: {mutant.change}\n{(self.tree / SAID).read_text()[-1000:]}")
                code, _ = self.run(module, tests, limit_s)
            if code == ANOTHER_TREE:
                raise RuntimeError(f"the tests of {module} do not use it")
            yield mutant, "survived" if code == 0 else "too slow" if code is None else "killed"
        file.write_text(original)


@contextmanager
def court() -> Iterator[Court]:
    """A copy of the tree that this process runs in, and its host, until the block is left."""
    with TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder)
        for name in _COPIED:
            if Path(name).is_dir():
                shutil.copytree(name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(name, tree / name)
        # Compiled once. Mutants are not: two of one length within one second would be one to Python's cache.
        compileall.compile_dir(tree, quiet=2)
        surroundings = os.environ | {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "tests.mutants.host"]
        with subprocess.Popen(
            command, cwd=tree, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as host:
            try:
                yield Court(tree, host)
            finally:
                host.kill()
