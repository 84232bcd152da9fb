"""Any filter, cold and from what is held, means to the gateway what it means to each appliance alone."""

import json
from collections.abc import AsyncIterator
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.simulator import ApplianceSpec
from gateway.simulator.core_types import ALTERNATES, COPY_TYPES, DISPLAY_TYPES
from tests.gateway.fleet import STRANGE, record_of
from tests.gateway.live import Answer, Client, gateway_over
from tests.gateway.oracle import STATUS_WORDS, expected_rows, local_text

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILTERS = 150
WORDS = tuple(dict.fromkeys([*DISPLAY_TYPES, *DISPLAY_TYPES.values(), *ALTERNATES, *COPY_TYPES.values(), "no such"]))
Question = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over(STRANGE) as made:
        yield made


def random_question(rng: Random) -> Question:
    """Some of all filters, around the facts of some record, so that most of them find something."""
    number, record = record_of(rng.choice)
    spec = STRANGE[number - 1]

    def near(epoch: int | None) -> int:
        return (epoch or record.start) + rng.choice((0, 0, -1, 1, -59, 59, -3600, 3600, 86_400))

    makers = {
        "system_id": lambda: rng.choice((number, str(number), [number], rng.sample(range(1, len(STRANGE) + 1), 3))),
        "client_id": lambda: _loosely(rng, record.client_id),
        "instance_id": lambda: _loosely(rng, record.instance_id or 20),
        "type": lambda: _words(rng, record.display_type, record.core_type),
        "status": lambda: _one_or_many(rng, list(STATUS_WORDS.values())),
        "start_time": lambda: _loosely(rng, near(record.start)),
        "end_time": lambda: _loosely(rng, near(record.start)),
        "start_day": lambda: day_of(spec, near(record.start)),
        "end_day": lambda: day_of(spec, near(record.start)),
        "finish_interval_start": lambda: _loosely(rng, near(record.end)),
        "finish_interval_end": lambda: _loosely(rng, near(record.end)),
        "start_hours": lambda: rng.randint(0, 80),
        "end_hours": lambda: rng.randint(0, 80),
        "backup_ids": lambda: [_loosely(rng, record.id or 7), *(rng.randint(1000, 7000) for _ in range(3))],
    }
    keys = rng.sample(sorted(makers), rng.choice((1, 1, 1, 2, 2, 3, 4)))
    return _ordered({key: None if rng.random() < 0.05 else makers[key]() for key in keys})


def day_of(spec: ApplianceSpec, epoch: int) -> str:
    """The appliance's own day at an instant."""
    return local_text(epoch, ZoneInfo(spec.timezone), seconds=False)[:10]


def _loosely(rng: Random, number: int) -> int | str:
    return str(number) if rng.random() < 0.3 else number


def _one_or_many(rng: Random, words: list[str]) -> Any:
    chosen = [rng.choice((str.lower, str.upper, str))(word) for word in rng.sample(words, rng.randint(1, 3))]
    return chosen[0] if len(chosen) == 1 and rng.random() < 0.5 else chosen


def _words(rng: Random, *known: str) -> Any:
    return _one_or_many(rng, [*known, *rng.sample(WORDS, 2)])


def _ordered(question: Question) -> Question:
    """The same question with its bounds in order, as a start after its end is refused."""
    pairs = (("start_time", "end_time"), ("finish_interval_start", "finish_interval_end"), ("start_day", "end_day"))
    for low, high in pairs:
        if question.get(low) is not None and question.get(high) is not None:
            first, last = sorted((question[low], question[high]), key=_place)
            question |= {low: first, high: last}
    return question


def _place(bound: int | str) -> tuple[int, ...]:
    if isinstance(bound, str) and "/" in bound:
        month, day, year = map(int, bound.split("/"))
        return (year, month, day)
    return (int(bound),)


def truths(client: Client, question: Question) -> list[dict[str, Any]]:
    """What each asked appliance would list for the question now, unified."""
    wanted = question.get("system_id")
    asked = wanted if isinstance(wanted, list) else [wanted]
    numbers = sorted({int(number) for number in asked}) if wanted is not None else range(1, len(client.farm) + 1)
    rows = []
    for number in numbers:
        appliance = client.farm[number - 1]
        now = appliance.spec.clock()
        rows += expected_rows(STRANGE[number - 1], appliance.records, number, question, now)
    return rows


async def agree(client: Client, question: Question) -> None:
    """From a wider held list, cold, and from the list that is held then: three times the truth."""
    for more in ({}, {"max_age": 0}, {}):
        before = truths(client, question)
        answer = await client.post(question | more)
        assert answer.status == 200, (question, answer.body[:300])
        assert answer.json["complete"], (question, answer.json["systems"])
        # Hours back from now slide: a row on the very edge may leave while the question is on its way.
        assert answer.rows in (before, truths(client, question)), (question, more, _difference(before, answer))
        assert sum(entry["rows"] for entry in answer.json["systems"]) == answer.json["total"] == len(answer.rows)


def _difference(expected: list[dict[str, Any]], answer: Answer) -> tuple[list[str], list[str]]:
    want, got = ({json.dumps(row) for row in rows} for rows in (expected, answer.rows))
    return sorted(want - got)[:2], sorted(got - want)[:2]


@pytest.mark.parametrize("part", range(5))
async def test_random_filters_mean_the_same_to_the_gateway_and_to_its_appliances(client: Client, part: int):
    rng = Random(f"filters/{part}")
    await client.post()  # everything is held, so that narrower questions may be answered from it
    for _ in range(FILTERS // 5):
        await agree(client, random_question(rng))


@settings(settings.get_profile("gateway"))
@given(st.randoms(use_true_random=False))
async def test_no_filter_can_be_found_that_means_something_else(client: Client, rng: Random):
    await agree(client, random_question(rng))


@pytest.mark.parametrize("word", WORDS)
async def test_a_type_word_finds_the_same_rows_on_every_appliance(client: Client, word: str):
    question = {"type": word.upper()}
    answer = await client.post(question)
    assert answer.rows == truths(client, question), _difference(truths(client, question), answer)


@pytest.mark.parametrize("status", STATUS_WORDS.values())
async def test_a_status_finds_the_same_rows_on_every_appliance(client: Client, status: str):
    answer = await client.post({"status": status.lower()})
    assert answer.rows == truths(client, {"status": status})
    assert {row["status"] for row in answer.rows} == {status}


async def test_narrower_questions_are_answered_from_a_wider_held_list_without_a_call(client: Client):
    await client.post()
    calls = client.calls()
    question = {"client_id": 5, "status": "Success"}
    answer = await client.post(question)
    assert {entry["source"] for entry in answer.json["systems"]} == {"narrowed"}
    assert client.calls() == calls
    assert answer.rows == truths(client, question)


async def test_days_around_a_change_of_the_zone_are_days_of_each_appliances_own_zone(client: Client):
    for number, spec in enumerate(STRANGE, 1):
        for back in range(4):
            day = day_of(spec, int(spec.clock()) - back * 86_400)
            await agree(client, {"system_id": number, "start_day": day, "end_day": day})


async def test_bounds_are_inclusive(client: Client):
    for number, spec in enumerate(STRANGE, 1):
        start = spec.records[len(spec.records) // 2].start
        question = {"system_id": number, "start_time": start, "end_time": start}
        answer = await client.post(question | {"max_age": 0})
        assert answer.rows == truths(client, question) != []


async def test_every_row_can_be_found_by_its_own_facts(client: Client):
    """A dozen rows of each appliance, each asked for by all that is known of it."""
    for number, spec in enumerate(STRANGE, 1):
        for record in spec.records[:: len(spec.records) // 12]:
            question: Question = {
                "system_id": number,
                "client_id": record.client_id,
                "instance_id": record.instance_id,
                "type": record.core_type,
                "status": STATUS_WORDS[record.status],
                "start_time": record.start,
                "end_time": record.start,
                "finish_interval_start": record.end,
                "backup_ids": None if record.id is None else [record.id],
            }
            answer = await client.post(question)
            assert answer.rows, question
            assert answer.rows == truths(client, question)
