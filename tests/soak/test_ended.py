"""A soak that is ended from outside leaves nothing behind that would share the machine with the next measuring."""

import asyncio
import signal
import sys
from pathlib import Path

from tests.gateway.processes import ROOT
from tests.kit.waiting import until


def children_of(pid: int) -> list[int]:
    """The processes that it has started and that still are."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_a_soak_that_sigterm_ends_takes_its_gateway_with_it() -> None:
    arguments = ("-m", "tests.soak", "--minutes", "5", "--systems", "2", "--clients", "1")
    soak = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL)
    try:
        await until(lambda: bool(children_of(soak.pid)))
        gateways = children_of(soak.pid)
        soak.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(soak.wait(), 20) == 128 + signal.SIGTERM
    finally:
        if soak.returncode is None:
            soak.kill()
            await soak.wait()
    assert not [gateway for gateway in gateways if is_there(gateway)]
