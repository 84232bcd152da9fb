"""A list that is held compressed is the same list."""

import random
from zoneinfo import ZoneInfo

from material import records_of, reply_of

from gateway.dates import ApplianceZone
from gateway.filter import Asked
from gateway.held import Held
from gateway.model import BackupList, Fetched, SystemId
from gateway.packed import PackedList
from gateway.rows import Stamper
from gateway.simulator.dialects import Rendering
from gateway.store import MemoryStore

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


def test_the_store_counts_what_it_keeps_and_knows_which_lists_are_large() -> None:
    rows = plain()
    for above, is_packed in ((0, False), (rows.nbytes - 1, True), (rows.nbytes, False)):
        store = MemoryStore(10**8, above)
        held = Held(Asked(), Fetched(rows, 0.0, 0.0, 0.0, 0), 0.0)
        assert store.put(SystemId(1), held)
        assert isinstance(held.fetched.backups, PackedList) is is_packed
        assert (store.nbytes < rows.nbytes) is is_packed
        assert held.index.starts.tolist() == list(rows.starts)
        block = store.block(held.fetched.backups)
        assert (block is not None) is is_packed
