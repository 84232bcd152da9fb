"""Whatever may be asked of an appliance is known to every place that must not forget it."""

from dataclasses import fields
from typing import Any, Final

import pytest
from material import held_of, stamped

from gateway.dialects.wire import encode_asked
from gateway.filter import ALL, Asked, Question, Window, Words, wanted_by
from gateway.lists.index import ListIndex, Now
from gateway.lists.names import asked_digest
from gateway.lists.plan import covers, undecided
from gateway.model import EMPTY

NOW = Now(1_700_000_000, 1_700_000_001)
EXAMPLES: Final[dict[str, Any]] = {
    "client_id": 1,
    "instance_id": 2,
    "start": Window(3, 4),
    "finish": Window(5, 6),
    "start_hours": 7,
    "end_hours": 8,
    "backup_ids": frozenset({9}),
}
EACH: Final = [Asked(**{key: value}) for key, value in EXAMPLES.items()]


def test_there_is_an_example_of_every_key() -> None:
    assert set(EXAMPLES) == {field.name for field in fields(Asked) if field.compare}


@pytest.mark.parametrize("asked", EACH, ids=EXAMPLES)
def test_it_is_sent_and_its_list_is_kept_and_shared_under_a_name_of_its_own(asked: Asked) -> None:
    assert encode_asked(asked, None) != encode_asked(ALL, None)
    assert asked_digest(asked) != asked_digest(ALL)


@pytest.mark.parametrize("asked", EACH, ids=EXAMPLES)
def test_its_list_does_not_stand_for_everything_and_is_decided_where_everything_is_held(asked: Asked) -> None:
    assert not covers(held_of(EMPTY, asked), ALL, NOW)
    assert undecided(ALL, asked) == asked


@pytest.mark.parametrize("rows", [1, 100], ids=["a few rows", "many rows"])
@pytest.mark.parametrize("asked", EACH, ids=EXAMPLES)
def test_a_row_that_tells_nothing_is_not_surely_in(asked: Asked, rows: int) -> None:
    index = ListIndex(stamped(b"[" + b",".join([b'{"x":1}'] * rows) + b"]"))
    assert not index.asked(asked, NOW).yes.any()
    picked = index.picked(Question(asked), asked, NOW)
    assert picked is None or not len(picked)


@pytest.mark.parametrize("key", EXAMPLES)
def test_only_a_window_of_starts_leaves_a_list_that_tells_of_every_asset(key: str) -> None:
    assert Asked(**{key: EXAMPLES[key]}).only_by_start is (key in ("start", "start_hours"))


@pytest.mark.parametrize("key", [field.name for field in fields(Words)])
def test_every_word_of_a_question_is_one(key: str) -> None:
    assert Words(**{key: frozenset({"one"})})
    assert wanted_by(Words(**{key: frozenset({"one"})}))
