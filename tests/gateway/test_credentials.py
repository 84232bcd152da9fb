"""Who may ask: logins, sessions, static tokens, and every wrong way to show one (contract section 4)."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from multidict import CIMultiDict

from gateway.callers.accounts import token_hash
from tests.gateway.live import ANYBODY, STATIC_TOKEN, TOOL, USER, Answer, Client, gateway_over, raw_exchange
from tests.kit.accounts import CHEAP_HASH, PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="module")

OLD_TOKEN = "static-token-that-was-disabled"
USERS = [
    ANYBODY,
    {"username": "chief", "password_hash": CHEAP_HASH, "systems": "all", "role": "admin"},
    {"username": "gone", "password_hash": CHEAP_HASH, "systems": "all", "disabled": True},
    {"username": "zoë:x", "password_hash": CHEAP_HASH, "systems": [1]},
]
TOKENS = [TOOL, {"name": "old", "token_hash": token_hash(OLD_TOKEN), "systems": "all", "disabled": True}]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Client]:
    async with gateway_over(1, users=USERS, tokens=TOKENS) as made:
        yield made


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


async def ask(live: Client, *headers: tuple[str, str], path: str = "/api/backups") -> Answer:
    return await live.request("GET", path, headers=CIMultiDict(headers))


def assert_refused(answer: Answer) -> None:
    assert answer.status == 401, answer.body
    assert answer.json["result"][0]["code"] == "2"
    assert answer.json["status"] == 401
    assert "WWW-Authenticate" in answer.headers


async def test_a_login_answers_201_with_what_every_client_reads(live: Client):
    answer = await live.login()
    body = answer.json
    assert answer.status == 201
    types = {"auth_token": str, "token": str, "timeout": int, "expires": int, "id": int, "superuser": bool}
    assert {key: type(body[key]) for key in types} == types
    assert body["auth_token"] == body["token"]
    assert abs(body["expires"] - time.time() - body["timeout"]) < 5
    assert not {"data", "result"} & body.keys()
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_an_admin_is_a_superuser_to_its_client(live: Client):
    assert (await live.login("chief")).json["superuser"] is True
    assert (await live.login()).json["superuser"] is False


async def test_each_login_is_a_session_of_its_own(live: Client):
    first, second = await live.session(), await live.session()
    assert first.credentials != second.credentials
    assert (await first.request("POST", "/api/logout")).status == 200
    assert (await first.get()).status == 401
    assert (await second.get()).status == 200


async def test_the_body_of_a_login_is_json_whatever_its_content_type_says(live: Client):
    body = f'{{"username":"{USER}","password":"{PASSWORD}"}}'.encode()
    for kind in ("application/x-www-form-urlencoded", "text/plain; charset=bogus", "application/json"):
        answer = await live.request("POST", "/api/login/", data=body, headers={"Content-Type": kind})
        assert answer.status == 201


async def test_every_kind_of_refusal_is_the_same_answer(live: Client):
    tries = [("nobody", PASSWORD), (USER, "wrong"), ("gone", PASSWORD), ("gone", "wrong"), ("NOC", PASSWORD)]
    answers = [await live.login(*each) for each in tries]
    for answer in answers:
        assert_refused(answer)
        assert answer.body == answers[0].body
        own = ("Date", "X-Request-ID")
        assert {k: v for k, v in answer.headers.items() if k not in own} == {
            k: v for k, v in answers[0].headers.items() if k not in own
        }
    await live.login()  # a success ends the row of failures


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{", b"{}", b'{"username":"noc"}', b'{"password":"x"}', b'{"username":1,"password":"x"}'),
        *(b'{"username":"noc","password":["x"]}', b'{"username":"","password":""}', b'{"username":null}'),
    ],
)
async def test_a_login_without_both_words_is_a_bad_request(live: Client, body: bytes):
    answer = await live.request("POST", "/api/login", data=body, headers={})
    assert answer.status == 400
    assert answer.json["field"] in ("username", "password", "body")


async def test_a_password_of_a_megabyte_is_refused_before_it_costs_anything(live: Client):
    assert (await live.login(USER, "x" * 2000)).status == 400
    answer = await live.login(USER, "x" * 1_000_000)
    assert (answer.status, answer.json["field"], answer.headers["Connection"]) == (400, "body", "close")


async def test_a_logout_ends_the_session(live: Client):
    client = await live.session()
    answer = await client.request("POST", "/api/logout", data=b'{"cookie":"whatever"}')
    assert answer.status == 200
    assert_refused(await client.get())
    assert_refused(await client.request("POST", "/api/logout"))


async def test_a_logout_without_a_session_is_refused(live: Client):
    assert_refused(await live.request("POST", "/api/logout", headers={}))


@pytest.mark.parametrize("header", ["AuthToken", "authtoken", "AUTHTOKEN"])
async def test_a_session_is_shown_as_authtoken(live: Client, header: str):
    assert (await ask(live, (header, live.credentials["AuthToken"]))).status == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
@pytest.mark.parametrize("token", ["session", "static"])
async def test_a_token_is_shown_as_bearer(live: Client, scheme: str, token: str):
    value = live.credentials["AuthToken"] if token == "session" else STATIC_TOKEN
    assert (await ask(live, ("Authorization", f"{scheme} {value}"))).status == 200


async def test_a_static_token_is_shown_as_authtoken(live: Client):
    assert (await ask(live, ("AuthToken", STATIC_TOKEN))).status == 200


@pytest.mark.parametrize(("name", "systems"), [(USER, 1), ("zoë:x", 1)])
async def test_tools_may_show_name_and_password(live: Client, name: str, systems: int):
    """A name with a colon cannot be shown this way; one with letters outside ASCII can."""
    answer = await ask(live, ("Authorization", basic(name, PASSWORD)))
    if ":" in name:
        assert_refused(answer)
    else:
        assert answer.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("AuthToken", "")],
        [("AuthToken", "no such token")],
        [("AuthToken", "v0:5a0b:1:/tmp/log:0")],
        [("AuthToken", "' OR '1'='1")],
        [("AuthToken", OLD_TOKEN)],
        [("AuthToken", STATIC_TOKEN + "x")],
        [("AuthToken", token_hash(STATIC_TOKEN))],
        [("AuthToken", "x" * 5000)],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer nothing")],
        [("Authorization", STATIC_TOKEN)],
        [("Authorization", f"Digest {STATIC_TOKEN}")],
        [("Authorization", "Basic !!!")],
        [("Authorization", "Basic bm9jb2xvbg==")],
        [("Authorization", basic("nobody", PASSWORD))],
        [("Cookie", f"AuthToken={STATIC_TOKEN}")],
        [("X-Auth-Token", STATIC_TOKEN)],
        [("TargetToken", STATIC_TOKEN)],
    ],
    ids=lambda headers: str(headers)[:50],
)
async def test_what_is_no_good_credential_is_refused_without_a_call(live: Client, headers: list[tuple[str, str]]):
    calls = live.calls()
    assert_refused(await ask(live, *headers))
    assert live.calls() == calls


@pytest.mark.parametrize("path", ["/api/backups", "/api/systems", "/gateway/systems", "/metrics"])
async def test_every_route_with_data_wants_a_credential(live: Client, path: str):
    assert_refused(await ask(live, path=path))
    assert (await ask(live, ("AuthToken", STATIC_TOKEN), path=path)).status == 200


@pytest.mark.parametrize("query", ["AuthToken", "auth_token", "token", "authtoken", "access_token"])
async def test_a_token_in_the_query_string_is_none(live: Client, query: str):
    assert_refused(await ask(live, path=f"/api/backups?{query}={STATIC_TOKEN}"))


@pytest.mark.parametrize(
    "headers",
    [
        [("AuthToken", STATIC_TOKEN), ("AuthToken", STATIC_TOKEN)],
        [("Authorization", f"Bearer {STATIC_TOKEN}"), ("Authorization", f"Bearer {STATIC_TOKEN}")],
        [("AuthToken", STATIC_TOKEN), ("Authorization", "Bearer other")],
        [("AuthToken", STATIC_TOKEN), ("Authorization", basic(USER, PASSWORD))],
        [("AuthToken", STATIC_TOKEN), ("Authorization", basic(USER, STATIC_TOKEN))],
    ],
    ids=str,
)
async def test_two_credentials_are_a_bad_request(live: Client, headers: list[tuple[str, str]]):
    calls = live.calls()
    answer = await ask(live, *headers)
    assert answer.status == 400
    assert answer.json["field"] in ("AuthToken", "Authorization")
    assert live.calls() == calls


async def test_a_header_twice_in_two_spellings_is_a_bad_request(live: Client):
    head = f"GET /api/backups HTTP/1.1\r\nHost: x\r\nAuthToken: {STATIC_TOKEN}\r\nauthtoken: other\r\n\r\n"
    assert (await raw_exchange(live, head.encode())).startswith(b"HTTP/1.1 400 ")


async def test_the_same_token_in_both_headers_is_one_credential(live: Client):
    answer = await ask(live, ("AuthToken", STATIC_TOKEN), ("Authorization", f"Bearer {STATIC_TOKEN}"))
    assert answer.status == 200


async def test_five_wrong_passwords_in_a_row_lock_the_account_and_live_sessions_go_on():
    async with gateway_over(1) as client:
        for _ in range(5):
            assert_refused(await client.login(USER, "wrong"))
        answer = await client.login()
        assert answer.status == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 900
        assert answer.json["result"][0]["code"] == "2"
        assert (await ask(client, ("Authorization", basic(USER, PASSWORD)))).status == 429
        assert (await client.get()).status == 200


async def test_four_wrong_passwords_and_a_right_one_lock_nothing():
    async with gateway_over(1) as client:
        for _ in range(3):
            for _ in range(4):
                assert_refused(await client.login(USER, "wrong"))
            assert (await client.login()).status == 201


async def test_who_tries_many_names_is_told_to_wait():
    async with gateway_over(1) as client:
        statuses = [(await client.login(f"user{number}", "x")).status for number in range(25)]
        assert statuses == [401] * 20 + [429] * 5
        answer = await client.login("another", "x")
        assert int(answer.headers["Retry-After"]) >= 1


async def test_guesses_that_come_all_at_once_are_no_more_than_those_in_a_row():
    async with gateway_over(1) as client:
        answers = await asyncio.gather(*(client.login(USER, f"guess {number}") for number in range(30)))
        assert sum(answer.status == 401 for answer in answers) <= 5
        assert {answer.status for answer in answers} <= {401, 429, 503}
