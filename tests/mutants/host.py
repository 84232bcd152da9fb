"""`python -m tests.mutants.host`, started in a copy of the tree: one pytest after the other, each in a forked child.

Reads one JSON object a line, `{"args": [...], "limit_s": 9.0, "module": "gateway.lists.plan"}`, and writes one a line:
`{"code": 1, "took_s": 0.4}`, where `code` is pytest's, negative for a signal and None where the time ran out. What the
tests print goes to the file `said`. Everything but the tree itself is imported once, before the first child.
"""

import contextlib
import importlib
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import Phase, settings

from tests.mutants.order import Order

SAID: Final = "said.txt"
ANOTHER_TREE: Final = 90
"""The code of a child that tested some other module than the one in the copy."""

_MEMORY_BYTES: Final = 6 * 2**30
_IMPORTED: Final = (
    "aiohttp.web",
    "argon2",
    "cryptography.x509",
    "cyclopts",
    "isal",
    "msgspec",
    "numpy",
    "prometheus_client",
)
_IMPORTED_TOO: Final = ("pydantic", "redis.asyncio", "rich", "structlog")


def prepare() -> None:
    """Import what every child needs; properties are tried with the same examples each time, and not shrunk."""
    for name in _IMPORTED + _IMPORTED_TOO:
        importlib.import_module(name)
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutants", derandomize=True, database=None, phases=phases, report_multiple_bugs=False)
    settings.load_profile("mutants")  # tests/unit/conftest.py builds its own upon it


def child(args: list[str], module: str) -> int:
    """Run pytest here and say how it ended."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    said = os.open(SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    code = int(pytest.main(args, plugins=[Order()]))
    sys.stdout.flush()
    tested = sys.modules.get(module)
    if code == 0 and (tested is None or Path.cwd() not in Path(str(tested.__file__)).parents):
        return ANOTHER_TREE
    return code


def run(args: list[str], limit_s: float, module: str) -> dict[str, Any]:
    """Fork, wait, and end the whole group of a child that takes too long."""
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        code = 3
        try:
            code = child(args, module)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)
    handle = os.pidfd_open(pid)
    ended, _, _ = select.select([handle], [], [], limit_s)
    os.close(handle)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # its processes too, where it left any
    _, status = os.waitpid(pid, 0)
    return {"code": os.waitstatus_to_exitcode(status) if ended else None, "took_s": time.monotonic() - began}


def main() -> None:
    """One answer a line, until there is no more to read."""
    prepare()
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
