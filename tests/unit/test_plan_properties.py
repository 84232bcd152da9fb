"""Whatever is held and whatever is asked: rows out of a held list are those that the appliance would list."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from material import (
    HOUR,
    NOWS,
    ZONES,
    held_of,
    read,
    records_of,
    renderings,
    reply_of,
    stamped,
    true_questions,
)
from served import LIMITS, NEED, listed, picked, whole

from gateway.dialects.kinds import canonical_word
from gateway.filter import ALL, Asked, Question, Words
from gateway.lists.held import Held
from gateway.lists.plan import appliance_now, choose, covers
from gateway.simulator.core_types import DISPLAY_TYPES
from gateway.simulator.facts import Record

BOOT = 1_700_000_000.0
"""When the monotonic clock began, in true epoch seconds."""


@st.composite
def questions(draw: st.DrawFn, zone: str) -> Question:
    types = draw(
        st.none() | st.lists(st.sampled_from([*DISPLAY_TYPES.values(), *DISPLAY_TYPES]), min_size=1, max_size=4)
    )
    statuses = draw(st.none() | st.frozensets(st.sampled_from(["Success", "Warning", "Failure", "None"]), min_size=1))
    names = None if types is None else frozenset(map(canonical_word, types))
    return Question(draw(true_questions(zone)), Words(names, statuses))


@st.composite
def wider(draw: st.DrawFn, zone: str, wanted: Asked) -> Asked:
    """A question that is like `wanted` but for some parts, which are left open, moved or somebody else's."""
    other = draw(true_questions(zone))
    parts: dict[str, Any] = {}
    for name in ("client_id", "instance_id", "start", "finish", "start_hours", "end_hours", "backup_ids"):
        source = draw(st.sampled_from(["open", "open", "same", "same", "other"]))
        parts[name] = getattr({"open": ALL, "same": wanted, "other": other}[source], name)
    for name in ("start_hours", "end_hours"):
        if parts[name] is not None:
            parts[name] += draw(st.integers(0, 3))
    return Asked(**parts)


@st.composite
def situations(draw: st.DrawFn) -> tuple[str, Question, list[Held], float, list[Record], float]:
    """Held lists of one appliance, each got by a call of some length, and a question a while later.

    The number is the monotonic clock of the question. The appliance's clock is `skew` ahead of ours; its Date header
    shows a whole second of some moment of the call.
    """
    zone = draw(st.sampled_from(ZONES))
    rendering, skew = draw(renderings(zone)), draw(st.sampled_from([0.0, 0.4, -7.3, 3600.0, -86_400.0]))
    records = list(records_of(zone))
    question = draw(questions(zone))
    held = []
    ended = NOWS[zone] - skew
    for asked in [draw(wider(zone, question.asked)) for _ in range(draw(st.integers(1, 3)))]:
        took, asked_at = draw(st.sampled_from([0.0, 0.3, 12.0])), ended
        made, dated = (ended + took * draw(st.floats(0, 1)) for _ in range(2))
        ended += took
        shown = float(int(dated + skew)) - ended
        rows = stamped(reply_of(listed(records, asked, zone, made + skew), rendering), zone)
        known = draw(st.sampled_from([shown, shown, None]))
        held.append(held_of(rows, asked, asked_at=asked_at - BOOT, took=took, wall_at=ended, skew_s=known))
    wall = ended + draw(st.sampled_from([0.0, 0.5, 59.0, 3 * HOUR]))
    truth = listed(records, question.asked, zone, wall + skew)
    return zone, question, held, wall - BOOT, truth, skew


def worded(record: Record, question: Question) -> bool:
    names = {record.display_type.lower(), canonical_word(record.core_type)}
    status = {None: "None", 0: "Success", 1: "Warning", 2: "Failure"}[record.status]
    types, statuses = question.words.types, question.words.statuses
    return (types is None or not names.isdisjoint(types)) and (statuses is None or status in statuses)


@settings(max_examples=250)
@given(situations())
def test_rows_served_from_a_held_list_are_those_that_the_appliance_lists(situation: Any) -> None:
    _, question, held, now, truth, _ = situation
    served = choose(question, None, held, now=now, need=NEED, limits=LIMITS)
    if served is not None:
        keys = [(record.start, record.id, record.client_id) for record in truth if worded(record, question)]
        got = [whole(row) for row in picked(served)]
        assert [(id_, client) for id_, client in got] == [(id_, client) for _, id_, client in keys]


@settings(max_examples=120)
@given(situations())
def test_a_list_that_covers_a_question_holds_every_row_of_it(situation: Any) -> None:
    _, question, held, now, truth, _ = situation
    for one in held:
        if covers(one, question.asked, appliance_now(one, now)):
            rows = [whole(row) for row in read(one.fetched.backups)]
            for record in truth:
                assert (record.id, record.client_id) in rows


@settings(max_examples=120)
@given(situations())
def test_the_appliances_clock_lies_where_it_is_thought_to_be(situation: Any) -> None:
    _, _, held, now, _, skew = situation
    for one in held:
        clock = appliance_now(one, now)
        assert clock is None or clock.low <= now + BOOT + skew <= clock.high
