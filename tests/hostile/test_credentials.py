"""Credentials that are doubled, misplaced, forged or broken: 400 or 401, never an appliance asked, never a 500."""

import base64
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from gateway.callers.accounts import new_token
from tests.hostile.live import STATIC_TOKEN, Live, TurnedClock, running
from tests.hostile.wire import Answer, answers_in, exchange, request
from tests.kit.accounts import PASSWORD, user_table

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = f"AuthToken: {STATIC_TOKEN}"
VENDOR = base64.b64encode(b"v0:b3d7' OR '1'='1:1:/api/../log:0").decode()


def basic(text: bytes) -> str:
    return f"Authorization: Basic {base64.b64encode(text).decode()}"


async def asked(live: Live, *lines: str, target: str = "/api/backups", source: str = "127.0.0.2") -> Answer:
    data = request("GET", target, "Connection: close", *lines)
    return answers_in(await exchange(live.port, data, source=source))[0]


TWICE = {
    "the same token twice": (GOOD, GOOD),
    "two tokens": (GOOD, "AuthToken: other"),
    "two tokens, the good one last": ("AuthToken: other", GOOD),
    "one Authorization twice": (f"Authorization: Bearer {STATIC_TOKEN}",) * 2,
    "Bearer and Basic": (f"Authorization: Bearer {STATIC_TOKEN}", basic(f"noc:{PASSWORD}".encode())),
    "a token and another Bearer": (GOOD, "Authorization: Bearer other"),
    "a token and a password": (GOOD, basic(f"noc:{PASSWORD}".encode())),
    "other letters": (GOOD, f"authtoken: {STATIC_TOKEN}"),
}

NONE = {
    "nothing": (),
    "an empty token": ("AuthToken: ",),
    "an empty Bearer": ("Authorization: Bearer",),
    "Digest": ('Authorization: Digest username="noc"',),
    "Negotiate": ("Authorization: Negotiate YII=",),
    "a token without a scheme": (f"Authorization: {STATIC_TOKEN}",),
    "a token in a cookie": (f"Cookie: AuthToken={STATIC_TOKEN}; token={STATIC_TOKEN}",),
    "a token under another name": (f"X-Auth-Token: {STATIC_TOKEN}", f"Auth_Token: {STATIC_TOKEN}"),
    "a token of the vendor's": (f"AuthToken: {VENDOR}",),
    "the text of a vendor's token": ("AuthToken: v0:b3d7-uuid:1:/api/log:0",),
    "SQL": ("AuthToken: ' OR 1=1 --",),
    "a hash for the token": ("AuthToken: sha256:" + "0" * 64,),
    "bytes that are no UTF-8": ("AuthToken: \xff\xfe",),
    "such bytes as Bearer": ("Authorization: Bearer \xff",),
    "8,000 bytes": ("AuthToken: " + "a" * 8_000,),
    "the token and a tail": (f"AuthToken: {STATIC_TOKEN}x",),
    "the token in upper case": (f"AuthToken: {STATIC_TOKEN.upper()}",),
    "Basic that is no base64": ("Authorization: Basic %%%",),
    "Basic without a colon": (basic(b"noc"),),
    "Basic that is no UTF-8": (basic(b"\xff:\xff"),),
    "Basic with an endless password": (basic(b"noc:" + b"a" * 1_025),),
    "Basic with NUL": (basic(b"noc\0:" + PASSWORD.encode()),),
    "Basic with a wrong password": (basic(b"noc:wrong"),),
    "Basic with the name in upper case": (basic(b"NOC:" + PASSWORD.encode()),),
}


@pytest.mark.parametrize("lines", TWICE.values(), ids=TWICE.keys())
async def test_two_credentials_are_refused_even_where_one_is_good(live: Live, lines: tuple[str, ...]) -> None:
    answer = await asked(live, *lines)
    assert (answer.status, answer.json["field"]) == (400, answer.json["field"])
    assert answer.json["field"] in ("AuthToken", "Authorization")


@pytest.mark.parametrize("lines", NONE.values(), ids=NONE.keys())
async def test_what_is_no_credential_is_401_and_says_how_to_log_in(live: Live, lines: tuple[str, ...]) -> None:
    answer = await asked(live, *lines)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert b"v0:" not in answer.body


async def test_the_same_token_in_both_headers_is_one_credential(live: Live) -> None:
    assert (await asked(live, GOOD, f"Authorization: bearer  {STATIC_TOKEN}")).status == 200


@pytest.mark.parametrize("key", ["token", "AuthToken", "auth_token", "access_token", "api_key"])
async def test_a_token_in_the_query_is_none_and_stays_out_of_the_log(live: Live, key: str) -> None:
    with capture_logs() as lines:
        answer = await asked(live, target=f"/api/backups?{key}={quote(STATIC_TOKEN)}")
    assert answer.status == 401
    assert lines
    assert STATIC_TOKEN not in str(lines)


async def test_nothing_of_a_forged_token_is_sent_on_or_logged(live: Live) -> None:
    before = live.calls()
    with capture_logs() as lines:
        await asked(live, f"AuthToken: {VENDOR}")
    assert live.calls() == before
    assert VENDOR not in str(lines)


async def test_logging_out_needs_a_session_and_ends_it_at_once() -> None:
    async with running() as live:
        _, session = await live.login()
        line = f"AuthToken: {session['token']}"
        out = request("POST", "/api/logout", "Connection: close", line)
        assert (await asked(live, line, target="/api/systems")).status == 200
        assert answers_in(await exchange(live.port, out))[0].status == 200
        assert (await asked(live, line, target="/api/systems")).status == 401
        assert answers_in(await exchange(live.port, out))[0].status == 401
        static = request("POST", "/api/logout", "Connection: close", GOOD)
        assert answers_in(await exchange(live.port, static))[0].status == 400
        assert (await asked(live, GOOD, target="/api/systems")).status == 200


async def test_a_session_ends_by_itself_after_an_idle_hour_and_after_twelve_hours() -> None:
    clock = TurnedClock()
    async with running(clock=clock) as live:
        _, idle = await live.login()
        clock.now += 3_599
        assert (await asked(live, f"AuthToken: {idle['token']}", target="/api/systems")).status == 200
        clock.now += 3_601
        assert (await asked(live, f"AuthToken: {idle['token']}", target="/api/systems")).status == 401
        _, busy = await live.login()
        statuses = []
        for _ in range(13):
            clock.now += 3_500
            statuses.append((await asked(live, f"AuthToken: {busy['token']}", target="/api/systems")).status)
    assert statuses == [200] * 12 + [401]


async def test_each_login_is_a_new_session_and_the_oldest_of_twenty_goes() -> None:
    async with running(users=[user_table(), user_table("other")]) as live:
        tokens = [(await live.login())[1]["token"] for _ in range(21)]
        other = (await live.login("other"))[1]["token"]
        assert len({*tokens, other}) == 22
        statuses = [(await asked(live, f"AuthToken: {one}", target="/api/systems")).status for one in (*tokens, other)]
    assert statuses == [401] + [200] * 21


async def test_a_hundred_bad_tokens_a_minute_are_enough_for_one_address_and_live_ones_go_on() -> None:
    clock = TurnedClock()
    async with running(clock=clock) as live:
        for _ in range(100):
            bad = await asked(live, f"AuthToken: {new_token()}", target="/api/systems")
            assert bad.status == 401
        blocked = await asked(live, f"AuthToken: {new_token()}", target="/api/systems")
        assert (blocked.status, blocked.headers["retry-after"]) == (429, "60")
        assert (await asked(live, GOOD, target="/api/systems")).status == 200
        elsewhere = await asked(live, f"AuthToken: {new_token()}", target="/api/systems", source="127.0.0.3")
        assert elsewhere.status == 401
        clock.now += 61
        assert (await asked(live, f"AuthToken: {new_token()}", target="/api/systems")).status == 401
