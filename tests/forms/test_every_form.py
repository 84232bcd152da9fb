"""Any question has the same rows in every form, on quiet appliances and on busy ones."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.simulator import Appliance
from tests.forms.every_form import Question, arranged, forms_for
from tests.forms.fleet import MIXED, stir
from tests.forms.reading import NDJSON, Row, lines_of
from tests.forms.walking import walk
from tests.gateway.live import Client, gateway_over, small
from tests.gateway.oracle import expected_row
from tests.gateway.test_filters import random_question

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = (
    *("id", "client_name", "size", "status", "type", "start_epoch", "finish_epoch", "output", "storage", "files"),
    *("system_name", "client_os", "new_in_12", "=key", "no_such_field", "complete", "legalhold", "gfs_rp_type"),
)
SORTABLE = tuple(key for key in KEYS if key not in ("complete", "legalhold"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over(MIXED) as made:
        yield made


def random_shape(rng: Random) -> dict[str, Any]:
    """Some fields, some order, or none."""
    shape: dict[str, Any] = {}
    if rng.random() < 0.5:
        fields = rng.sample(KEYS, rng.randint(1, 6))
        shape["fields"] = fields[0] if len(fields) == 1 else fields
    if rng.random() < 0.5:
        shape["order_by"] = rng.choice(SORTABLE)
        shape["order_direction"] = rng.choice(("asc", "desc", "DESC", None))
    return shape


async def agree(client: Client, filters: dict[str, Any], shape: dict[str, Any]) -> None:
    """The plain rows, arranged by the test, are what every form shows."""
    question: Question = {key: value for key, value in {**filters, **shape}.items() if value is not None}
    before = await client.post(filters)
    assert before.status == 200, (filters, before.body[:300])
    found = {name: await form(client, question) for name, form in forms_for(question).items()}
    plain = (await client.post(dict(question))).rows
    after = await client.post(filters)
    # Hours back from now slide: a row on the very edge may leave while the question is on its way.
    truths = [arranged(answer.rows, question) for answer in (before, after)]
    assert plain in truths, question
    for name, check in found.items():
        try:
            check(truths[0])
        except AssertionError:
            assert truths[0] != truths[1], (name, question)
            check(truths[1])


@pytest.mark.parametrize("part", range(5))
async def test_random_questions_have_the_same_rows_in_every_form(client: Client, part: int):
    rng = Random(f"forms/{part}")
    for _ in range(8):
        await agree(client, random_question(rng), random_shape(rng))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.randoms(use_true_random=False))
async def test_no_question_can_be_found_that_differs_by_its_form(client: Client, rng: Random):
    await agree(client, random_question(rng) if rng.random() < 0.8 else {}, random_shape(rng))


class Busy:
    """An appliance that changes all the time, and every state that its list ever had."""

    def __init__(self, number: int, appliance: Appliance, rng: Random) -> None:
        self.number = number
        self.appliance = appliance
        self._rng = rng
        self.states = {self.now()}

    def now(self) -> str:
        rows = [expected_row(self.appliance.spec, record, self.number) for record in self.appliance.records]
        return json.dumps(rows)

    def change(self) -> None:
        stir(self.appliance, self._rng)
        self.states.add(self.now())

    def assert_was_so(self, rows: list[Row]) -> None:
        """These rows are the list as it was at one moment: no row twice, none lost, no two moments mixed."""
        own = [row for row in rows if row["system_id"] == self.number]
        assert json.dumps(own) in self.states


async def changing(busy: list[Busy]) -> None:
    """Change one after the other, at each turn of the loop that lets us."""
    while True:
        for each in busy:
            each.change()
            await asyncio.sleep(0.003)


@contextlib.asynccontextmanager
async def busy_site() -> AsyncIterator[tuple[Client, list[Busy]]]:
    """Appliances that change while the block runs."""
    async with gateway_over([small(number, rows=50) for number in range(1, 4)]) as client:
        busy = [Busy(number, appliance, Random(number)) for number, appliance in enumerate(client.farm, 1)]
        task = asyncio.create_task(changing(busy))
        try:
            yield client, busy
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def whole(client: Client) -> list[Row]:
    return (await client.post({"max_age": 0})).rows


async def lines(client: Client) -> list[Row]:
    return lines_of(await client.post({"max_age": 0}, Accept=NDJSON)).in_order()


async def walked(client: Client) -> list[Row]:
    return [row for page in await walk(client, {"max_age": 0}, 19) for row in page.rows]


async def ordered(client: Client) -> list[Row]:
    """Sorted by what every row has alike, which leaves the rows of each system as they were."""
    return (await client.post({"max_age": 0, "order_by": "system_name", "order_direction": "desc"})).rows


@pytest.mark.parametrize("form", [whole, lines, walked, ordered])
async def test_each_answer_shows_one_moment_of_each_appliance(form):
    async with busy_site() as (client, busy):
        for _ in range(8):
            for rows in await asyncio.gather(*(form(client) for _ in range(3))):
                for each in busy:
                    each.assert_was_so(rows)
        assert all(len(each.states) > 8 for each in busy)


async def test_every_change_is_seen_by_every_form_that_asks_anew():
    """Nothing of a form is kept longer than the list behind it."""
    rng = Random("anew")
    async with gateway_over([small(number, rows=40) for number in (1, 2)]) as client:
        for turn in range(12):
            appliance = client.farm[turn % 2]
            stir(appliance, rng)
            truth = Busy(turn % 2 + 1, appliance, rng)
            fresh = await client.post({"max_age": 0, "system_id": truth.number})
            truth.assert_was_so(fresh.rows)
            everything = await client.post()
            assert everything.rows_of(truth.number) == fresh.rows_of(truth.number)
            for form in forms_for({}).values():
                (await form(client, {}))(everything.rows)
