"""Numbered pages: slices of the whole answer, with headers and links that can be followed (contract section 5.2)."""

import math
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.forms.reading import CSV, assert_cells, cut, follow, links, media_type, paging, query_of, steady, table_of
from tests.forms.sites import managed
from tests.forms.walking import rows_of, walk, walk_by_links
from tests.gateway.live import Answer, Client, gateway_over, small

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUSTOMER = "Größe & Söhne; 100 % + mehr = #1?"
FLEET = [small(1, customer=CUSTOMER, tags=("a b", "c/d")), small(2, rows=25), small(3, customer=CUSTOMER, tls=True)]
ALL = 85
QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"system_id": 2},
    {"sid": [3, 1]},
    {"status": ["Success", "Warning"]},
    {"customer": CUSTOMER, "tag": ["a b", "c/d"]},
    {"order_by": "size", "order_direction": "desc"},
    {"order_by": "finish_epoch", "fields": ["id", "type"]},
    {"type": ["sql transaction", "Full"], "status": "success"},
    {"client_id": 999_999},
    {"fields": "start_epoch", "max_stale": 7.5, "require": [1, 2, 3]},
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over(FLEET) as made:
        yield made


def assert_page(page: Answer, plain: Answer, size: int, number: int) -> None:
    """One page of the plain answer, and what it tells of the others."""
    total = plain.json["total"]
    pages = math.ceil(total / size)
    assert page.status == 200, page.body[:300]
    assert page.rows == plain.rows[(number - 1) * size : number * size]
    assert page.json["total"] == total == sum(entry["rows"] for entry in page.json["systems"])
    assert [steady(entry) for entry in page.json["systems"]] == [steady(entry) for entry in plain.json["systems"]]
    assert paging(page)[:3] == (size, number, total)
    assert paging(page)[3] in ((pages,) if total else (0, 1))
    assert (page.json["next_cursor"] is None) is (number >= pages)
    assert page.headers["X-Gateway-Complete"] == plain.headers["X-Gateway-Complete"]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
@pytest.mark.parametrize("size", [1, 7, 85, 1000])
async def test_pages_are_slices_of_the_whole(client: Client, question: dict[str, Any], size: int):
    plain = await client.post(question)
    last = max(1, math.ceil(plain.json["total"] / size))
    for number in {1, 2, (last + 1) // 2, last, last + 1}:
        asked = question | {"page_size": size, "page_number": number}
        assert_page(await client.post(asked), plain, size, number)
        assert_page(await client.get(query_of(asked)), plain, size, number)


async def test_numbers_may_be_digit_strings(client: Client):
    plain = await client.post()
    assert_page(await client.post({"page_size": "10", "page_number": "2"}), plain, 10, 2)


@pytest.mark.parametrize("number", [ALL + 1, 10**6, 2**62])
async def test_a_page_beyond_the_end_is_empty(client: Client, number: int):
    for answer in (
        await client.post({"page_size": 1, "page_number": number}),
        await client.post({"page_size": 1, "page_number": number, "order_by": "size", "fields": "id"}),
        await client.get(f"page_size=1&page_number={number}"),
    ):
        assert (answer.status, answer.rows, answer.json["next_cursor"]) == (200, [], None)
        assert paging(answer) == (1, number, ALL, ALL)
        assert "next" not in links(answer)


@pytest.mark.parametrize(
    ("number", "relations"),
    [
        (1, {"first", "next", "last"}),
        (2, {"first", "prev", "next", "last"}),
        (9, {"first", "prev", "last"}),
    ],
)
async def test_links_are_those_that_apply(client: Client, number: int, relations: set[str]):
    plain = await client.post()
    targets = {"first": 1, "prev": number - 1, "next": number + 1, "last": 9}
    for answer in (
        await client.get(f"page_size=10&page_number={number}"),
        await client.post({"page_size": 10, "page_number": number}),
    ):
        found = links(answer)
        # The links of an end to itself may be left out.
        assert relations - ({"first"} if number == 1 else {"last"} if number == 9 else set()) <= found.keys()
        assert found.keys() <= relations
        for relation, target in found.items():
            assert_page(await follow(client, target), plain, 10, targets[relation])


async def test_one_page_that_holds_everything_has_no_other_beside_it(client: Client):
    answer = await client.get(f"page_size={ALL}&page_number=1")
    assert not links(answer).keys() & {"next", "prev"}
    assert answer.json["next_cursor"] is None


@pytest.mark.parametrize(("page", "kept"), [({"page_size": 85}, 0), ({"page_size": 84}, 1)], ids=str)
async def test_what_is_all_on_one_page_is_not_held_for_others(page: dict[str, int], kept: int):
    """Only for a minute, for who asks for the first or the last page again by its link."""
    async with managed(FLEET) as site:
        await site.client.get(query_of(page))
        walks = site.site.gateway.walks._walks
        for seconds, held in ((59.0, 1), (2.0, kept)):
            site.clock.by += seconds
            walks.expire()
            assert len(walks) == held


async def test_a_page_of_a_walk_that_is_not_held_links_to_none_of_it():
    async with gateway_over(2, cache={"memory_bytes": 4000}) as narrow:
        posted = await narrow.post({"page_size": 5, "page_number": 2})
        asked = await narrow.get("page_size=5&page_number=2")
        assert (posted.json["next_cursor"], links(posted)) == (None, {})
        assert {(await narrow.get(path=target)).status for target in links(asked).values()} == {200}


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_links_lead_through_everything_as_they_are(client: Client, question: dict[str, Any]):
    """Texts with signs of all kinds, lists, fractions: what is asked stays asked from page to page."""
    plain = await client.post(question)
    numbered = await walk_by_links(client, query_of(question | {"page_size": 9, "page_number": 1}))
    cursors = await walk_by_links(client, query_of(question | {"page_size": 9}))
    for pages in (numbered, cursors):
        assert rows_of(pages) == plain.rows
        assert [paging(page)[1] for page in pages] == list(range(1, len(pages) + 1))
        assert [page.json["total"] for page in pages] == [plain.json["total"]] * len(pages)


@pytest.mark.parametrize("path", ["//api/backups", "/api/backups/"])
async def test_links_of_other_spellings_of_the_path_can_be_followed_too(client: Client, path: str):
    answer = await client.get("page_size=10&page_number=2", path)
    for target in links(answer).values():
        got = await client.get(target.partition("?")[2], target.partition("?")[0])
        assert (got.status, media_type(got)) == (200, "application/json")


async def test_an_answer_in_one_piece_tells_nothing_of_pages(client: Client):
    for answer in (await client.post(), await client.get(), await client.get("format=csv")):
        assert not [name for name in answer.headers if name.startswith("Paging-") or name == "Link"]
    assert "next_cursor" not in (await client.post()).json


async def test_head_tells_of_the_pages(client: Client):
    get = await client.get("page_size=10&page_number=3")
    head = await client.request("HEAD", "/api/backups?page_size=10&page_number=3")
    assert (head.status, head.body, paging(head), links(head)) == (200, b"", paging(get), links(get))


async def test_each_page_has_a_tag_of_its_own(client: Client):
    pages = [await client.get(f"page_size=10&page_number={number}") for number in (1, 2, 3)]
    assert len({page.headers["ETag"] for page in pages}) == 3
    again = await client.get("page_size=10&page_number=2", If_None_Match=pages[1].headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    other = await client.get("page_size=10&page_number=2", If_None_Match=pages[0].headers["ETag"])
    assert (other.status, other.rows) == (200, pages[1].rows)


@pytest.mark.parametrize("question", ["client_id=2", "status=Success", "order_by=size"])
async def test_a_page_keeps_its_tag_for_as_long_as_its_rows_do_not_change(question: str):
    """Also where they are picked anew out of a wider list for each question."""
    async with managed([small(1, base_ms=0)]) as site:
        await site.client.post()
        page = f"{question}&page_size=2&page_number=1"
        first = await site.client.get(page)
        for _ in range(3):
            site.clock.by += 25
            again = await site.client.get(page, If_None_Match=first.headers["ETag"])
            assert again.status == 304


async def test_a_page_of_a_walk_has_a_tag_too(client: Client):
    first = await client.get("page_size=30")
    (second, again) = [await follow(client, links(first)["next"]) for _ in range(2)]
    assert first.headers["ETag"] != second.headers["ETag"] == again.headers["ETag"]
    known = await follow(client, links(first)["next"], If_None_Match=second.headers["ETag"])
    assert (known.status, known.body) == (304, b"")


@pytest.mark.parametrize("question", [{}, {"order_by": "size"}, {"fields": ["id", "output"]}], ids=str)
async def test_tables_have_pages_and_their_links_lead_to_tables(client: Client, question: dict[str, Any]):
    """The next page of a table is a table, whether the question or the header asked for it."""
    plain = await client.post(question)
    asked = question | {"page_size": 12, "format": "csv"}
    for first in (asked, asked | {"page_number": 1}):
        answer, begun = await client.get(query_of(first)), 0
        while True:
            size, _, total, _ = paging(answer)
            assert (size, total) == (12, ALL)
            assert_cells(table_of(answer), plain.rows[begun : begun + 12], question.get("fields"), plain.rows)
            if "next" not in links(answer):
                break
            answer, begun = await follow(client, links(answer)["next"]), begun + 12
        assert begun == ALL // 12 * 12
    by_header = await client.get(query_of(question | {"page_size": 12}), Accept=CSV)
    assert_cells(table_of(by_header), plain.rows[:12], question.get("fields"), plain.rows)
    following = await follow(client, links(by_header)["next"], Accept=CSV)
    assert_cells(table_of(following), plain.rows[12:24], question.get("fields"), plain.rows)


async def test_pages_of_one_table_have_the_same_columns(client: Client):
    """What occurs in the frozen answer is a column of each of its pages, so that they can be put together."""
    whole = table_of(await client.get("format=csv"))
    pages = await walk_by_links(client, "format=csv&page_size=9")
    assert {tuple(table_of(page).header) for page in pages} == {tuple(whole.header)}
    assert [record for page in pages for record in table_of(page).records] == whole.records


async def test_a_page_tells_of_missing_systems_like_the_whole():
    async with gateway_over(3) as client:
        await client.farm[1].inject("html")
        plain = await client.post()
        page = await client.post({"page_size": 7, "page_number": 2})
        assert page.json["complete"] is False
        assert page.states == plain.states
        assert page.rows == plain.rows[7:14]


@pytest.mark.parametrize("page", [{"page_size": 7}, {"page_size": 7, "page_number": 1}], ids=str)
async def test_a_page_of_less_than_was_required_is_the_same_page_with_another_status(page: dict[str, int]):
    async with gateway_over(3) as client:
        await client.farm[1].inject("html")
        enough, short = await client.post(page), await client.post(page | {"require": "all"})
        assert (enough.status, short.status) == (200, 502)
        assert short.json["result"]
        assert (short.json["total"], short.rows) == (60, enough.rows)


async def test_every_page_of_a_walk_says_that_less_than_was_required_is_there():
    async with gateway_over(3) as client:
        await client.farm[1].inject("html")
        pages = [await client.get("require=all&page_size=25")]
        while (cursor := pages[-1].json["next_cursor"]) is not None:
            pages.append(await client.get(f"cursor={cursor}"))
        assert [(page.status, page.json["status"]) for page in pages] == [(502, 502)] * 3
        assert ["ETag" in page.headers for page in pages] == [False] * 3


async def test_the_added_window_is_told_by_every_page():
    async with gateway_over([small(1, rows=400)], fanout={"default_window_days": 2}) as client:
        plain = await client.post()
        for pages in (await walk(client, {}, 25), await walk_by_links(client, "page_size=25&page_number=1")):
            assert {page.json["window"]["start_epoch"] for page in pages} == {plain.json["window"]["start_epoch"]}
            assert rows_of(pages) == plain.rows


async def test_a_numbered_page_needs_no_memory_for_the_others():
    """Nothing but the page is asked for: a list that is larger than all memory for lists is cut all the same."""
    async with gateway_over([small(1, rows=400)], cache={"memory_bytes": 100_000}) as client:
        plain = await client.post()
        answer = await client.post({"page_size": 10, "page_number": 3})
        assert answer.status == 200, answer.body[:300]
        assert (answer.json["total"], answer.rows) == (400, plain.rows[20:30])


async def test_fields_are_cut_after_sorting(client: Client):
    ordered = await client.post({"order_by": "size"})
    page = await client.post({"order_by": "size", "fields": ["id"], "page_size": 10, "page_number": 2})
    assert page.rows == cut(ordered.rows[10:20], ("id",))
