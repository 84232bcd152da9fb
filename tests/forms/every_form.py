"""One question asked in every form, and whether the rows agree."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.forms.reading import (
    CSV,
    NDJSON,
    Row,
    assert_cells,
    cut,
    lines_of,
    opened,
    query_of,
    sorted_rows,
    table_of,
)
from tests.forms.walking import rows_of, walk, walk_by_links
from tests.gateway.live import Answer, Client

Question = Mapping[str, Any]
Asked = Callable[[list[Row]], None]
"""An answer that was read: raises where it does not show these rows."""


def shown(rows: list[Row]) -> Asked:
    """For forms that give rows."""

    def check(wanted: list[Row]) -> None:
        assert rows == wanted

    return check


async def _packed(client: Client, question: Question) -> Asked:
    headers = client.credentials | {"Accept-Encoding": "gzip"}
    data = json.dumps(dict(question)).encode()
    answer = await client.request("POST", "/api/backups", data=data, headers=headers, auto_decompress=False)
    return shown(opened(answer).rows)


async def _by_get(client: Client, question: Question) -> Asked:
    return shown((await client.get(query_of(question))).rows)


async def _lines(client: Client, question: Question) -> Asked:
    return shown(lines_of(await client.post(dict(question), Accept=NDJSON)).in_order())


async def _lines_by_get(client: Client, question: Question) -> Asked:
    return shown(lines_of(await client.get(query_of({**question, "format": "ndjson"}))).in_order())


def _cells(answer: Answer, question: Question) -> Asked:
    fields = question.get("fields")
    table = table_of(answer)
    return lambda wanted: assert_cells(table, wanted, [fields] if isinstance(fields, str) else fields)


async def _table(client: Client, question: Question) -> Asked:
    return _cells(await client.post({**question, "format": "csv"}), question)


async def _table_by_get(client: Client, question: Question) -> Asked:
    return _cells(await client.get(query_of(question), Accept=CSV), question)


async def _walk(client: Client, question: Question) -> Asked:
    return shown(rows_of(await walk(client, question, 61)))


async def _numbered(client: Client, question: Question) -> Asked:
    return shown(rows_of(await walk_by_links(client, query_of({**question, "page_size": 83, "page_number": 1}))))


async def _linked(client: Client, question: Question) -> Asked:
    return shown(rows_of(await walk_by_links(client, query_of({**question, "page_size": 101}))))


UNSORTED: Mapping[str, Callable[[Client, Question], Awaitable[Asked]]] = {
    "ndjson": _lines,
    "ndjson by GET": _lines_by_get,
}
FORMS: Mapping[str, Callable[[Client, Question], Awaitable[Asked]]] = {
    "gzip": _packed,
    "GET": _by_get,
    "csv": _table,
    "csv by GET": _table_by_get,
    "cursors": _walk,
    "numbered pages": _numbered,
    "linked pages": _linked,
}


def forms_for(question: Question) -> Mapping[str, Callable[[Client, Question], Awaitable[Asked]]]:
    """The forms in which that question may be asked."""
    return FORMS if question.get("order_by") else {**UNSORTED, **FORMS}


def arranged(rows: list[Row], question: Question) -> list[Row]:
    """Plain rows, sorted and cut as the question wants it."""
    if question.get("order_by"):
        rows = sorted_rows(rows, question["order_by"], question.get("order_direction") or "asc")
    fields = question.get("fields")
    return rows if fields is None else cut(rows, [fields] if isinstance(fields, str) else fields)
