"""Files of held lists that were torn, changed or made up: each is a list or a SnapshotError."""

import dataclasses
import hashlib
import json
import zlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dates import ApplianceZone
from gateway.dialects.rows import Stamper
from gateway.filter import ALL
from gateway.lists import kept_columns, snapshot
from gateway.lists.held import Held
from gateway.model import Fetched
from tests.secure.faulty import ROWS
from tests.secure.test_fuzz import raised

CLOCKS = snapshot.Clocks(1_000.0, 1_700_000_000.0)


@given(st.binary(max_size=400), st.booleans())
def test_snapshots_of_noise_are_snapshot_errors(data: bytes, whole: bool) -> None:
    """With and without a checksum that fits."""
    _decode(_sealed(data) if whole else data)


@settings(max_examples=80)
@given(st.data())
def test_snapshots_with_a_wound_are_snapshot_errors_or_lists(data: st.DataObject) -> None:
    """Sealed again after the wound, so that nothing but the content can betray it."""
    content = bytearray(_good()[len(snapshot._MAGIC) + 32 :])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    _decode(_sealed(bytes(content[: data.draw(st.integers(0, len(content)))] or content)))


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "rows": st.integers(-5, 2**70),
        "body_bytes": st.integers(-5, 2**70),
        "asked_at": st.floats(),
        "wall_at": st.floats(),
        "took_s": st.floats(),
        "swept_before_s": st.floats(),
        "skew_s": st.floats() | st.none(),
    },
)


@given(HEADERS, st.binary(max_size=100))
def test_snapshots_that_lie_about_themselves_are_snapshot_errors_or_lists(header: dict[str, Any], rest: bytes) -> None:
    """Counts that do not fit, times that are none, columns that point anywhere."""
    content = _good()[len(snapshot._MAGIC) + 32 :]
    length = int.from_bytes(content[:4], "big")
    told = {**json.loads(content[4 : 4 + length]), **header}
    head = json.dumps(told).replace("NaN", "1e999").encode()
    _decode(_sealed(len(head).to_bytes(4, "big") + head + zlib.compress(rest)))


def _good() -> bytes:
    stamper = Stamper(1, "one", ApplianceZone("UTC"))
    for _ in stamper.read(json.dumps({"backups": ROWS}).encode()):
        pass
    fetched = Fetched(stamper.build.done(), 900.0, 901.0, 1_699_999_900.0, 10)
    system = dataclasses.make_dataclass("System", ["id", "url", "name", "timezone", "remote_system_id"])
    held = Held(ALL, fetched, 900.0)
    held.index.build()
    return snapshot.encode(system(1, "http://a", "one", "UTC", None), held, CLOCKS)


def _sealed(content: bytes) -> bytes:
    return snapshot._MAGIC + hashlib.sha256(content).digest() + content


def _decode(data: bytes) -> None:
    held: list[Held] = []
    error = raised(snapshot.SnapshotError, lambda: held.append(snapshot.decode(data, CLOCKS, 2**20)[1]))
    assert error is None or str(error)
    for one in held:
        rows = len(one.fetched.backups)
        columns = kept_columns.unpacked(one.index.kept(), rows)
        assert columns is None or len(columns.ids) == rows
