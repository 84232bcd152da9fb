"""Walks through pages, as a client makes them."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.forms.reading import Row, follow, links, query_of
from tests.gateway.live import Answer, Client

Between = Callable[[int], Awaitable[object]]


async def nothing(_page: int) -> None:
    """What happens between two pages of a quiet walk."""


async def walk(
    client: Client, question: Mapping[str, Any], size: int, between: Between = nothing, *, by_get: bool = False
) -> list[Answer]:
    """Every page of a cursor walk; `between` is called with the number of pages read so far."""
    first = {**question, "page_size": size}
    pages = [await (client.get(query_of(first)) if by_get else client.post(first))]
    while (cursor := next_cursor(pages[-1])) is not None:
        await between(len(pages))
        step = {"cursor": cursor}
        pages.append(await (client.get(query_of(step)) if by_get else client.post(step)))
        assert len(pages) <= pages[0].json["total"] + 1, "a walk without an end"
    return pages


async def walk_by_links(client: Client, query: str) -> list[Answer]:
    """Every page from a query string on, by the `Link` to the next one."""
    pages = [await client.get(query)]
    while (target := links(pages[-1]).get("next")) is not None:
        pages.append(await follow(client, target))
        assert pages[-1].status == 200, pages[-1].body[:300]
        assert len(pages) <= int(pages[0].headers["Paging-Total-Records"]) + 1, "a walk without an end"
    return pages


def next_cursor(answer: Answer) -> str | None:
    assert answer.status == 200, answer.body[:300]
    assert "next_cursor" in answer.json
    return answer.json["next_cursor"]


def rows_of(pages: list[Answer]) -> list[Row]:
    return [row for page in pages for row in page.rows]


def sizes_of(pages: list[Answer]) -> list[int]:
    return [len(page.rows) for page in pages]


def texts_of(rows: list[Row]) -> list[str]:
    """Rows as texts, to be counted."""
    return [json.dumps(row) for row in rows]
