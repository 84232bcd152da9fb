"""The snapshot: a restart forgets nothing, and no file can hurt."""

import asyncio
import base64
import contextlib
import errno
import hashlib
import os
import stat
import threading
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from isal import isal_zlib
from msgspec import structs

from gateway.lists import snapshot
from gateway.lists.keeper import Keeper
from gateway.model import SystemId
from gateway.simulator import Appliance, ApplianceSpec, Farm
from gateway.stack import Gateway
from tests.shield.support import TOKEN, Hands, Rig, config_of, rig

PASSWORD = "canary-of-the-shield-7Qx"


def sites(count: int = 3) -> list[ApplianceSpec]:
    return [ApplianceSpec(name=f"site-{n}", seed=n, rows=50, password=PASSWORD) for n in range(1, count + 1)]


async def test_files_are_for_nobody_else_and_hold_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    async with rig(*sites(), cache={"snapshot": str(folder)}) as shield:
        for number in range(1, 4):
            await shield.ask(number=number)
        tokens = [token for appliance in shield.farm for token in appliance.sessions._ends]
    assert len(tokens) == 3
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = sorted(folder.glob("*.held"))
    assert len(files) == 3
    texts = [file.read_bytes() for file in files] + [unpacked(file) for file in files]
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for secret in (PASSWORD, TOKEN, *tokens):
        raw = secret.encode()
        for form in (raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), raw[::-1]):
            assert not any(form in text for text in texts)


def unpacked(file: Path) -> bytes:
    header, held = snapshot.decode(file.read_bytes(), snapshot.Clocks(0, 0), 1 << 30)
    return repr(header).encode() + held.fetched.backups.body


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[tuple[Path, Farm]]:
    """A folder with the lists of three appliances, which are down."""
    folder = tmp_path / "lists"
    hands = Hands()
    async with rig(*sites(), hands=hands, cache={"snapshot": str(folder)}) as shield:
        for number in range(1, 4):
            await shield.ask(number=number)
        await shield.gateway._keeper.save()  # type: ignore[union-attr]
        for appliance in shield.farm:
            await appliance.inject("refusing")
        yield folder, shield.farm


async def reopened(
    farm: Farm, folder: Path, capsys: pytest.CaptureFixture[str], later: float = 0
) -> tuple[list[int], str]:
    """The systems that have lists after a restart, and what was logged."""
    capsys.readouterr()
    hands = Hands()
    hands.turn(later)
    gateway = Gateway(config_of(farm, {"snapshot": str(folder)}), monotonic=hands.monotonic, wall=hands.wall)
    gateway._keeper.save = _nothing  # type: ignore[union-attr,method-assign]
    async with gateway:
        found = [int(number) for number in gateway.systems if gateway.store.held(number)]
    return found, capsys.readouterr().out


async def _nothing() -> None:
    """A look at the folder that leaves it as it is."""


def of(folder: Path, number: int) -> Path:
    (file,) = folder.glob(f"{number}-*.held")
    return file


DAMAGES = {
    "truncated": lambda data: data[: len(data) // 2],
    "torn at the head": lambda data: data[:20],
    "empty": lambda data: b"",
    "one bit flipped": lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
    "a flipped bit in the header": lambda data: data[:80] + bytes([data[80] ^ 4]) + data[81:],
    "zeros at the end": lambda data: data[:-512] + bytes(512),
    "another file": lambda data: b"PK\x03\x04" + data,
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_file_is_told_and_passed_by(
    kept: tuple[Path, Farm], damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, farm = kept
    file = of(folder, 2)
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    found, log = await reopened(farm, folder, capsys)
    assert found == [1, 3]
    assert log.count("snapshot_skipped") == 1
    assert file.name in log


@pytest.mark.parametrize(("most_bytes", "sizes"), [(1 << 30, [3]), (1, [1, 1, 1])])
async def test_files_are_read_some_at_a_time_large_ones_one_by_one(
    kept: tuple[Path, Farm],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    most_bytes: int,
    sizes: list[int],
) -> None:
    folder, farm = kept
    read, some = [], Keeper._read_some

    def watched(self: Keeper, paths: list[Path], clocks: snapshot.Clocks) -> list[object]:
        read.append(found := some(self, paths, clocks))
        return found

    monkeypatch.setattr(Keeper, "_read_some", watched)
    monkeypatch.setattr("gateway.lists.keeper._AT_ONCE_BYTES", most_bytes)
    found, _ = await reopened(farm, folder, capsys)
    assert found == [1, 2, 3]
    assert [len(found) for found in read] == sizes


@pytest.mark.parametrize(("payload", "good"), [(b"", True), (bytes(50_000_000), False)])
async def test_a_list_without_rows_is_taken_up_and_no_more_is_unpacked_than_its_header_says(
    kept: tuple[Path, Farm], payload: bytes, good: bool
) -> None:
    data = of(kept[0], 1).read_bytes()
    magic = data[: data.index(b"\n") + 1]
    header, _ = snapshot.decode(data, snapshot.Clocks(0, 0), 1 << 30)
    head = msgspec.json.encode(structs.replace(header, rows=0, body_bytes=0))
    content = len(head).to_bytes(4, "big") + head + isal_zlib.compress(payload, 1)
    file = magic + hashlib.sha256(content).digest() + content
    tracemalloc.start()
    try:
        with contextlib.nullcontext() if good else pytest.raises(snapshot.SnapshotError, match="another length"):
            assert len(snapshot.decode(file, snapshot.Clocks(0, 0), 1 << 30)[1].fetched.backups) == 0
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


async def test_a_file_with_a_good_checksum_over_nonsense_is_passed_by(
    kept: tuple[Path, Farm], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, farm = kept
    file = of(folder, 1)
    data = file.read_bytes()
    magic = data[: data.index(b"\n") + 1]
    head = data[len(magic) + 32 + 4 :][: int.from_bytes(data[len(magic) + 32 :][:4], "big")]
    contents = {
        1: (5).to_bytes(4, "big") + b"{nope" + b"",
        2: len(head).to_bytes(4, "big") + head + b"no deflate stream at all",
        3: (2**32 - 1).to_bytes(4, "big") + head,
    }
    for number, content in contents.items():
        of(folder, number).write_bytes(magic + hashlib.sha256(content).digest() + content)
    found, log = await reopened(farm, folder, capsys)
    assert found == []
    assert log.count("snapshot_skipped") == 3


async def test_lists_of_another_appliance_are_never_shown(
    kept: tuple[Path, Farm], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, farm = kept
    # Its url, its name and its zone are what a list depends on; ids 2 and 3 change places.
    moved = Farm([])
    moved.appliances = [farm[0], farm[2], farm[1]]
    found, log = await reopened(moved, folder, capsys)
    assert found == [1]
    assert log.count("not configured") == 2
    renamed = farm[0]
    object.__setattr__(renamed.spec, "timezone", "Europe/Berlin")
    found, log = await reopened(farm, folder, capsys)
    assert found == [2, 3]


async def test_a_list_that_is_older_than_a_stand_in_may_be_is_passed_by(
    kept: tuple[Path, Farm], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, farm = kept
    assert (await reopened(farm, folder, capsys, 86_000))[0] == [1, 2, 3]
    assert (await reopened(farm, folder, capsys, 90_000))[0] == []


async def test_leftovers_and_strange_things_in_the_folder_do_no_harm(
    kept: tuple[Path, Farm], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, farm = kept
    (folder / ".abc.part").write_bytes(b"half a list")
    (folder / "readme.txt").write_text("mine")
    (folder / "a-folder.held").mkdir()
    (folder / "nothing.held").symlink_to(folder / "nowhere")
    found, _ = await reopened(farm, folder, capsys)
    assert found == [1, 2, 3]
    assert not (folder / ".abc.part").exists()
    assert (folder / "readme.txt").exists()


async def test_a_full_disk_costs_the_snapshot_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "lists"
    async with rig(*sites(1), cache={"snapshot": str(folder)}) as shield:

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        await shield.ask()
        keeper: Keeper = shield.gateway._keeper  # type: ignore[assignment]
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            await keeper.save()
        assert not list(folder.iterdir())
        assert "snapshot_not_written" in capsys.readouterr().out
        assert (await shield.ask(max_age=0)).state == "ok"
        await keeper.save()
        assert len(list(folder.glob("*.held"))) == 1


async def test_a_disk_that_hangs_holds_up_the_end_for_a_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, moves_again = tmp_path / "lists", threading.Event()
    async with rig(*sites(1), cache={"snapshot": str(folder)}) as shield:
        await shield.ask()
        keeper: Keeper = shield.gateway._keeper  # type: ignore[assignment]
        keeper._last_write_s = 0.05
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", lambda _: moves_again.wait())
            await keeper.close()
            moves_again.set()
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "snapshot_incomplete" in line]
    assert "lists=1" in line


async def test_when_the_end_is_near_lists_go_to_disk_beside_the_last_answers(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    async with rig(*sites(1), cache={"snapshot": str(folder)}) as shield:
        await shield.ask()
        assert not list(folder.iterdir())
        await shield.gateway.drain()
        keeper: Keeper = shield.gateway._keeper  # type: ignore[assignment]
        async with asyncio.timeout(10):
            await keeper._task  # type: ignore[misc]
        assert len(list(folder.iterdir())) == 1
        await shield.ask({"end_hours": 1}, max_age=0)
    assert len(list(folder.iterdir())) == 2, "what came meanwhile is written at the very end"


async def test_a_disk_that_hangs_does_not_make_a_drain_longer_than_it_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moves_again = threading.Event()
    async with rig(*sites(1), cache={"snapshot": str(tmp_path / "lists")}) as shield:
        await shield.ask()
        keeper: Keeper = shield.gateway._keeper  # type: ignore[assignment]
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", lambda _: moves_again.wait())
            patched.setattr("gateway.lists.keeper._END_S", 0.05)
            patched.setattr("gateway.lists.keeper._LEAST_S", 0.05)
            await shield.gateway.drain()
            await keeper.close()
            moves_again.set()
    assert "snapshot_incomplete" in capsys.readouterr().out


async def test_more_lists_than_are_written_at_once_are_all_written(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    async with rig(ApplianceSpec(rows=20), cache={"snapshot": str(folder)}) as shield:
        for hours in range(1, 71):
            await shield.ask({"end_hours": hours})
        held = len(shield.gateway.store.held(SystemId(1)))
        assert held > 64
    assert len(list(folder.glob("*.held"))) == held


async def test_a_folder_that_cannot_be_one_is_told_and_the_gateway_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    async with rig(*sites(1), cache={"snapshot": str(tmp_path / "file" / "lists")}) as shield:
        assert (await shield.ask()).state == "ok"
    log = capsys.readouterr().out
    assert "snapshot_unreadable" in log
    assert "snapshot_not_written" in log


async def test_after_a_restart_tails_go_on_where_they_were(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    hands = Hands()
    spec = ApplianceSpec(name="one", weeks=2)
    async with rig(spec, hands=hands, cache={"snapshot": str(folder)}) as shield:
        whole = len((await shield.ask()).backups)
        await shield.gateway._keeper.save()  # type: ignore[union-attr]
        await again(shield.farm[0], shield, hands, folder, whole)


async def again(appliance: Appliance, shield: Rig, hands: Hands, folder: Path, whole: int) -> None:
    hands.turn(1200)
    fresh = Gateway(config_of(shield.farm, {"snapshot": str(folder)}), monotonic=hands.monotonic, wall=hands.wall)
    async with fresh:
        second = Rig(shield.farm, fresh, hands, [])
        listed = appliance.counters.rows_listed
        answer = await second.ask()
        assert (answer.state, answer.source) == ("ok", "appliance")
        assert answer.backups.rows() == second.truth()
        assert appliance.counters.rows_listed - listed < whole / 2
