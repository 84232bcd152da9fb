"""`backup-gateway backups`: the merged lists of a running gateway, as a table or in a form of the gateway's own."""

import sys
import time
from typing import Annotated, Any, Literal

from aiohttp import ClientResponse
from cyclopts import Parameter
from yarl import URL

from gateway.cli.backups_table import Rows
from gateway.cli.client import Client, said
from gateway.cli.exits import ClientError, Exit, run_verb, say, write_out
from gateway.cli.progress import Progress
from gateway.cli.question import Flags, encoded, given
from gateway.cli.reading import read_csv, read_json, read_ndjson
from gateway.cli.screen import Color
from gateway.cli.summary import Summary, Whole, code_of, sentence, shortcomings
from gateway.cli.target import Address, Target, address_of

Output = Literal["table", "json", "ndjson", "csv"]


def backups(
    *,
    output: Annotated[Output, Parameter(name=("--output", "-o", "--format"))] = "table",
    color: Color = "auto",
    flags: Flags | None = None,
    target: Target | None = None,
) -> int:
    """The backups of every system behind a running gateway.

    Data goes to stdout, everything else to stderr. Exit: 0 complete, 1 partial, 2 usage or configuration,
    3 login refused, 4 nothing reachable (the gateway, or not one system).

    Parameters
    ----------
    output:
        table (in a pipe too: one line a row, no colours), json (the gateway's answer, unchanged), ndjson or csv
        (as they come).
    color:
        auto: on a terminal, unless NO_COLOR is set.
    """
    return run_verb(lambda: _backups(output, color, given(flags), address_of(target or Target())))


async def _backups(output: Output, color: Color, question: dict[str, Any], address: Address) -> int:
    # A stream brings the table's rows as systems finish; pages and sorted rows come as a whole.
    is_stream = not question.keys() & {"order_by", "page_size", "page_number", "cursor"}
    form = ("ndjson" if is_stream else "json") if output == "table" else output
    rows = Rows(question.get("fields"))
    body: dict[str, Any] = question | {"format": form}
    if output == "table" and "cursor" not in question:
        body["fields"] = rows.fields
    async with Client(address) as client:
        with Progress(shown=output == "table" or not sys.stdout.isatty()) as progress:
            async with client.asked("POST", "/api/backups", body=encoded(body)) as response:
                if output == "csv":
                    return await _csv(response)
                seen = await _read(response, output, form, rows, progress)
        if output == "table":
            rows.print(sys.stdout, color)
    _tell(seen, response)
    # Where `require` asks for more systems than there are, an answer is complete and yet not what was asked for.
    return code_of(seen.complete and response.status == 200, seen.systems)


async def _read(response: ClientResponse, output: Output, form: str, rows: Rows, progress: Progress) -> Summary:
    if output == "ndjson":
        return await read_ndjson(response, write=write_out, closed=progress.answered)
    if form == "ndjson":
        seen = await read_ndjson(response, row=rows.add, closed=progress.answered)
        rows.by_system()
        return seen
    seen = await read_json(response, write_out if output == "json" else None)
    if isinstance(seen, Whole):
        rows.extend(seen.backups)
    return seen


def _tell(seen: Summary, response: ClientResponse) -> None:
    """On stderr: what the rows are worth, who is missing, where it goes on."""
    nothing = "" if seen.total else "no backups match; "
    say(nothing + sentence(seen.systems))
    for line in shortcomings(seen.systems, time.time()):
        say(line)
    if response.status != 200 and seen.message:
        say(seen.message)
    if seen.next_cursor is not None:
        say(f"next page: --cursor {seen.next_cursor}")


async def _csv(response: ClientResponse) -> int:
    """A table holds rows alone: whether it is complete, and where it goes on, stands in the headers."""
    if response.content_type != "text/csv":
        raise ClientError(Exit.UNREACHABLE, said(await response.read()) or f"HTTP {response.status}")
    has_rows = await read_csv(response, write_out)
    link = response.links.get("next")
    url = None if link is None else link.get("url")
    if isinstance(url, URL) and "cursor" in url.query:
        say(f"next page: --cursor {url.query['cursor']}")
    if response.headers.get("X-Gateway-Complete") == "true" and response.status == 200:
        return Exit.COMPLETE
    say("not every system answered: `backup-gateway systems` says which one and why")
    return Exit.PARTIAL if has_rows or response.status == 200 else Exit.UNREACHABLE
