"""The heaps of a gateway's process: few, however many threads it has."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.gateway.processes import ROOT
from tests.kit.toml import table

_WORK = """
import asyncio, ctypes, pathlib, sys, threading
from gateway.cli.serve import listening
from gateway.config.file import load

def work(started, over):
    # The first malloc of a thread gives it its heap; too small for a mapping of its own.
    kept = [ctypes.create_string_buffer(1000) for _ in range(1000)]
    started.wait()
    over.wait()
    del kept

def heaps():
    started, over = threading.Barrier(9), threading.Event()
    threads = [threading.Thread(target=work, args=(started, over)) for _ in range(8)]
    for each in threads: each.start()
    started.wait()
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    out = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
    libc.malloc_info(0, out)
    libc.fclose(out)
    over.set()
    for each in threads: each.join()

async def gateway(path):
    async with listening(load(path), path.parent):
        heaps()

if sys.argv[3] == "gateway":
    asyncio.run(gateway(pathlib.Path(sys.argv[1])))
else:
    heaps()
"""


@pytest.mark.parametrize(("where", "few"), [("gateway", True), ("any other process", False)])
async def test_threads_of_a_gateway_share_two_heaps(tmp_path: Path, where: str, few: bool) -> None:
    file, told = tmp_path / "gateway.toml", tmp_path / "heaps.xml"
    system = {"id": 1, "name": "site", "url": "https://192.0.2.1", "username": "u", "password": "p", "timezone": "UTC"}
    file.write_text(table("[server]", {"port": 0}) + table("[[system]]", system))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _WORK, str(file), str(told), where), cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, complaints = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, complaints.decode()
    heaps = len(re.findall("<heap nr", told.read_text()))
    assert (heaps <= 2) is few, heaps
