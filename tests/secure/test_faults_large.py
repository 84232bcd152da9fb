"""Replies of more than anybody should take: what they cost in memory and patience, measured in a process of its own."""

import asyncio
import gzip
import json
import sys
import threading
import zlib
from typing import Any

import pytest
from msgspec import Raw

from gateway.dialects.wire import SAID_BYTES, split_rows
from gateway.simulator import Appliance, ApplianceSpec, Fault
from tests.secure.faulty import APPLIANCE_TOKEN, ROWS, Faulty, http
from tests.secure.support import CALM, config_text, site_of, system_table

MIB = 1024 * 1024
CAP = 16 * MIB
LIMITS = {"fanout": {"max_reply_bytes": CAP, "deadline_seconds": 60, "fetch_seconds": 60}}

PROBE = """
import asyncio, json, sys, time
from pathlib import Path
from gateway.config.file import parse
from gateway.lists.plan import Need
from gateway.question.query import parse_body
from gateway.stack import Gateway

def resident(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1]) * 1024

async def watch(lags):
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(0.002)
        lags.append(time.perf_counter() - begun - 0.002)

async def main():
    config = parse(sys.stdin.read(), "probe", Path("."))
    async with Gateway(config, hook=lambda event: None) as gateway:
        system = next(iter(gateway.systems.values()))
        question = parse_body(b"").filter.at(system.zone)
        warm = gateway.systems[max(gateway.systems)]
        loop = asyncio.get_running_loop()
        await warm.source.answer(question, Need(loop.time() + 60))
        Path("/proc/self/clear_refs").write_text("5")
        before, lags = resident("VmRSS"), []
        watching = asyncio.create_task(watch(lags))
        begun = time.perf_counter()
        answer = await system.source.answer(question, Need(loop.time() + 60))
        took = time.perf_counter() - begun
        watching.cancel()
        print(json.dumps({
            "state": answer.state, "kind": answer.error and answer.error.kind, "rows": len(answer.backups),
            "rise": resident("VmHWM") - before, "lag": max(lags, default=0.0), "took": took,
        }))

asyncio.run(main())
"""


async def _measured(systems: list[dict[str, object]]) -> dict[str, Any]:
    """What one question to the first system costs a gateway that has warmed up on the last."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROBE), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    text = config_text(systems, tables=LIMITS)
    out, _ = await asyncio.wait_for(process.communicate(text.encode()), 60)
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(out)
    return found


async def test_a_gzip_bomb_costs_no_more_memory_than_twice_the_cap(record_property: Any) -> None:
    """Row 24: 128 MiB out of 130 KiB, a thousand to one."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    packed = packer.compress(b'{"backups":[' + b" " * 128 * MIB) + packer.flush()
    assert 128 * MIB / len(packed) > 1_000
    async with Faulty() as bomb, Faulty() as well:
        bomb.reply = http(packed, more="Content-Encoding: gzip\r\n")
        await bomb.switch("raw")
        found = await _measured([bomb.system(1), {**well.system(2), "name": "well"}])
    record_property("bomb", found)
    print(f"gzip bomb: {found}")
    assert (found["state"], found["kind"]) == ("missing", "too_large")
    assert found["rise"] <= 2 * CAP


async def test_an_endless_body_costs_no_more_either(record_property: Any) -> None:
    """Row 23: 80 MiB without a Content-Length."""
    async with Appliance(ApplianceSpec(name="huge", rows=5)) as huge, Faulty() as well:
        await huge.inject(Fault("huge", size_bytes=80 * MIB, chunked=True))
        found = await _measured([system_table(1, huge), well.system(2)])
    record_property("huge", found)
    print(f"80 MiB chunked: {found}")
    assert (found["state"], found["kind"]) == ("missing", "too_large")
    assert found["rise"] <= 2 * CAP


@pytest.mark.parametrize("piece", [b'{"a":1}', b"{}", b"1", b'{"id":12345678}'], ids=bytes.decode)
async def test_a_million_tiny_rows_are_too_large(piece: bytes, record_property: Any) -> None:
    """Row 25: a few bytes each, which as rows would take a hundred times as much."""
    async with Faulty() as tiny, Faulty() as well:
        tiny.reply = http(b'{"backups":[' + b",".join([piece] * 1_000_000) + b"]}")
        await tiny.switch("raw")
        found = await _measured([tiny.system(1), {**well.system(2), "name": "well"}])
    record_property("tiny", found)
    print(f"a million times {piece.decode()}: {found}")
    assert found["kind"] == "too_large"
    assert found["rise"] < 128 * MIB
    assert found["lag"] < 5


async def test_a_large_list_of_real_rows_is_taken(record_property: Any) -> None:
    """10,000 of them are far from that."""
    async with Appliance(ApplianceSpec(name="large", rows=10_000)) as large, Faulty() as well:
        found = await _measured([system_table(1, large), well.system(2)])
    record_property("large", found)
    print(f"10,000 rows: {found}")
    assert (found["state"], found["rows"]) == ("ok", 10_000)
    assert found["lag"] < 2


async def test_a_login_of_empty_lists_is_neither_held_nor_decoded(record_property: Any) -> None:
    """15 MB of them, which a list may have, would hold up everybody for 3 s and take 344 MiB."""
    async with Faulty() as lists, Faulty() as well:
        lists.login = http(b'{"auth_token":"t","timeout":60,"x":[' + b",".join([b"[]"] * 5_000_000) + b"]}")
        found = await _measured([lists.system(1), {**well.system(2), "name": "well"}])
    record_property("login", found)
    print(f"a login of 15 MB: {found}")
    assert (found["state"], found["kind"]) == ("missing", "bad_reply")
    assert found["rise"] < 16 * MIB
    assert found["lag"] < 1


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(("more", "kind"), [(0, None), (1, "bad_reply")], ids=["64 KiB", "a byte more"])
async def test_a_login_has_at_most_64_kib(more: int, kind: str | None, packed: bool) -> None:
    """Unpacked; a page in its place may be longer, and is no login either (row 20)."""
    text = json.dumps({"auth_token": APPLIANCE_TOKEN, "timeout": 600}).encode().ljust(SAID_BYTES + more)
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        faulty.login = http(gzip.compress(text), more="Content-Encoding: gzip\r\n") if packed else http(text)
        entry = (await site.ask()).systems[1]
        assert (entry["error"] or {}).get("kind") == kind


async def test_a_large_list_that_cannot_be_cut_is_split_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop serves others meanwhile, as far as Python lets it."""
    threads = []

    def watched(body: bytes) -> list[Raw]:
        threads.append(threading.get_ident())
        return split_rows(body)

    monkeypatch.setattr("gateway.dialects.rows.split_rows", watched)
    rows = [{**ROWS[0], "id": number} for number in range(8_000)]
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        faulty.reply = http(json.dumps({"count": 8_000, "backups": rows}).encode())
        await faulty.switch("raw")
        answer = await site.ask()
        assert [row["id"] for row in answer.json()["backups"]] == list(range(8_000))
    assert len(threads) == 1
    assert threading.get_ident() not in threads
