"""gzip for those who accept it: one member, the same answer (contract section 4)."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio

from gateway.model import SystemId
from tests.forms.fleet import MIXED
from tests.forms.reading import row_texts, steady, unzipped
from tests.forms.sites import managed
from tests.gateway.live import Answer, Client, gateway_over, small

pytestmark = pytest.mark.asyncio(loop_scope="module")

LARGE_ROWS = 4_000
LEAST_BYTES = 5_000_000
SMALL_BYTES = 2_000
QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"system_id": 1},
    {"system_id": [3, 1]},
    {"status": "Success"},
    {"status": ["Failure", "Warning"], "type": "Full"},
    {"client_id": 5},
    {"client_id": 999_999},
    {"start_hours": 48},
    {"fields": ["id", "status"]},
    {"order_by": "size", "order_direction": "desc"},
    {"order_by": "start_epoch", "fields": "type", "status": "Success"},
)


@dataclass(frozen=True)
class Pair:
    """One question, asked plain and compressed."""

    plain: Answer
    packed: Answer

    def opened(self) -> Answer:
        """The compressed answer without its compression, which a small one may lack."""
        if len(self.plain.body) < SMALL_BYTES and "Content-Encoding" not in self.packed.headers:
            return self.packed
        assert self.packed.headers.getall("Content-Encoding") == ["gzip"]
        return replace(self.packed, body=unzipped(self.packed.body))

    def assert_equal(self) -> None:
        """The compressed answer is one member of the same text: rows byte for byte, entries but for their ages."""
        assert self.packed.status == self.plain.status == 200
        assert "Content-Encoding" not in self.plain.headers
        opened = self.opened()
        assert row_texts(opened) == row_texts(self.plain)
        assert [steady(entry) for entry in opened.json["systems"]] == [
            steady(entry) for entry in self.plain.json["systems"]
        ]
        assert {key: opened.json[key] for key in ("complete", "total")} == {
            key: self.plain.json[key] for key in ("complete", "total")
        }
        assert opened.json.keys() == self.plain.json.keys()
        for name in ("Content-Type", "X-Gateway-Complete", "ETag", "Cache-Control"):
            assert self.packed.headers.get(name) == self.plain.headers.get(name)
        assert all("accept-encoding" in answer.headers["Vary"].lower() for answer in (self.plain, self.packed))


async def post(client: Client, question: dict[str, Any], coding: str) -> Answer:
    headers = client.credentials | {"Accept-Encoding": coding}
    data = json.dumps(question).encode()
    return await client.request("POST", "/api/backups", data=data, headers=headers, auto_decompress=False)


async def get(client: Client, query: str, coding: str, method: str = "GET") -> Answer:
    headers = client.credentials | {"Accept-Encoding": coding}
    return await client.request(method, f"/api/backups?{query}", headers=headers, auto_decompress=False)


async def curl(client: Client, *options: str) -> bytes:
    """What `curl --compressed` prints; it must end well."""
    sent = [f"-H{name}: {value}" for name, value in client.credentials.items()]
    process = await asyncio.create_subprocess_exec(
        *(
            "curl",
            "-q",
            "-sS",
            "--fail",
            "--compressed",
            "--noproxy",
            "*",
            *sent,
            *options,
            f"{client.url}/api/backups",
        ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaints = await process.communicate()
    assert (process.returncode, complaints) == (0, b"")
    return out


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mixed() -> AsyncIterator[Client]:
    async with gateway_over(MIXED) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def large() -> AsyncIterator[Client]:
    """Answers of several MB."""
    async with gateway_over([small(number, rows=LARGE_ROWS) for number in (1, 2)]) as made:
        assert len((await made.post()).body) > LEAST_BYTES
        yield made


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_every_answer_is_one_member_of_the_same_text(mixed: Client, question: dict[str, Any]):
    Pair(await post(mixed, question, "identity"), await post(mixed, question, "gzip")).assert_equal()


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_large_answers_are_one_member_as_well(large: Client, question: dict[str, Any]):
    if isinstance(question.get("system_id"), list):
        question = {"system_id": [2, 1]}
    Pair(await post(large, question, "identity"), await post(large, question, "gzip, deflate, br")).assert_equal()


@pytest.mark.parametrize("query", ["", "sid=2", "status=Success&fields=id,size", "order_by=start_epoch"])
async def test_a_query_string_is_answered_alike(mixed: Client, large: Client, query: str):
    for client in (mixed, large):
        Pair(await get(client, query, "identity"), await get(client, query, "gzip;q=0.5, *;q=0")).assert_equal()


@pytest.mark.parametrize(
    "accepted", ["GZIP", "*", "br, gzip", "*;q=0, gzip", "identity;q=0.5, gzip;q=1.0", "gzip ; q=0.001"]
)
async def test_every_way_to_accept_it_counts(mixed: Client, accepted: str):
    Pair(await post(mixed, {"sid": 1}, "identity"), await post(mixed, {"sid": 1}, accepted)).assert_equal()


async def test_the_first_answer_out_of_the_appliances_own_mouth_is_compressed_too():
    async with gateway_over([small(number, rows=200) for number in range(1, 6)]) as client:
        packed = await post(client, {}, "gzip")
        Pair(await post(client, {}, "identity"), packed).assert_equal()
        packed = await post(client, {"max_age": 0}, "gzip")
        Pair(await post(client, {}, "identity"), packed).assert_equal()


async def test_common_clients_read_what_is_packed(mixed: Client, large: Client):
    for client in (mixed, large):
        plain = await post(client, {}, "identity")
        packed = await post(client, {}, "gzip")
        assert json.loads(gzip.decompress(packed.body))["backups"] == plain.rows
        assert (await client.post()).rows == (await client.get()).rows == plain.rows  # aiohttp asks for gzip by itself
        assert json.loads(await curl(client))["backups"] == plain.rows
        assert json.loads(await curl(client, "--data", '{"status":"Success"}'))["backups"] == [
            row for row in plain.rows if row["status"] == "Success"
        ]


@pytest.mark.parametrize("form", ["csv", "ndjson"])
async def test_curl_reads_the_other_forms_too(large: Client, form: str):
    """curl stops at the end of the first member: it must be the only one."""
    plain = await large.get(f"format={form}", Accept_Encoding="identity")
    printed = await curl(large, "--get", "--data", f"format={form}")
    assert sorted(rows_in(printed)) == sorted(rows_in(plain.body))
    assert len(rows_in(printed)) >= 2 * LARGE_ROWS


def rows_in(body: bytes) -> list[bytes]:
    """Its lines but for those that tell ages."""
    return [line for line in body.split(b"\n") if b'"took_ms"' not in line]


async def test_head_is_get_without_a_body(mixed: Client, large: Client):
    for client in (mixed, large):
        packed, head = await get(client, "", "gzip"), await get(client, "", "gzip", "HEAD")
        assert (head.status, head.body) == (200, b"")
        for name in ("Content-Encoding", "Content-Type", "ETag", "X-Gateway-Complete", "Vary"):
            assert head.headers.get(name) == packed.headers.get(name), name
        assert "Content-Length" not in head.headers or int(head.headers["Content-Length"]) > 1_000
        assert (await client.get(path="/healthz")).status == 200, "the connection goes on behind it"


async def test_small_answers_and_errors_are_readable_whether_compressed_or_not(mixed: Client):
    for answer in (
        await get(mixed, "client_id=999999&sid=1", "gzip"),
        await get(mixed, "no_such_key=1", "gzip"),
        await post(mixed, {"system_id": 99}, "gzip"),
    ):
        is_packed = answer.headers.get("Content-Encoding") == "gzip"
        assert json.loads(unzipped(answer.body) if is_packed else answer.body)


async def test_an_unchanged_answer_is_304_without_a_body_and_without_a_coding(large: Client):
    first = await get(large, "", "gzip")
    headers = large.credentials | {"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]}
    second = await large.request("GET", "/api/backups?", headers=headers, auto_decompress=False)
    assert (second.status, second.body) == (304, b"")
    assert "Content-Encoding" not in second.headers


async def test_many_readers_at_once_read_the_same(large: Client):
    plain = await post(large, {}, "identity")
    answers = await asyncio.gather(*(post(large, {}, "gzip") for _ in range(6)))
    for answer in answers:
        Pair(plain, answer).assert_equal()


async def test_lists_that_change_one_by_one_are_told_as_they_are():
    """Compressed pieces that are kept belong to one list each: no other list's piece may stand in for it."""
    async with gateway_over([small(number, rows=120) for number in range(1, 5)]) as client:
        await post(client, {}, "gzip")
        for turn in range(12):
            appliance = client.systems[turn % 4]
            first = next(record for record in appliance.records if record.id is not None)
            if turn % 6:
                appliance.records.change(replace(first, output=f"turn {turn}"))
            else:
                appliance.records.purge([first.id or 0])
            packed = await post(client, {"max_age": 0, "system_id": turn % 4 + 1}, "gzip")
            Pair(await post(client, {"system_id": turn % 4 + 1}, "identity"), packed).assert_equal()
            Pair(await post(client, {}, "identity"), await post(client, {}, "gzip")).assert_equal()
        assert len({len(appliance.records) for appliance in client.farm}) > 1


async def test_a_stand_in_and_a_missing_system_are_told_alike():
    async with gateway_over([small(number, rows=100) for number in (1, 2, 3)]) as client:
        await client.post({"system_id": [1, 2]})
        for appliance in client.farm:
            await appliance.inject("html")
        packed = await post(client, {"max_age": 0}, "gzip")
        opened = replace(packed, body=unzipped(packed.body))
        assert opened.states == {1: "stale", 2: "stale", 3: "missing"}
        Pair(await post(client, {"max_age": 0}, "identity"), packed).assert_equal()


async def test_a_compressed_answer_of_rows_that_were_picked_for_it_leaves_nothing_behind():
    async with managed([small(1), small(2)]) as site:
        whole = await site.client.post()
        store = site.site.gateway.store
        (held,) = store.held(SystemId(1))
        middle = sorted(held.index.starts.tolist())[15] // 60 * 60
        later = [row for row in whole.rows if row["start_epoch"] >= middle]
        assert 0 < len(later) < len(whole.rows)
        before = store.nbytes
        for _ in range(3):
            site.clock.by += 1
            narrow = await site.client.get(f"start_time={middle}", Accept_Encoding="gzip")
            assert (narrow.headers["Content-Encoding"], narrow.rows) == ("gzip", later)
            assert store.nbytes == before
