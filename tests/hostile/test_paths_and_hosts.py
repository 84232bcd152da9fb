"""Tricks with paths, methods, hosts and forwarded addresses: no spelling leads where the plain one does not."""

import asyncio

import pytest

from gateway.web.routes import ROUTES
from tests.hostile.live import Live, running
from tests.hostile.wire import Answer, answers_in, exchange, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLOSE = "Connection: close"


async def asked(live: Live, method: str, target: str, *lines: str, host: str = "gateway") -> Answer:
    """One answer to one request on its own connection."""
    found = answers_in(await exchange(live.port, request(method, target, CLOSE, *lines, host=host)))
    assert len(found) == 1
    return found[0]


def token(live: Live) -> str:
    return f"AuthToken: {live.headers['AuthToken']}"


SAME_ROUTE = ["/api/systems", "//api/systems", "/api//systems", "/api/systems/", "///api///systems///"]

NO_ROUTE = [
    "/api/x/../systems",
    "/api/%2e%2e/api/systems",
    "/%2e%2e/api/systems",
    "/api/./systems",
    "/api/%2e/systems",
    "/api%2fsystems",
    "/api%2Fsystems",
    "/%61pi/systems",
    "/api/systems;x",
    "/api;x=1/systems",
    "/api/systems%00",
    "/api/systems%20",
    "/api/systems%0d%0aX-A:b",
    "/api\\systems",
    "/api/..\\systems",
    "/api/%5csystems",
    "/API/systems",
    "/api/systems.json",
    "/healthz/../api/systems",
    "/healthz;/../api/systems",
    "/healthz%2f..%2fapi%2fsystems",
    "/%c0%ae%c0%ae/api/systems",
    "/etc/passwd",
    "/static/../../gateway/config.py",
]


@pytest.mark.parametrize("target", SAME_ROUTE)
async def test_doubled_and_trailing_slashes_are_the_same_route_and_ask_for_the_same_credential(
    live: Live, target: str
) -> None:
    assert (await asked(live, "GET", target)).status == 401
    assert (await asked(live, "GET", target, token(live))).status == 200


@pytest.mark.parametrize("target", NO_ROUTE)
async def test_other_spellings_reach_no_route_with_or_without_a_credential(live: Live, target: str) -> None:
    for lines in ((), (token(live),)):
        answer = await asked(live, "GET", target, *lines)
        assert answer.status in (400, 404)
        assert "appliance" not in answer.json
        assert "location" not in answer.headers, "no redirect"


@pytest.mark.parametrize("path", sorted(path for path in ROUTES if path.startswith("/api/")))
@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "LOCK", "REPORT", "LINK"])
async def test_methods_that_no_route_has_say_that_the_gateway_only_reads(live: Live, method: str, path: str) -> None:
    answer = await asked(live, method, path, token(live), "X-Canary: canary-7f3a")
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) >= set(ROUTES[path])
    assert "only reads" in answer.json["result"][0]["message"]
    assert b"canary-7f3a" not in answer.body, "TRACE repeats nothing"


async def test_delete_and_put_of_a_backup_reach_no_appliance(live: Live) -> None:
    before = live.calls()
    for method, target in (("DELETE", "/api/backups/7"), ("PUT", "/api/backups"), ("POST", "/api/backups/7?isDelete")):
        assert (await asked(live, method, target, token(live))).status == 405
    assert live.calls() == before


async def test_a_method_in_a_header_or_in_the_query_changes_nothing(live: Live) -> None:
    overrides = ("X-HTTP-Method-Override: DELETE", "X-Original-URL: /metrics", "X-Rewrite-URL: /metrics")
    answer = await asked(live, "GET", "/healthz?_method=DELETE", *overrides)
    assert answer.json == {"status": "ok"}


async def test_an_absolute_address_is_the_same_route_with_the_same_credential(live: Live) -> None:
    assert (await asked(live, "GET", "http://gateway/api/systems")).status == 401
    assert (await asked(live, "GET", "http://gateway/api/systems", token(live))).status == 200


async def test_browsers_of_other_origins_get_no_leave(live: Live) -> None:
    origin = "Origin: https://evil.example"
    asks = (origin, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authtoken")
    answers = [
        await asked(live, "OPTIONS", "/api/backups", *asks),
        await asked(live, "GET", "/api/systems", origin, token(live)),
        await asked(live, "GET", "/api/systems", origin),
        await asked(live, "GET", "/healthz", origin),
    ]
    assert [answer.status for answer in answers] == [405, 200, 401, 200]
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "host", ["a b", "user@gateway", "gateway/api", "gateway?x", "gateway#x", "a,b", "[", "[::1", "gateway:port", "<x>"]
)
async def test_a_host_that_is_none_is_refused(live: Live, host: str) -> None:
    answer = await asked(live, "GET", "/api/systems", token(live), host=host)
    assert (answer.status, answer.json.get("field")) == (400, "Host")


async def test_only_allowed_hosts_are_answered_whatever_the_spelling() -> None:
    async with running(server='allowed_hosts = ["gateway.example", "::1"]') as live:
        for host in ("gateway.example", "GATEWAY.example:8080", "gateway.example.", "[::1]:8080"):
            assert (await asked(live, "GET", "/api/systems", token(live), host=host)).status == 200, host
        for host in ("evil.example", "gateway.example.evil.example", "127.0.0.1", "[::2]", "[1.2]", "gateway.example:"):
            answer = await asked(live, "GET", "/api/systems", token(live), host=host)
            assert answer.status == (200 if host == "gateway.example:" else 421), host
        elsewhere = await asked(live, "GET", "http://evil.example/api/systems", token(live), host="gateway.example")
        assert elsewhere.status == 421
        old = f"GET /api/systems HTTP/1.0\r\n{token(live)}\r\n\r\n".encode()
        assert [answer.status for answer in answers_in(await exchange(live.port, old))] == [421]
        assert (await asked(live, "GET", "/healthz", host="10.0.0.7")).status == 200, "probes name no host"
        for forwarded in ("X-Forwarded-Host: gateway.example", "Forwarded: host=gateway.example"):
            answer = await asked(live, "GET", "/api/systems", token(live), forwarded, host="evil.example")
            assert answer.status == 421


async def test_an_allowed_host_may_be_written_as_it_stands_in_a_url() -> None:
    async with running(server='allowed_hosts = ["gateway.example:8080", "[::1]"]') as live:
        for host, status in {"gateway.example": 200, "gateway.example:443": 200, "[::1]:80": 200, "evil": 421}.items():
            assert (await asked(live, "GET", "/api/systems", token(live), host=host)).status == status, host


async def test_a_question_of_a_thousand_ids_may_be_asked_as_a_query_string(live: Live) -> None:
    ids = [f"{1_000_000_000 + number}" for number in range(1000)]
    for query in ("backup_ids=" + ",".join(ids), "&".join(f"backup_ids={one}" for one in ids)):
        answer = await asked(live, "GET", f"/api/backups?{query}", token(live))
        assert (answer.status, answer.json["total"]) == (200, 0)


async def test_a_method_that_nobody_has_heard_of_is_a_405(live: Live) -> None:
    answer = await asked(live, "FOO", "/api/backups", token(live))
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert "only reads" in answer.json["result"][0]["message"]


async def _guess(live: Live, number: int, *lines: str, source: str) -> int:
    body = b'{"username":"name-%d","password":"guess"}' % number
    data = request("POST", "/api/login", CLOSE, *lines, body=body)
    return answers_in(await exchange(live.port, data, source=source))[0].status


async def test_a_forwarded_address_that_nobody_vouches_for_does_not_help_guessing() -> None:
    async with running() as live:
        spoofed = [f"X-Forwarded-For: 198.51.100.{number}" for number in range(25)]
        statuses = [await _guess(live, n, line, source="127.0.0.9") for n, line in enumerate(spoofed)]
    assert statuses == [401] * 20 + [429] * 5


async def test_where_every_hop_is_trusted_the_farthest_one_counts() -> None:
    async with running(server='trusted_proxies = ["127.0.0.0/8", "10.0.0.0/8"]') as live:
        for number in range(25):
            await _guess(live, number, "X-Forwarded-For: 10.1.2.3:4711, 10.0.0.1", source="127.0.0.9")
        floods = [
            await _guess(live, 90, f"X-Forwarded-For: {hop}, 10.0.0.1", source="127.0.0.9")
            for hop in ("10.1.2.3", "10.1.2.3:80", "10.1.2.4")
        ]
    assert floods == [429, 429, 401]


async def test_behind_a_trusted_proxy_the_last_hop_that_is_no_proxy_counts() -> None:
    async with running(server='trusted_proxies = ["127.0.0.9"]') as live:
        for number in range(20):
            # What the caller itself writes stands in front of what the proxy adds.
            line = f"X-Forwarded-For: 198.51.100.{number}, 203.0.113.5"
            assert await _guess(live, number, line, source="127.0.0.9") == 401
        others = await asyncio.gather(
            _guess(live, 90, "X-Forwarded-For: 203.0.113.5", source="127.0.0.9"),
            _guess(live, 91, "X-Forwarded-For: 203.0.113.6", source="127.0.0.9"),
            _guess(live, 92, "X-Forwarded-For: 203.0.113.5", source="127.0.0.10"),
        )
    assert others == [429, 401, 401], "blocked; another caller; and a stranger that only claims to be forwarded"
