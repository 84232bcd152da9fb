"""A list that is held compressed is the same list."""

import random
from zoneinfo import ZoneInfo

import pytest
from material import records_of, reply_of

from gateway.answers.arrange import Arrangement, Shape
from gateway.answers.merge import body_parts
from gateway.dates import ApplianceZone
from gateway.deflate import Block, quick_block, unpacked
from gateway.dialects.rows import Stamper
from gateway.filter import Asked, Question, Words
from gateway.lists import packed as packed_lists
from gateway.lists.held import Held
from gateway.lists.packed import PackedList
from gateway.lists.store import MemoryStore
from gateway.model import BackupList, Fetched, ListBuilder, Part, SystemId, made
from gateway.simulator.dialects import Rendering
from gateway.web.respond import grouped

ZONE = "Europe/Berlin"


def plain() -> BackupList:
    stamper = Stamper(7, "acme", ApplianceZone(ZONE))
    body = reply_of(records_of(ZONE), Rendering("10.x", ZoneInfo(ZONE)))
    for _ in stamper.read(body):
        pass
    return stamper.build.done()


def test_every_way_to_its_rows_is_the_same() -> None:
    rows = plain()
    packed = PackedList(rows)
    size = len(rows)
    assert (len(packed), packed.body, packed.rows(), packed.digest) == (size, rows.body, rows.rows(), rows.digest)
    chance = random.Random(4)
    for _ in range(30):
        begin, end = sorted(chance.sample(range(size + 1), 2))
        assert packed.slice(begin, end) == rows.slice(begin, end)
        assert packed.rows(begin, end) == rows.rows(begin, end)
        picks = sorted(chance.sample(range(size), min(size, 7)))
        assert packed.pick(picks).body == rows.pick(picks).body
        assert packed.row(picks[0]) == rows.row(picks[0])
    assert packed.unpacked().body == rows.body
    assert packed.nbytes < 0.5 * rows.nbytes


def test_an_answer_out_of_packed_lists_unpacks_each_of_them_when_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, opened = plain(), 0

    def watched(block: Block) -> bytes:
        nonlocal opened
        opened += 1
        return unpacked(block)

    monkeypatch.setattr(packed_lists, "unpacked", watched)

    def parts_of(backups: BackupList) -> list[Part]:
        return body_parts([], Arrangement([backups] * 9, Shape()).segments(5))

    parts, wanted = parts_of(PackedList(rows)), parts_of(rows)
    assert list(map(len, parts)) == list(map(len, wanted))
    assert opened == 0
    groups = grouped(parts)
    begun = next(groups)
    assert 0 < opened < 9
    assert begun + b"".join(groups) == b"".join(map(made, parts)) == b"".join(map(made, wanted))


def test_the_store_counts_what_it_keeps_and_knows_which_lists_are_large() -> None:
    rows = plain()
    for above, is_packed in ((0, False), (rows.nbytes - 1, True), (rows.nbytes, False)):
        store = MemoryStore(10**8, above)
        held = held_of(rows)
        assert store.put(SystemId(1), held)
        assert isinstance(held.fetched.backups, PackedList) is is_packed
        assert (store.nbytes < rows.nbytes) is is_packed
        assert held.index.starts.tolist() == list(rows.starts)
        block = store.block(held.fetched.backups)
        assert (block is not None) is is_packed


def test_without_a_size_of_its_own_the_store_compresses_what_comes_while_half_of_its_room_is_taken() -> None:
    rows = plain()
    each = held_of(rows).nbytes
    store = MemoryStore(10 * each)
    for number in range(1, 31):
        assert store.put(SystemId(number), held_of(rows))
        assert store.nbytes <= 10 * each
    packed = [is_packed(store, number) for number in range(1, 31)]
    assert packed == [False] * 6 + [True] * (30 - 6)  # none had to go: uncompressed there is room for ten


def test_a_list_that_leaves_room_again_is_held_as_it_came() -> None:
    rows = plain()
    store = MemoryStore(10 * held_of(rows).nbytes)
    for number in range(1, 8):
        store.put(SystemId(number), held_of(rows))
    assert is_packed(store, 7)
    for number in range(1, 5):
        store.forget(SystemId(number))
    store.put(SystemId(7), held_of(rows))
    assert not is_packed(store, 7)


def test_small_lists_are_never_compressed_for_want_of_room() -> None:
    rows = plain().pick(range(3))
    store = MemoryStore(3 * held_of(rows).nbytes)
    for number in range(1, 9):
        store.put(SystemId(number), held_of(rows))
    assert [is_packed(store, number) for number in (6, 7, 8)] == [False] * 3


def held_of(rows: BackupList) -> Held:
    return Held(Asked(), Fetched(rows, 0.0, 0.0, 0.0, 0), 0.0)


def is_packed(store: MemoryStore, number: int) -> bool:
    (held,) = store.held(SystemId(number))
    return isinstance(held.fetched.backups, PackedList)


def test_what_was_made_of_a_list_goes_with_it() -> None:
    rows, question = plain(), Question(Asked(), Words(statuses=frozenset({"Failure"})))
    store = MemoryStore(10**8, 0)
    sizes = set()
    for number in range(6):
        renewed = rows.pick(range(len(rows) - number % 2))
        assert store.put(SystemId(1), held_of(renewed))
        view = rows.pick(range(9))
        store.put_view(renewed, question, view)
        for backups in (renewed, view):
            store.put_block(backups, quick_block(view.body))
        assert store.view(renewed, question) is view
        sizes.add(store.nbytes)
    assert len(sizes) == 2
    store.forget(SystemId(1))
    assert store.nbytes == 0
    assert not store._kept.rows


def test_nothing_is_kept_for_rows_that_were_picked_for_one_answer() -> None:
    rows, question = plain(), Question(Asked(), Words(statuses=frozenset({"Failure"})))
    store = MemoryStore(10**8, 0)
    held, view, passing = held_of(rows), rows.pick(range(9)), rows.pick(range(8))
    store.put(SystemId(1), held)
    store.put_view(held.fetched.backups, question, view)
    before = store.nbytes
    store.put_block(passing, quick_block(passing.body))
    assert (store.nbytes, store.block(passing)) == (before, None)
    assert [store.keeps(backups) for backups in (held.fetched.backups, view, passing)] == [True, True, False]
    store.put(SystemId(1), held_of(passing))
    assert [store.keeps(backups) for backups in (held.fetched.backups, view, passing)] == [False, False, True]


def test_what_is_picked_from_a_list_that_does_not_fit_pushes_out_none_that_is_held() -> None:
    rows, question = plain(), Question(Asked(), Words(statuses=frozenset({"Failure"})))
    each = held_of(rows).nbytes
    store = MemoryStore(5 * each, 0)
    for number in range(1, 5):
        assert store.put(SystemId(number), held_of(rows.pick(range(len(rows) - number))))
    before = store.nbytes
    for number in range(12):
        large = ListBuilder()
        for _ in range(6):
            large.add_run(rows, 0, len(rows))
        held = held_of(large.done())
        assert not store.put(SystemId(9), held)
        store.put_view(held.fetched.backups, question, rows.pick(range(100 + number)))
    assert (store.nbytes, [len(store.held(SystemId(number))) for number in range(1, 5)]) == (before, [1, 1, 1, 1])


def copy_of(rows: BackupList) -> BackupList:
    """The same in other memory."""
    build = ListBuilder()
    build.add_run(rows, 0, len(rows))
    return build.done()


@pytest.mark.parametrize("compress_above", [0, 1])
def test_a_renewal_that_brings_the_same_rows_keeps_what_was_made_of_them(compress_above: int) -> None:
    question = Question(Asked(), Words(statuses=frozenset({"Failure"})))
    store = MemoryStore(10**8, compress_above)
    first, second = held_of(plain()), held_of(copy_of(plain()))
    store.put(SystemId(1), first)
    first.index.build()
    rows, index = first.fetched.backups, first.index
    view = plain().pick(range(9))
    store.put_view(rows, question, view)
    store.put_block(view, quick_block(view.body))
    before = store.nbytes
    assert store.put(SystemId(1), second)
    assert store.held(SystemId(1)) == [second]
    assert (second.fetched.backups, second.index, store.nbytes) == (rows, index, before)
    assert store.view(rows, question) is view
    assert store.block(view) is not None


@pytest.mark.parametrize("compress_above", [0, 1])
def test_a_renewal_with_other_times_stands_on_its_own_rows(compress_above: int) -> None:
    store = MemoryStore(10**8, compress_above)
    rows, moved = plain(), copy_of(plain())
    moved.starts[0] += 3600  # the appliance was given another zone: the same words mean another instant
    store.put(SystemId(1), held_of(rows))
    store.put(SystemId(1), held_of(moved))
    (held,) = store.held(SystemId(1))
    assert held.index.starts[0] == moved.starts[0]


def test_a_list_without_a_place_leaves_nothing_of_itself_or_of_the_one_before() -> None:
    rows = plain()
    store = MemoryStore(held_of(rows.pick(range(9))).nbytes, 0)
    assert store.put(SystemId(1), held_of(rows.pick(range(9))))
    assert not store.put(SystemId(1), held_of(rows))
    assert (store.held(SystemId(1)), store.nbytes, dict(store._kept.rows)) == ([], 0, {})
