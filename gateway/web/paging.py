"""Pages of an answer: headers, links and cursors (contract section 5.2)."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from gateway.answers.arrange import Arrangement
from gateway.answers.walks import Place, Walk
from gateway.callers.accounts import Caller
from gateway.errors import RequestError, bad_field
from gateway.model import SystemAnswer
from gateway.question.query import BackupQuery
from gateway.question.values import Page
from gateway.stack import Gateway

_PATH: Final = "/api/backups"


@dataclass(frozen=True, slots=True)
class Piece:
    """One page: the rows `begin` to `end` of a walk, for one of its readers."""

    walk: Walk
    reader: int
    begin: int
    size: int
    numbered: bool
    kept: bool = True
    """Whether its walk can be gone on with."""

    @property
    def end(self) -> int:
        """Behind its last row."""
        return self.begin + self.size

    @property
    def pages(self) -> int:
        """How many there are."""
        return -(-len(self.walk.arrangement) // self.size)

    def cursor(self, begin: int) -> str | None:
        """What asks for the page of the same size that begins there; None behind the last row."""
        return Place(self.walk, self.reader, begin, self.size).cursor

    @property
    def next_cursor(self) -> str | None:
        """What asks for the page behind it; None where there is none."""
        return self.cursor(self.end) if self.kept else None

    @property
    def extra(self) -> dict[str, Any]:
        """What its body says of it."""
        return {"next_cursor": self.next_cursor}


def first_piece(
    gateway: Gateway,
    caller: Caller,
    query: BackupQuery,
    page: Page,
    answers: list[SystemAnswer],
    arrangement: Arrangement,
    extra: dict[str, Any],
) -> Piece:
    """The asked page of a new walk.

    Where its rows do not fit into the memory for walks, a numbered page has no cursor to go on with, and a walk cannot
    begin: RequestError 503.
    """
    walk = Walk(caller.key, query.content, answers, arrangement, extra, gateway.monotonic())
    begin, reader, kept = ((page.number or 1) - 1) * page.size, 0, True
    try:
        walk, reader = gateway.walks.begin(walk, begin + page.size)
    except ValueError:
        kept = False
    if not kept and page.number is None:
        raise RequestError(
            503, "the answer is too large to be held for its pages; ask for less", headers={"Retry-After": "60"}
        )
    return Piece(walk, reader, begin, page.size, page.number is not None, kept)


def next_piece(gateway: Gateway, caller: Caller, query: BackupQuery) -> Piece:
    """The page that a cursor means.

    RequestError 410 where its walk is over, or was never this caller's; 400 where the cursor is another question's.
    """
    found = gateway.walks.find(query.cursor or "", caller.key)
    current = gateway.access.accounts.now(caller)
    if found is None or current is None or not found.walk.systems <= current.systems:
        raise RequestError(410, "the cursor has expired; ask for the first page again", field="cursor")
    walk, reader, begin, size = found
    if not query.asks_nothing_else and query.content != walk.question:
        raise bad_field("cursor", "belongs to another question; it needs nothing else")
    piece = Piece(walk, reader, begin, query.page.size if query.page else size, numbered=False)
    gateway.walks.read(walk, reader, piece.end)
    return piece


def paging_headers(request: web.Request, query: BackupQuery, piece: Piece) -> dict[str, str]:
    """Size, number and totals, and links to follow as they are (RFC 8288): none where nothing would be found there."""
    total, number = len(piece.walk.arrangement), piece.begin // piece.size + 1
    places = {"first": 0, "prev": piece.begin - piece.size, "next": piece.end, "last": (piece.pages - 1) * piece.size}
    by_number = piece.numbered and request.method != "POST"
    links = [
        f'<{_PATH}?{_numbered(request, piece, place) if by_number else _continued(query, piece, place)}>; rel="{rel}"'
        for rel, place in places.items()
        if 0 <= place < total and (by_number or piece.kept)
    ]
    headers = {
        "Paging-Page-Size": str(piece.size),
        "Paging-Page-Number": str(number),
        "Paging-Total-Records": str(total),
        "Paging-Total-Pages": str(piece.pages),
    }
    return headers | ({"Link": ", ".join(links)} if links else {})


def _numbered(request: web.Request, piece: Piece, place: int) -> str:
    """The query string of a page that is cut out of what is true when it is asked for."""
    own = [(key, value) for key, value in request.rel_url.query.items() if key != "page_number"]
    return urlencode([*own, ("page_number", str(place // piece.size + 1))])


def _continued(query: BackupQuery, piece: Piece, place: int) -> str:
    """The query string of another page of the same walk."""
    form = [("format", query.form)] if query.form else []
    return urlencode([("cursor", piece.cursor(place) or ""), *form])
