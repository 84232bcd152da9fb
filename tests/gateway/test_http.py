"""HTTP as a client meets it: paths, methods, headers, compression, ETags (contract section 4)."""

import json
import re
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from tests.gateway.live import Answer, Client, gateway_over

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON_PATHS = ("/api/backups", "/api/systems", "/gateway/systems", "/healthz", "/readyz", "/api/nothing")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over(2) as made:
        yield made


@pytest.mark.parametrize(
    "path", ["//api/backups", "/api/backups/", "/api//backups//", "///api///backups", "/api/backups/?sid=1"]
)
async def test_spellings_of_a_path_are_one_route_without_a_redirect(client: Client, path: str):
    for answer in (await client.get(path=path), await client.post({}, path)):
        assert answer.status == 200
        assert answer.rows


@pytest.mark.parametrize("path", ["//api/login", "/api/login/"])
async def test_a_login_is_taken_at_every_spelling(client: Client, path: str):
    body = json.dumps({"username": "noc", "password": "correct horse battery staple"})
    assert (await client.request("POST", path, data=body, headers={})).status == 201


@pytest.mark.parametrize(
    "path",
    ["/api/%62ackups", "/%61pi/backups", "/api/backups%2f", "/api/./backups", "/api/x/../backups", "/API/backups"],
)
async def test_escapes_and_dots_lead_nowhere(client: Client, path: str):
    calls = client.calls()
    assert (await client.get(path=path)).status == 404
    assert client.calls() == calls


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize(
    "path", ["/api/backups", "/api/backups/", "/api/login", "/api/systems", "/api/replication/queue", "/api/x?isDelete"]
)
async def test_any_other_method_on_any_api_path_is_405(client: Client, method: str, path: str):
    calls = client.calls()
    answer = await client.request(method, path, data=b"[220]")
    assert answer.status == 405
    assert answer.headers["Allow"]
    assert method not in answer.headers["Allow"]
    (entry,) = answer.json["result"]
    assert "read" in entry["message"]
    assert answer.json["status"] == 405
    assert client.calls() == calls


@pytest.mark.parametrize("path", ["/api/systems", "/api/nothing", "/api/joborders"])
async def test_a_post_to_a_path_that_takes_none_is_405(client: Client, path: str):
    assert (await client.post({}, path)).status == 405


async def test_allow_names_what_a_route_takes(client: Client):
    answer = await client.request("DELETE", "/api/backups")
    assert {word.strip() for word in answer.headers["Allow"].split(",")} >= {"GET", "POST"}


@pytest.mark.parametrize("path", ["/api/nothing", "/api/joborders", "/api/backups/details", "/api", "/nothing.html"])
async def test_an_unknown_path_is_404_and_says_what_is_served(client: Client, path: str):
    answer = await client.get(path=path)
    assert answer.status == 404
    assert "/api/backups" in answer.json["result"][0]["message"]
    assert {"type", "title", "status", "detail"} <= answer.json.keys()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/healthz/", "//readyz"])
async def test_health_is_told_without_a_credential(client: Client, path: str):
    answer = await client.request("GET", path, headers={})
    assert answer.status == 200


async def test_readiness_says_how_many_systems_are_down_and_stays_200():
    async with gateway_over(3) as client:
        await client.farm[0].inject("refusing")
        await client.post()
        answer = await client.get(path="/readyz")
        assert answer.status == 200
        assert answer.json["systems"]["total"] == 3
        assert answer.json["systems"]["failing"] == 1


@pytest.mark.parametrize("path", JSON_PATHS)
@pytest.mark.parametrize("authorized", [True, False])
async def test_every_json_answer_has_the_headers_that_keep_it_json(client: Client, path: str, authorized: bool):
    answer = await client.request("GET", path, headers=None if authorized else {})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    is_list = path == "/api/backups" and answer.status == 200
    assert answer.headers["Cache-Control"] == ("private, no-cache" if is_list else "no-store")
    json.loads(answer.body)


async def test_a_posted_question_is_not_to_be_stored(client: Client):
    answer = await client.post()
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


async def test_each_request_has_an_id_of_its_own(client: Client):
    ids = {(await client.get(path="/healthz")).headers["X-Request-ID"] for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{8,64}", each) for each in ids)


async def test_a_callers_sane_request_id_is_kept(client: Client):
    answer = await client.get(path="/healthz", X_Request_ID="abc-123")
    assert answer.headers["X-Request-ID"] == "abc-123"


@pytest.mark.parametrize("odd", ["a b", "x" * 200, "é", '"<script>', "a;b"])
async def test_an_odd_request_id_is_replaced(client: Client, odd: str):
    answer = await client.get(path="/healthz", X_Request_ID=odd)
    assert answer.headers["X-Request-ID"] not in ("", odd)


async def test_errors_carry_an_id_as_well(client: Client):
    for answer in (
        await client.get(path="/nothing"),
        await client.post({"x": 1}),
        await client.request("PUT", "/api/x"),
    ):
        assert answer.headers["X-Request-ID"]


async def test_a_large_answer_is_gzip_for_those_who_accept_it(client: Client):
    plain = (await client.get()).rows
    async with ClientSession(auto_decompress=False) as raw:
        headers = client.credentials | {"Accept-Encoding": "gzip"}
        async with raw.get(f"{client.url}/api/backups", headers=headers) as answer:
            body = await answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        whole = zlib.decompress(body, wbits=31)
        assert len(body) < len(whole) / 2
        assert json.loads(whole)["backups"] == plain


@pytest.mark.parametrize("accepted", ["identity", "", "br", "gzip;q=0", "deflate"])
async def test_others_get_plain_bytes(client: Client, accepted: str):
    async with ClientSession(auto_decompress=False) as raw:
        headers = client.credentials | {"Accept-Encoding": accepted}
        async with raw.get(f"{client.url}/api/backups", headers=headers) as answer:
            assert "Content-Encoding" not in answer.headers
            assert json.loads(await answer.read())["total"] == 60


@pytest.mark.parametrize("path", ["/api/backups", "/api/systems", "/healthz"])
async def test_head_is_get_without_a_body(client: Client, path: str):
    get, head = await client.get(path=path), await client.request("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "Cache-Control", "ETag", "X-Gateway-Complete"):
        assert head.headers.get(name) == get.headers.get(name)


async def test_an_answer_tells_where_its_time_went(client: Client):
    for answer in (await client.get(), await client.post({"max_age": 0})):
        timing = answer.headers["Server-Timing"]
        assert all(word in timing for word in ("cache", "slowest", "merge"))


async def test_an_unchanged_answer_is_304_without_a_body(client: Client):
    first = await client.get()
    second = await client.get(If_None_Match=first.headers["ETag"])
    assert (second.status, second.body) == (304, b"")
    assert second.headers["ETag"] == first.headers["ETag"]
    assert second.headers["Cache-Control"] == "private, no-cache"
    assert second.headers["X-Request-ID"]


@pytest.mark.parametrize("offer", ["*", 'W/"other", {etag}', "{bare}"])
async def test_tags_are_compared_weakly(client: Client, offer: str):
    etag = (await client.get()).headers["ETag"]
    sent = offer.format(etag=etag, bare=etag.removeprefix("W/"))
    assert (await client.get(If_None_Match=sent)).status == 304


async def test_another_question_has_another_tag(client: Client):
    tags = [
        (await client.get(query)).headers["ETag"] for query in ("", "sid=1", "sid=2", "status=Success", "fields=id")
    ]
    assert len(set(tags)) == len(tags)
    assert (await client.get("sid=1", If_None_Match=tags[0])).status == 200


async def test_a_question_under_another_name_of_a_key_has_the_same_tag(client: Client):
    first, second = await client.get("sid=1"), await client.get("system_id=1")
    assert first.headers["ETag"] == second.headers["ETag"]


async def test_age_and_time_do_not_change_the_tag(client: Client):
    first = await client.get(Cache_Control="no-cache")
    later = [await client.get(), await client.get(Cache_Control="no-cache"), await client.get()]
    assert {answer.headers["ETag"] for answer in later} == {first.headers["ETag"]}
    assert len({answer.json["systems"][0]["took_ms"] for answer in [first, *later]}) > 1


async def test_a_changed_row_changes_the_tag():
    async with gateway_over(1) as client:
        first = await client.get()
        appliance = client.farm[0]
        appliance.records.purge([next(record.id for record in appliance.records if record.id is not None)])
        second = await client.get(Cache_Control="no-cache", If_None_Match=first.headers["ETag"])
        assert second.status == 200
        assert second.headers["ETag"] != first.headers["ETag"]


async def test_a_row_that_changes_in_its_place_changes_the_tag():
    async with gateway_over(1) as client:
        first = await client.get()
        records = client.farm[0].records
        records.change(replace(next(iter(records)), legalhold=True))
        second = await client.get(Cache_Control="no-cache", If_None_Match=first.headers["ETag"])
        assert (second.status, len(second.rows)) == (200, len(first.rows))
        assert second.headers["ETag"] != first.headers["ETag"]


async def test_a_changed_state_changes_the_tag():
    async with gateway_over(1) as client:
        first = await client.get()
        await client.farm[0].inject("html")
        second = await client.get(Cache_Control="no-cache", If_None_Match=first.headers["ETag"])
        assert second.status == 200
        assert second.rows == first.rows
        assert second.headers["ETag"] != first.headers["ETag"]


async def test_an_answer_that_falls_short_has_no_tag():
    async with gateway_over(1) as client:
        await client.farm[0].inject("html")
        answer: Answer = await client.get(If_None_Match="*")
        assert answer.status == 502
        assert "ETag" not in answer.headers


async def test_an_incomplete_answer_says_so_in_its_header():
    async with gateway_over(2) as client:
        await client.farm[0].inject("html")
        answer = await client.get()
        assert answer.status == 200
        assert answer.headers["X-Gateway-Complete"] == "false"
        assert answer.json["complete"] is False
