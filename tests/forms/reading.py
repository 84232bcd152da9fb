"""The forms of an answer as a strict client reads them (contract sections 5.2 to 5.6), without the gateway's help."""

import csv
import io
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from tests.gateway.live import Answer, Client

NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
FIELDS: Final = (
    *("system_id", "system_name", "start_epoch", "finish_epoch"),
    *("id", "client_id", "client_name", "type", "start_date_time", "duration", "complete", "status", "size"),
    *("sync_size", "files", "encrypted", "is_cluster", "guid", "vm_name", "replication_status", "verified"),
    *("verify_status", "presync_seconds", "sync_seconds", "postsync_seconds", "sync_message"),
    *("server_instance_name", "database_name", "server_name", "instance_id", "app_id", "app_name", "synthesized"),
    *("synth_capable", "disk_metadata", "client_config", "restored_bkup_type", "replicated", "destination"),
    *("vmware_template", "certified", "storage", "output", "purgeable", "last", "legalhold", "gfs_rp_type"),
)
"""The stamp, and the seed's table in its order: the first columns of every CSV."""

Row = dict[str, Any]


def media_type(answer: Answer) -> str:
    """The Content-Type without its parameters."""
    return answer.headers["Content-Type"].partition(";")[0].strip()


def unzipped(body: bytes) -> bytes:
    """What one gzip member holds; there must be no second one, and nothing behind it."""
    unzip = zlib.decompressobj(wbits=31)
    plain = unzip.decompress(body) + unzip.flush()
    assert unzip.eof, "the member has no end"
    assert not unzip.unused_data, f"{len(unzip.unused_data)} bytes stand behind the member"
    return plain


def opened(answer: Answer) -> Answer:
    """An answer without its compression, where it has one."""
    if answer.headers.get("Content-Encoding") == "gzip":
        return replace(answer, body=unzipped(answer.body))
    return answer


def row_texts(answer: Answer) -> list[str]:
    """The rows of a JSON answer as they are written."""
    text, decode = answer.body.decode(), json.JSONDecoder().raw_decode
    at, found = text.index("[", text.index('"backups"')) + 1, []
    while text[at] != "]":
        _, end = decode(text, at)
        found.append(text[at:end])
        at = end + (text[end] == ",")
    return found


def steady(system: Mapping[str, Any]) -> Row:
    """An entry of `systems` without its ages and timings."""
    return {key: value for key, value in system.items() if key not in ("age_seconds", "took_ms", "source")}


@dataclass(frozen=True)
class Lines:
    """An NDJSON answer, whose shape has been checked: `systems` are its closing lines, in the order they came."""

    texts: list[str]
    rows: list[Row]
    systems: list[Row]
    last: Row

    def in_order(self) -> list[Row]:
        """The rows as JSON would give them: systems by id."""
        return sorted(self.rows, key=lambda row: row["system_id"])

    def texts_in_order(self) -> list[str]:
        return [text for _, text in sorted(zip(self.owners(), self.texts, strict=True), key=lambda pair: pair[0])]

    def owners(self) -> list[int]:
        return [row["system_id"] for row in self.rows]


def lines_of(answer: Answer, status: int = 200) -> Lines:
    """An NDJSON answer, taken apart: every row stands before the closing line of its own system, the last line ends."""
    assert (answer.status, media_type(answer)) == (status, NDJSON), answer.body[:300]
    *lines, rest = answer.body.decode().split("\n")
    assert not rest, "the last line has no end"
    last = json.loads(lines.pop())
    texts, rows, systems, open_rows = [], [], [], []
    for line in lines:
        value = json.loads(line)
        if value.keys() == {"system"}:
            entry = value["system"]
            assert {row["system_id"] for row in open_rows} <= {entry["system_id"]}
            assert entry["rows"] == len(open_rows)
            systems.append(entry)
            rows, open_rows = rows + open_rows, []
        else:
            texts.append(line)
            open_rows.append(value)
    assert not open_rows, "rows of a system that was not closed"
    assert last["systems"] == sorted(systems, key=lambda entry: entry["system_id"])
    assert last["total"] == len(rows)
    assert last["complete"] is all(entry["state"] == "ok" for entry in systems)
    return Lines(texts, rows, systems, last)


@dataclass(frozen=True)
class Table:
    """A CSV answer: cells as texts."""

    header: list[str]
    records: list[list[str]]


def table_of(answer: Answer, status: int = 200) -> Table:
    """A CSV answer by RFC 4180: every record has as many cells as the header."""
    assert (answer.status, media_type(answer)) == (status, CSV), answer.body[:300]
    assert "charset=utf-8" in answer.headers["Content-Type"].lower().replace(" ", "")
    header, *records = csv.reader(io.StringIO(answer.body.decode(), newline=""), strict=True)
    assert len(set(header)) == len(header)
    assert {len(record) for record in records} <= {len(header)}
    return Table(header, records)


def assert_cells(
    table: Table, rows: Sequence[Row], fields: Iterable[str] | None = None, of: Sequence[Row] | None = None
) -> None:
    """The table holds exactly these rows, cell for cell; `fields` are those that were asked for.

    A page has the columns of all rows that it is a page `of`.
    """
    occurring = {defused(key) for row in (rows if of is None else of) for key in row}
    if fields is None:
        assert tuple(table.header[: len(FIELDS)]) == FIELDS
        assert set(table.header[len(FIELDS) :]) == occurring - set(FIELDS)
    else:
        asked = {defused(name) for name in ("system_id", *fields)}
        assert asked & (occurring | set(FIELDS)) <= set(table.header) <= asked
    assert len(table.records) == len(rows)
    for row, record in zip(rows, table.records, strict=True):
        spelled = {defused(key): value for key, value in row.items()}
        for name, cell in zip(table.header, record, strict=True):
            assert shows(cell, spelled.get(name)), (name, cell, spelled.get(name))


def defused(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") and text else text


def shows(cell: str, value: object) -> bool:
    """Whether a cell shows that value of a row."""
    if value is None:
        return not cell
    if isinstance(value, str):
        return cell == defused(value)
    if isinstance(value, bool):
        return cell == json.dumps(value)
    if isinstance(value, int) and cell == str(value):
        return True
    try:
        return not isinstance(found := json.loads(cell), bool) and found == value
    except ValueError:
        return False


def sorted_rows(rows: Iterable[Row], field: str, direction: str = "asc") -> list[Row]:
    """Numbers before texts before all else; ties as they stood, rows without the field last, in either direction."""
    every = list(rows)
    told = [row for row in every if row.get(field) is not None]
    told.sort(key=lambda row: _rank(row[field]), reverse=direction.lower() == "desc")
    return told + [row for row in every if row.get(field) is None]


def _rank(value: object) -> tuple[int, Any]:
    if isinstance(value, int | float):
        return 0, value
    if isinstance(value, str):
        return 1, value
    return 2, json.dumps(value, separators=(",", ":"))


def cut(rows: Iterable[Row], fields: Iterable[str]) -> list[Row]:
    """Rows with some fields only."""
    kept = {"system_id", *fields}
    return [{key: value for key, value in row.items() if key in kept} for row in rows]


def query_of(question: Mapping[str, Any]) -> str:
    """The same question as a query string."""
    return urlencode({key: value for key, value in question.items() if value is not None}, doseq=True)


_LINK: Final = re.compile(r'<([^<>\s]*)>\s*;\s*rel="?([a-z]+)"?\s*(?:,\s*|$)', re.ASCII)


def links(answer: Answer) -> dict[str, str]:
    """The targets of `Link`, by their relation."""
    text, found = ", ".join(answer.headers.getall("Link", ())), {}
    while text:
        match = _LINK.match(text)
        assert match, text
        assert match[2] not in found
        found[match[2]], text = match[1], text[match.end() :]
    return found


async def follow(client: Client, target: str, **headers: str) -> Answer:
    """GET the target of a link, exactly as it is written."""
    parts = urlsplit(target)
    assert parts.netloc in ("", urlsplit(client.url).netloc)
    assert parts.path == "/api/backups"
    return await client.get(parts.query, parts.path, **headers)


def paging(answer: Answer) -> tuple[int, int, int, int]:
    """Page size, page number, records in all, pages in all."""
    names = ("Page-Size", "Page-Number", "Total-Records", "Total-Pages")
    size, number, records, pages = (int(answer.headers[f"Paging-{name}"]) for name in names)
    return size, number, records, pages
