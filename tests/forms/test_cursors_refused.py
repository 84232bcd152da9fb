"""Cursors that are not good: expired, unknown, another caller's, of rights that are gone (contract section 5.2)."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.forms.reading import follow, links, paging, query_of
from tests.forms.sites import managed, token_of, user
from tests.forms.walking import next_cursor, rows_of, walk
from tests.gateway.live import STATIC_TOKEN, TOOL, Answer, Client, gateway_over, small

HOUR_S = 3600.0
USERS = (user("noc"), user("other"), user("few", systems=[1]))


def without_id(answer: Answer) -> tuple[int, bytes, Mapping[str, str]]:
    """An answer but for what every answer has of its own."""
    own = ("X-Request-ID", "Date", "Server-Timing")
    return answer.status, answer.body, {key: value for key, value in answer.headers.items() if key not in own}


def assert_gone(answer: Answer) -> None:
    assert answer.status == 410, answer.body[:300]
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["result"][0]["code"] == "2"
    assert answer.json["result"][0]["message"]
    assert (answer.json["title"], answer.json["status"], answer.json["field"]) == ("Gone", 410, "cursor")
    assert not {"backups", "systems", "total", "next_cursor"} & answer.json.keys()
    assert not [name for name in answer.headers if name.startswith("Paging-") or name == "Link"]


async def asked(client: Client, cursor: str) -> Answer:
    """With that cursor, in every way; all ways must say the same."""
    posted, got = await client.post({"cursor": cursor}), await client.get(query_of({"cursor": cursor}))
    assert (posted.status, posted.status == 200 or posted.json) == (got.status, got.status == 200 or got.json)
    return posted


@pytest.mark.parametrize(
    "cursor",
    ["x", "0", "null", "a.0.7", "../../etc", "x" * 250, "ż", "a b", "'; DROP", "{}", "AAAAAAAAAAAAAAAAAAAAAA.0.7"],
)
async def test_an_unknown_cursor_is_gone(cursor: str):
    async with gateway_over(1) as client:
        calls = client.calls()
        assert_gone(await asked(client, cursor))
        assert_gone(await client.get(query_of({"cursor": cursor}), Accept="text/csv"))
        assert client.calls() == calls


@pytest.mark.parametrize("cursor", ["", "x" * 5000, "a\x00b", "a\r\nX: y"], ids=repr)
async def test_what_cannot_be_a_cursor_is_refused_or_gone(cursor: str):
    async with gateway_over(1) as client:
        answer = await client.post({"cursor": cursor})
        assert answer.status in (400, 410)
        assert (answer.json["field"], bool(answer.json["result"])) == ("cursor", True)


async def test_a_cursor_that_was_tampered_with_is_never_more_than_it_was():
    """Any other text is gone, or is a place of the same walk."""
    async with gateway_over(2) as client:
        plain = await client.post()
        cursor = next_cursor(await client.post({"page_size": 7})) or ""
        for place in range(len(cursor)):
            for other in ("A", "0", "9", "-", ""):
                answer = await client.post({"cursor": cursor[:place] + other + cursor[place + 1 :]})
                assert answer.status in (200, 400, 410)
                if answer.status == 200 and answer.rows:
                    begun = plain.rows.index(answer.rows[0])
                    assert answer.rows == plain.rows[begun : begun + len(answer.rows)]


async def test_an_old_cursor_is_gone_and_a_young_one_is_not():
    async with managed([small(1), small(2)], tokens=[TOOL]) as site:
        client = token_of(site.client, STATIC_TOKEN)
        plain = await client.post()
        cursor = next_cursor(await client.post({"page_size": 7})) or ""
        site.clock.by += 30
        assert (await asked(client, cursor)).rows == plain.rows[7:14]
        site.clock.by += 200 * HOUR_S
        gone = await asked(client, cursor)
        assert_gone(gone)
        assert without_id(gone) == without_id(await client.post({"cursor": "never-was"}))
        assert rows_of(await walk(client, {}, 7)) == (await client.post()).rows


async def test_an_answer_that_did_not_change_never_leads_to_a_cursor_that_is_gone():
    """A 304 says that the page which the client has kept is good: so must be its cursor."""
    async with managed([small(1), small(2)], tokens=[TOOL]) as site:
        client = token_of(site.client, STATIC_TOKEN)
        kept = await client.get("page_size=7")
        for _ in range(40):
            site.clock.by += 60
            again = await client.get("page_size=7", If_None_Match=kept.headers["ETag"])
            kept = again if again.status == 200 else kept
            assert (await follow(client, links(kept)["next"])).status == 200
        site.clock.by += 200 * HOUR_S
        again = await client.get("page_size=7", If_None_Match=kept.headers["ETag"])
        kept = again if again.status == 200 else kept
        assert (await follow(client, links(kept)["next"])).status == 200


async def test_who_reads_to_the_end_takes_the_walk_from_nobody_else_who_began_it():
    """Equal first pages within a moment are not the same to the byte: each has a cursor of its own."""
    async with managed([small(1, base_ms=0)], tokens=[TOOL]) as site:
        client = token_of(site.client, STATIC_TOKEN)
        plain = await client.post()
        cursors = [next_cursor(await client.post({"page_size": 10})) or "" for _ in range(4)]
        assert len(set(cursors)) == 4
        assert len({cursor.partition(".")[0] for cursor in cursors}) == 1, "one walk"
        for _ in range(5):
            last = await client.post({"cursor": cursors[0], "page_size": 20})
            assert (last.rows, next_cursor(last)) == (plain.rows[10:], None)
        site.clock.by += 14 * 60
        for cursor in cursors[1:]:
            last = await client.post({"cursor": cursor, "page_size": 20})
            assert (last.rows, next_cursor(last)) == (plain.rows[10:], None)
        site.clock.by += 61
        assert_gone(await asked(client, cursors[1]))


async def test_a_page_that_is_refused_is_not_read():
    async with managed([small(1, base_ms=0)], tokens=[TOOL]) as site:
        client = token_of(site.client, STATIC_TOKEN)
        cursor = next_cursor(await client.post({"page_size": 20})) or ""
        assert (await client.post({"cursor": cursor, "client_id": 1})).status == 400
        site.clock.by += 14 * 60
        assert (await asked(client, cursor)).status == 200


async def test_another_callers_cursor_is_gone_and_tells_nothing():
    namesake = TOOL | {"name": "noc"}
    async with managed([small(1), small(2)], USERS, [namesake]) as site:
        mine = site.client
        plain = await mine.post()
        cursor = next_cursor(await mine.post({"page_size": 7})) or ""
        unknown = await mine.post({"cursor": "never-was"})
        for stranger in (await mine.session("other"), await mine.session("few"), token_of(mine, STATIC_TOKEN)):
            answer = await asked(stranger, cursor)
            assert_gone(answer)
            assert without_id(answer) == without_id(unknown)
            own = next_cursor(await stranger.post({"page_size": 7}))
            assert own != cursor
        assert (await asked(mine, cursor)).rows == plain.rows[7:14], "it is still mine"


async def test_a_cursor_is_no_credential():
    async with gateway_over(1) as client:
        cursor = next_cursor(await client.post({"page_size": 7}))
        answer = await client.request("GET", f"/api/backups?cursor={cursor}", headers={})
        assert (answer.status, b"backups" in answer.body.replace(b"/api/backups", b"")) == (401, False)


async def test_rows_of_a_system_that_was_withdrawn_are_not_to_be_walked_to():
    async with managed([small(1), small(2)], USERS) as site:
        mine, plain = site.client, await site.client.post()
        cursors: list[str | None] = [next_cursor(await mine.post({"page_size": 20}))]
        cursors.append(next_cursor(await mine.post({"cursor": cursors[0]})))
        site.apply([user("noc", systems=[1]), user("other")])
        for cursor in cursors:
            answer = await asked(mine, cursor or "")
            assert answer.status in (200, 404, 410)
            assert b"site-2" not in answer.body
            assert b'"system_id":2' not in answer.body
            if answer.status == 200:
                assert all(row in plain.rows_of(1) for row in answer.rows)
                assert answer.json["total"] == paging(answer)[2] == 30
        assert rows_of(await walk(mine, {}, 20)) == plain.rows_of(1)


@pytest.mark.parametrize(
    "users", [[user("other")], [user("noc", disabled=True), user("other")]], ids=["removed", "disabled"]
)
async def test_a_caller_who_is_gone_walks_no_further(users: list[dict[str, Any]]):
    async with managed([small(1)], USERS) as site:
        cursor = next_cursor(await site.client.post({"page_size": 7})) or ""
        site.apply(users)
        answer = await asked(site.client, cursor)
        assert (answer.status, b"next_cursor" in answer.body) == (401, False)


async def test_a_right_that_was_given_shows_nothing_new_in_a_walk_under_way():
    async with managed([small(1), small(2)], (user("few", systems=[1]),)) as site:
        plain = await site.client.post()
        cursor = next_cursor(await site.client.post({"page_size": 20})) or ""
        site.apply([user("few")])
        answer = await asked(site.client, cursor)
        assert answer.status in (200, 410)
        assert answer.status == 410 or answer.rows == plain.rows[20:]
        assert len(rows_of(await walk(site.client, {}, 20))) == 60
