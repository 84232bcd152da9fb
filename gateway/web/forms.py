"""Which form an answer takes: the key `format`, else what the Accept header likes best (contract section 5.2)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from aiohttp import web

from gateway.answers.table import csv_pieces
from gateway.errors import bad_field
from gateway.question.query import BackupQuery
from gateway.question.values import Form

MEDIA: Final[dict[Form, str]] = {"json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv"}
"""The media type of every form, as Accept asks for it, answers carry it and openapi.json tells it."""
_ALSO: Final[dict[str, Form]] = {"application/ndjson": "ndjson", "application/*": "json", "*/*": "json"}
_BY_MEDIA: Final[dict[str, Form]] = {media: form for form, media in MEDIA.items()} | _ALSO

TABLES: Final[dict[Form, Callable[[Sequence[bytes], Sequence[str]], Iterator[bytes]]]] = {"csv": csv_pieces}
"""Who writes the forms that are tables: encoded rows and the names of the columns in, the body in pieces out."""


def saved_as(name: str, form: Form) -> dict[str, str]:
    """Headers of a table: its type, and the file that a browser makes of it. Other forms have none of it."""
    if form not in TABLES:
        return {}
    return {
        "Content-Type": f"{MEDIA[form]}; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}.{form}"',
    }


def form_of(request: web.Request, query: BackupQuery) -> Form:
    """The form; RequestError 400 where the question does not go with it."""
    form = query.form or _liked_best(",".join(request.headers.getall("Accept", ())))
    if form == "ndjson" and query.order_by is not None:
        raise bad_field("order_by", "does not go with ndjson, whose systems come in the order in which they finish")
    if form == "ndjson" and query.page is not None:
        raise bad_field("page_size", "does not go with ndjson, which is a stream")
    if form == "ndjson" and query.cursor is not None:
        raise bad_field("cursor", "does not go with ndjson, which is a stream")
    return form


def _liked_best(accept: str) -> Form:
    """The known media type with the largest weight, the first among equals (RFC 9110 section 12.5.1)."""
    best: tuple[float, Form] = (0.0, "json")
    for offer in accept.lower().split(","):
        media, *parameters = (part.strip() for part in offer.split(";"))
        form = _BY_MEDIA.get(media)
        weight = next((_weight(part[2:]) for part in parameters if part.startswith("q=")), 1.0)
        if form is not None and weight > best[0]:
            best = weight, form
    return best[1]


def _weight(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
