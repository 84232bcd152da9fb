"""What an answer says of its systems, to the letter of contract section 5.3, and when it counts as the same answer."""

import json
from typing import Any

import pytest
from material import stamped
from msgspec.structs import replace

from gateway.answers.merge import body_parts, describe, etag, is_complete, summary
from gateway.errors import FetchError
from gateway.model import EMPTY, SystemAnswer, SystemId, made

ROWS = stamped(b'[{"id":1},{"id":2}]')
OTHER_ROWS = stamped(b'[{"id":1},{"id":3}]')
FINE = SystemAnswer(SystemId(7), "acme", "ok", ROWS, "cache", took_s=0.01234, age_s=4.256, last_success=86_399.9)
AWAY = SystemAnswer(
    *(SystemId(8), "bmw", "missing", EMPTY, None, 1.5),
    error=FetchError("timeout", "late", retry_at=60.5, detail="not for callers"),
    warnings=("an old appliance",),
)


def test_a_system_that_answered_is_described_in_full() -> None:
    assert describe(FINE) == {
        "system_id": 7,
        "system_name": "acme",
        "state": "ok",
        "rows": 2,
        "age_seconds": 4.3,
        "source": "cache",
        "took_ms": 12.3,
        "last_success": "1970-01-01T23:59:59Z",
        "error": None,
        "warnings": [],
    }


def test_a_system_that_is_missing_is_described_with_its_error_and_without_its_detail() -> None:
    assert describe(AWAY) == {
        "system_id": 8,
        "system_name": "bmw",
        "state": "missing",
        "rows": 0,
        "age_seconds": None,
        "source": None,
        "took_ms": 1500.0,
        "last_success": None,
        "error": {"kind": "timeout", "message": "late", "retry_at": "1970-01-01T00:01:00Z"},
        "warnings": ["an old appliance"],
    }


def test_an_error_that_names_no_time_says_so() -> None:
    assert describe(replace(AWAY, error=FetchError("auth", "no")))["error"] == {
        "kind": "auth",
        "message": "no",
        "retry_at": None,
    }


def test_a_summary_counts_the_rows_of_all_systems() -> None:
    answers = [FINE, AWAY, FINE]
    assert summary(answers) == {"systems": [describe(one) for one in answers], "complete": False, "total": 4}


@pytest.mark.parametrize(
    ("states", "complete"), [([], True), (["ok", "ok"], True), (["ok", "stale"], False), (["missing", "ok"], False)]
)
def test_an_answer_is_complete_where_every_system_is_ok(states: list[Any], complete: bool) -> None:
    assert is_complete([replace(FINE, state=state) for state in states]) is complete


@pytest.mark.parametrize("segments", [[], [b"1"], [b"1", b"2,3", b"4"]])
@pytest.mark.parametrize("extra", [None, {}, {"window_start": 5, "total": 99}])
def test_a_body_is_its_rows_then_its_summary_then_what_is_extra(
    segments: list[bytes], extra: dict[str, Any] | None
) -> None:
    body = b"".join(map(made, body_parts([FINE, AWAY], segments, extra)))
    rows = [int(row) for row in b",".join(segments).split(b",") if row]
    assert json.loads(body) == {"backups": rows} | summary([FINE, AWAY]) | (extra or {})
    assert list(json.loads(body))[:4] == ["backups", "systems", "complete", "total"]


def test_rows_are_sent_on_as_they_are_and_not_copied() -> None:
    segment = b'{"id":1}'
    parts = body_parts([FINE], [segment, segment])
    assert parts[0] == b'{"backups":['
    assert parts[1] is segment
    assert parts[2:4] == [b",", segment]


SAME = {
    "another age": {"age_s": 99.0},
    "another time": {"took_s": 99.0},
    "another source": {"source": "narrowed"},
    "another success": {"last_success": 99.0},
    "equal rows": {"backups": stamped(b'[{"id":1},{"id":2}]')},
}
OTHER = {
    "another system": {"system_id": SystemId(9)},
    "another state": {"state": "stale"},
    "other rows": {"backups": OTHER_ROWS},
    "fewer rows": {"backups": EMPTY},
    "an error": {"error": FetchError("timeout", "late")},
}


@pytest.mark.parametrize("change", SAME.values(), ids=list(SAME))
def test_an_answer_that_differs_in_ages_and_timings_has_the_same_tag(change: dict[str, Any]) -> None:
    assert etag([replace(FINE, **change)], b"q") == etag([FINE], b"q")


@pytest.mark.parametrize("change", OTHER.values(), ids=list(OTHER))
def test_an_answer_that_differs_in_rows_or_states_has_another_tag(change: dict[str, Any]) -> None:
    assert etag([replace(FINE, **change)], b"q") != etag([FINE], b"q")


def test_errors_of_one_kind_have_one_tag_whatever_their_words() -> None:
    late, later = (replace(AWAY, error=FetchError("timeout", text)) for text in ("after 5 s", "after 6 s"))
    reset = replace(AWAY, error=FetchError("reset", "after 5 s"))
    assert etag([late], b"q") == etag([later], b"q") != etag([reset], b"q")


def test_the_question_and_the_order_of_systems_are_parts_of_the_tag() -> None:
    assert len({etag([FINE, AWAY], b"q"), etag([FINE, AWAY], b"r"), etag([AWAY, FINE], b"q"), etag([], b"q")}) == 4


def test_a_tag_is_a_weak_one_of_128_bits() -> None:
    tag = etag([FINE], b"q")
    assert tag[:3] == 'W/"'
    assert tag[-1] == '"'
    assert len(bytes.fromhex(tag[3:-1])) == 16
