"""A cursor walk sees one frozen answer: every row once, whatever changes meanwhile (contract section 5.2)."""

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from tests.forms.fleet import MIXED, stir
from tests.forms.reading import assert_cells, follow, links, paging, row_texts, sorted_rows, steady, table_of
from tests.forms.walking import next_cursor, rows_of, sizes_of, texts_of, walk
from tests.gateway.live import Client, gateway_over, small

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"system_id": [2, 9]},
    {"status": "Success"},
    {"order_by": "start_epoch", "order_direction": "desc"},
    {"order_by": "output"},
    {"fields": ["id"], "order_by": "size"},
    {"client_id": 999_999},
    {"start_hours": 48, "system_id": 10},
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over(MIXED) as made:
        yield made


@pytest.mark.parametrize("by_get", [False, True], ids=["POST", "GET"])
@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_a_walk_has_the_rows_of_the_plain_answer(client: Client, question: dict[str, Any], by_get: bool):
    plain = await client.post(question)
    total = plain.json["total"]
    for size in (97, max(1, total), total + 1):
        pages = await walk(client, question, size, by_get=by_get)
        assert [text for page in pages for text in row_texts(page)] == row_texts(plain)
        assert sizes_of(pages[:-1]) == [size] * (len(pages) - 1)
        assert len(pages[-1].rows) > 0 or total == 0, "the end is told by the last page itself"
        for number, page in enumerate(pages, 1):
            assert paging(page)[:3] == (size, number, total)
            assert page.json["total"] == total
            assert [steady(entry) for entry in page.json["systems"]] == [
                steady(entry) for entry in plain.json["systems"]
            ]


async def test_pages_of_one_row_make_the_whole(client: Client):
    plain = await client.post({"system_id": 9})
    assert rows_of(await walk(client, {"system_id": 9}, 1)) == plain.rows


async def test_a_page_may_be_asked_again(client: Client):
    """An answer that was lost on its way costs no rows."""
    cursors = [next_cursor(await client.post({"page_size": 400}))]
    rows = []
    while cursors[-1] is not None:
        first, second = [await client.post({"cursor": cursors[-1]}) for _ in range(2)]
        assert first.rows == second.rows
        rows += first.rows
        cursors.append(next_cursor(second))
    assert rows == (await client.post()).rows[400:]


async def test_a_walk_asks_no_appliance(client: Client):
    first = await client.post({"page_size": 300})
    calls = client.calls()
    cursor = next_cursor(first)
    while cursor is not None:
        answer = await client.post({"cursor": cursor}, Cache_Control="no-cache")
        cursor = next_cursor(answer)
    assert client.calls() == calls


@pytest.mark.parametrize(
    "question", [{}, {"order_by": "size"}, {"status": "Success"}, {"max_age": 0}, {"fields": ["id", "output"]}], ids=str
)
async def test_rows_that_come_go_and_change_meanwhile_are_none_of_a_walks_business(question: dict[str, Any]):
    rng = Random(f"walk/{question}")
    async with gateway_over([small(number, rows=80) for number in range(1, 5)]) as client:
        plain = await client.post(question)

        async def between(page: int) -> None:
            for appliance in client.farm:
                stir(appliance, rng)
            others = ({"max_age": 0}, {"client_id": 5, "max_age": 0}, {"order_by": "output"}, {"page_size": 3})
            await client.post(others[page % 4])

        pages = await walk(client, question, 23, between)
        assert len(pages) > 3
        assert texts_of(rows_of(pages)) == texts_of(plain.rows)
        assert {page.json["total"] for page in pages} == {plain.json["total"]}
        assert (await client.post({"max_age": 0})).rows != plain.rows


async def test_an_appliance_that_dies_in_between_changes_nothing():
    async with gateway_over(3) as client:
        plain = await client.post()

        async def between(page: int) -> None:
            await client.farm[page % 3].inject("refusing")
            client.farm[(page + 1) % 3].records.clear()
            await client.post({"max_age": 0})

        pages = await walk(client, {}, 20, between)
        assert texts_of(rows_of(pages)) == texts_of(plain.rows)
        assert {page.status for page in pages} == {200}
        assert {str([steady(entry) for entry in page.json["systems"]]) for page in pages} == {
            str([steady(entry) for entry in plain.json["systems"]])
        }


async def test_walks_side_by_side_do_not_meet(client: Client):
    """Some of the same question, some of others, each at its own pace."""
    questions = [QUESTIONS[place % 6] for place in range(24)]
    plain = [await client.post(question) for question in questions]
    sizes = [50 + 13 * place for place in range(24)]
    walks = await asyncio.gather(
        *(walk(client, question, size) for question, size in zip(questions, sizes, strict=True))
    )
    for pages, answer in zip(walks, plain, strict=True):
        assert rows_of(pages) == answer.rows


async def test_walks_before_and_after_a_change_each_see_their_own_rows():
    async with gateway_over([small(1, rows=60)]) as client:
        before = await client.post()
        old = await client.post({"page_size": 10})
        stir(client.farm[0], Random(1))
        after = await client.post({"max_age": 0})
        new = await client.post({"page_size": 10})
        for first, plain in ((old, before), (new, after), (old, before)):
            rows, answer = list(first.rows), first
            while (cursor := next_cursor(answer)) is not None:
                answer = await client.post({"cursor": cursor})
                rows += answer.rows
            assert texts_of(rows) == texts_of(plain.rows)


async def test_a_walk_that_begins_behind_a_failure_tells_of_it():
    """The rows are those of a walk under way; what is known of their system is not."""
    async with gateway_over(2) as client:
        healthy = await client.post({"page_size": 20})
        await client.farm[0].inject("html")
        pages = await walk(client, {"max_age": 0}, 20)
        assert {str(page.states) for page in pages} == {str({1: "stale", 2: "ok"})}
        assert {page.headers["X-Gateway-Complete"] for page in pages} == {"false"}
        assert rows_of(await walk(client, {}, 20)) == rows_of(pages)
        assert (await client.post({"page_size": 20})).states == (await client.post()).states == {1: "stale", 2: "ok"}
        assert (await client.post({"cursor": next_cursor(healthy)})).states == {1: "ok", 2: "ok"}


async def test_a_numbered_page_can_be_gone_on_from(client: Client):
    plain = await client.post()
    answer = await client.post({"page_size": 300, "page_number": 3})
    rows = list(answer.rows)
    while (cursor := next_cursor(answer)) is not None:
        answer = await client.post({"cursor": cursor})
        rows += answer.rows
    assert rows == plain.rows[600:]


async def test_a_sorted_walk_stays_sorted_while_keys_change():
    rng = Random("keys")
    async with gateway_over([small(number, rows=70) for number in (1, 2, 3)]) as client:
        expected = sorted_rows((await client.post()).rows, "size", "desc")

        async def between(_page: int) -> None:
            stir(client.farm[1], rng)
            await client.post({"max_age": 0, "order_by": "size"})

        pages = await walk(client, {"order_by": "size", "order_direction": "desc"}, 30, between)
        assert texts_of(rows_of(pages)) == texts_of(expected)


async def test_a_table_is_walked_by_its_links_while_rows_change():
    rng = Random("table")
    async with gateway_over([small(1, rows=60), small(2, rows=60)]) as client:
        plain, begun = await client.post(), 0
        page = await client.get("page_size=50&format=csv")
        while True:
            assert_cells(table_of(page), plain.rows[begun : begun + 50], of=plain.rows)
            if (target := links(page).get("next")) is None:
                break
            for appliance in client.farm:
                stir(appliance, rng)
            await client.post({"max_age": 0})
            page, begun = await follow(client, target), begun + 50
        assert begun == 100


async def test_a_walk_that_goes_on_stays_however_many_others_begin():
    """Of the same lists in other orders, which cost their order alone."""
    async with gateway_over([small(number, rows=60) for number in (1, 2)], cache={"memory_bytes": 2_000_000}) as client:
        plain = await client.post()
        keys = list(plain.rows[0])

        async def between(page: int) -> None:
            for place in range(8):
                key = keys[(page * 8 + place) % len(keys)]
                assert (await client.post({"order_by": key, "page_size": 5})).status == 200

        assert rows_of(await walk(client, {}, 6, between)) == plain.rows


async def test_a_walk_outlives_a_cache_that_is_too_small_for_anything_else():
    """Other questions push held lists out; the walk is a promise, and goes on."""
    async with gateway_over(
        [small(number, rows=60) for number in range(1, 5)], cache={"memory_bytes": 300_000}
    ) as client:
        plain = await client.post()

        async def between(page: int) -> None:
            for client_id in range(2, 8):
                await client.post({"client_id": client_id, "max_age": 0})
            await client.post({"start_hours": 100 + page})

        pages = await walk(client, {"max_age": 1000}, 60, between)
        assert rows_of(pages) == plain.rows
