"""What filters look at is kept beside the rows: the first narrowed question after a restart reads no row."""

import asyncio
import hashlib
import threading
import zlib
from array import array
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import whole_files
from gateway.lists import index, snapshot
from gateway.lists import keeper as keeping
from gateway.lists.columns import Columns
from gateway.lists.index import ListIndex
from gateway.lists.keeper import Keeper
from gateway.model import BackupList, SystemId
from gateway.simulator import ApplianceSpec
from gateway.stack import Gateway
from tests.shield.support import Rig, config_of, rig

MAGIC = b"backup-gateway held list 1\n"
CLOCKS = snapshot.Clocks(0.0, 0.0)
NARROW: tuple[Mapping[str, Any], ...] = ({"status": "Failure"}, {"type": "incremental"}, {"client_id": 1})


def sites() -> list[ApplianceSpec]:
    return [ApplianceSpec(name=f"site-{n}", seed=n, rows=60) for n in range(1, 4)]


@pytest.fixture
async def shield(tmp_path: Path) -> AsyncIterator[Rig]:
    """Three appliances, all asked once, in whole lists that nobody has narrowed."""
    async with rig(*sites(), cache={"snapshot": str(tmp_path / "lists")}) as shield:
        for number in range(1, 4):
            await shield.ask(number=number)
        yield shield


def keeper_of(shield: Rig) -> Keeper:
    found = shield.gateway._keeper
    assert found is not None
    return found


def files(shield: Rig) -> list[Path]:
    return sorted(Path(shield.gateway.config.cache.snapshot).glob("*.held"))


def kept(file: Path) -> bytes:
    """The columns of a file."""
    return snapshot.decode(file.read_bytes(), CLOCKS, 2**30)[1].index.kept()


def unread(_: BackupList) -> None:
    raise AssertionError("the rows are read")


async def restarted(shield: Rig, look: Callable[[Rig], Any]) -> None:
    """The next process over the same folder, while no appliance can be reached."""
    for appliance in shield.farm:
        await appliance.inject("refusing")
    hands, config = shield.hands, config_of(shield.farm, {"snapshot": shield.gateway.config.cache.snapshot})
    async with Gateway(config, monotonic=hands.monotonic, wall=hands.wall) as fresh:
        await look(Rig(shield.farm, fresh, hands, []))


async def right(again: Rig) -> None:
    """Every narrowed answer is true, out of the snapshot."""
    for number in range(1, 4):
        for body in NARROW:
            answer = await again.ask(body, number=number)
            assert (answer.state, answer.source) == ("ok", "snapshot")
            assert answer.backups.rows() == again.truth(body, number)


async def test_the_first_narrowed_question_after_a_restart_reads_no_row(
    shield: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keeper_of(shield).save(building_s=1.0)
    assert all(map(kept, files(shield)))
    monkeypatch.setattr(index, "columns_of", unread)
    await restarted(shield, right)


async def test_neither_does_it_where_lists_are_compressed(shield: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await keeper_of(shield).save(building_s=1.0)
    monkeypatch.setattr(index, "columns_of", unread)
    cache = {"snapshot": shield.gateway.config.cache.snapshot, "compress_above_bytes": 1}
    config, hands = config_of(shield.farm, cache), shield.hands
    async with Gateway(config, monotonic=hands.monotonic, wall=hands.wall) as fresh:
        (held,) = fresh.store.held(SystemId(1))
        assert held.fetched.backups.is_packed
        await right(Rig(shield.farm, fresh, hands, []))


async def test_a_running_gateway_reads_columns_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_EVERY_S", 0.0)
    written, loop, write = asyncio.Event(), asyncio.get_running_loop(), whole_files.write

    def noted(*what: Any) -> None:
        write(*what)
        loop.call_soon_threadsafe(written.set)

    monkeypatch.setattr(whole_files, "write", noted)
    async with rig(*sites()[:1], cache={"snapshot": str(tmp_path / "lists")}) as shield:
        await shield.ask()
        await written.wait()
        assert all(map(kept, files(shield)))


async def test_the_last_write_does_not_wait_for_columns(shield: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "columns_of", unread)
    await keeper_of(shield).close()
    assert [kept(file) for file in files(shield)] == [b""] * 3


async def test_lists_that_were_written_without_columns_are_read_when_they_are_needed(shield: Rig) -> None:
    await keeper_of(shield).save()
    await restarted(shield, right)


async def test_building_columns_has_its_time_and_then_lists_are_written_without(
    shield: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = ListIndex.build

    def slowly(self: ListIndex) -> None:
        build(self)
        shield.hands.turn(10)

    monkeypatch.setattr(ListIndex, "build", slowly)
    await keeper_of(shield).save(building_s=15)
    assert [kept(file) != b"" for file in files(shield)] == [True, True, False]


async def test_an_end_waits_for_no_more_columns_than_those_of_one_list(
    shield: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread cannot be cancelled: it writes what it was given, without columns."""
    build, write, loop = ListIndex.build, whole_files.write, asyncio.get_running_loop()
    begun, ended, goes_on, read, written = asyncio.Event(), asyncio.Event(), threading.Event(), [], []

    def slowly(self: ListIndex) -> None:
        read.append(self)
        loop.call_soon_threadsafe(begun.set)
        goes_on.wait()
        build(self)

    def noted(folder: Path, name: str, data: bytes) -> None:
        write(folder, name, data)
        written.append(name)
        if len(written) == 6:  # by the thread, and by the last write
            loop.call_soon_threadsafe(ended.set)

    monkeypatch.setattr(ListIndex, "build", slowly)
    monkeypatch.setattr(whole_files, "write", noted)
    keeper = keeper_of(shield)
    await keeper._stop()
    keeper._task = asyncio.create_task(keeper.save(building_s=1.0))
    await begun.wait()
    await keeper.close()
    goes_on.set()
    await ended.wait()
    assert len(read) == 1


def parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    """A file as the release before columns were kept reads it, and what it does not look at."""
    content = data[len(MAGIC) + 32 :]
    assert data.startswith(MAGIC)
    assert data[len(MAGIC) : len(MAGIC) + 32] == hashlib.sha256(content).digest()
    begin = 4 + int.from_bytes(content[:4], "big")
    unpacker = zlib.decompressobj()
    rows = unpacker.decompress(content[begin:])
    assert unpacker.eof
    return content[:begin], rows, unpacker.unused_data


def sealed(content: bytes) -> bytes:
    return MAGIC + hashlib.sha256(content).digest() + content


async def test_files_with_columns_can_be_read_by_the_release_before_and_the_other_way_round(shield: Rig) -> None:
    await keeper_of(shield).save()
    before = [file.read_bytes() for file in files(shield)]
    assert [parts(data)[2] for data in before] == [b""] * 3
    keeper_of(shield)._written.clear()
    await keeper_of(shield).save(building_s=1.0)
    for old, file in zip(before, files(shield), strict=True):
        new = file.read_bytes()
        assert parts(new)[:2] == parts(old)[:2]
        assert parts(new)[2] == kept(file)
        header = msgspec.json.decode(parts(new)[0][4:])
        times = sum(array(code).itemsize for code in "IqHqH")
        assert len(parts(new)[1]) == header["body_bytes"] + header["rows"] * times
        file.write_bytes(old)
    await restarted(shield, right)


async def test_damaged_columns_are_a_damaged_file(shield: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    await keeper_of(shield).save(building_s=1.0)
    for file, wound in zip(files(shield), (-1, -20, -200), strict=True):
        data = bytearray(file.read_bytes())
        assert len(kept(file)) > 200
        data[wound] ^= 1
        file.write_bytes(data)
    await restarted(shield, nothing_held)
    assert capsys.readouterr().out.count("torn or was changed") == 3


async def nothing_held(again: Rig) -> None:
    assert not any(again.gateway.store.held(SystemId(number)) for number in range(1, 4))


async def test_columns_that_are_none_under_a_good_checksum_cost_nothing_but_the_reading(shield: Rig) -> None:
    await keeper_of(shield).save(building_s=1.0)
    kept_ones = [kept(file) for file in files(shield)]
    for file, nonsense in zip(files(shield), (b"nonsense", kept_ones[0][:-30], b"\0" * 99), strict=True):
        data = file.read_bytes()
        content = data[len(MAGIC) + 32 :].removesuffix(kept(file))
        file.write_bytes(sealed(content + nonsense))
    await restarted(shield, right)


async def test_lists_renewed_by_their_tails_have_their_columns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows_read, read = [], index.columns_of

    def counted(backups: BackupList) -> Columns:
        rows_read.append(len(backups))
        return read(backups)

    monkeypatch.setattr(index, "columns_of", counted)
    async with rig(ApplianceSpec(rows=400)) as shield:
        whole = len((await shield.ask()).backups)
        for _ in range(3):
            shield.hands.turn(900)
            await shield.ask(max_age=60)
            (held,) = shield.gateway.store.held(SystemId(1))
            assert (held.via, held.index.is_built) == ("tail", True)
            for body in NARROW:
                assert (await shield.ask(body)).backups.rows() == shield.truth(body)
        assert sum(rows_read) < 2 * whole  # all of them once, and those that came
