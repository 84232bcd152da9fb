"""Whatever a caller writes, wherever it writes it: appliances get constant paths and typed values alone."""

import asyncio
import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from gateway.question.query import KEYS
from gateway.simulator import ApplianceSpec, Farm
from gateway.simulator.traffic import RecordedRequest
from tests.secure.hunt import traces
from tests.secure.support import CALM, TOKEN, Site, config_text, site_of, system_table

MARK = "zq7inj"
"""In every payload, and in nothing else on this machine."""

PAYLOADS = (
    f"{MARK}' OR '1'='1' --",
    f'{MARK}"; DROP TABLE backups; --',
    f"{MARK} UNION SELECT password FROM users",
    f"`touch /tmp/{MARK}`",
    f"$(curl http://127.0.0.1/{MARK})",
    f"${{{MARK}}}",
    f"{{{{{MARK}.__class__}}}}",
    f"<%= {MARK} %>",
    f"{MARK}\r\nAuthToken: stolen\r\n\r\nPOST /api/backups?isDelete HTTP/1.1",
    f"{MARK}\n",
    f"{MARK}\x00.php",
    f"{MARK}😀\u202e",
    f"../../../../etc/{MARK}",
    f"..%2f..%2f{MARK}",
    f"%2e%2e/{MARK}",
    f"v0:{MARK}:00000000-0000-4000-8000-000000000000:1:/log:0",
    f"1;client_id=2;{MARK}",
    f"1&sid=2&{MARK}",
    f"<script>{MARK}</script>",
    f"{MARK}" + "A" * 3_000,
    f"ldap://127.0.0.1/{MARK}",
    f"{MARK}?isDelete",
)
HEADERS = (
    *("User-Agent", "Cookie", "Referer", "Origin", "X-Request-ID", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded"),
    *("Via", "Accept", "Accept-Language", "Accept-Encoding", "Content-Type", "If-None-Match", "Cache-Control"),
    *("X-Original-URL", "X-HTTP-Method-Override", "Traceparent", "X-Zq", "Prefer", "Range"),
)
CREDENTIALS = ("AuthToken", "Authorization")
PATHS = ("/api/backups/{}", "/api/{}", "/{}", "/api/backups;{}", "/api/backups?{}", "/api/backups?sid={}", "//{}/api")
ALWAYS = {"max_age": 0}


@pytest.fixture
async def place() -> Any:
    """A gateway over two appliances, of which one has a system id of its own."""
    specs = [ApplianceSpec(name="one", rows=5), ApplianceSpec(name="two", rows=5, seed=2, system_id=3)]
    async with Farm(specs) as farm:
        systems = [system_table(1, farm[0]), system_table(2, farm[1], remote_system_id=3)]
        async with site_of(config_text(systems, users=[{"username": "noc", "systems": "all"}], tables=CALM)) as site:
            await site.login("noc")
            yield site, farm


async def test_every_field_of_a_question(place: tuple[Site, Farm]) -> None:
    """As a value, in a list, as a key, inside an object; in the body and in the query string."""
    site, farm = place
    statuses = set()
    for payload in PAYLOADS:
        for key in KEYS:
            for value in (payload, [payload], {payload: payload}, [1, payload]):
                statuses.add((await site.ask({**ALWAYS, key: value})).status)
            query = f"max_age=0&{key}={quote(payload, safe='')}"
            statuses.add((await site.call("GET", f"/api/backups?{query}")).status)
        statuses.add((await site.ask({**ALWAYS, payload: payload})).status)
        statuses.add((await site.call("POST", f"/api/backups?{quote(payload)}=1", json=ALWAYS)).status)
        statuses.add((await site.call("POST", "/api/backups", data=payload.encode())).status)
    assert statuses == {200, 400, 404, 410}
    _check(farm, least=100)


async def test_no_header_and_no_credential_goes_upstream(place: tuple[Site, Farm]) -> None:
    """Raw bytes, since no client would send them; each request ends in a call to both appliances, or in an error."""
    site, farm = place
    answered = []
    for payload in PAYLOADS:
        for header in HEADERS:
            answered.append(await _raw(site, "/api/backups", {header: payload, "AuthToken": TOKEN}))
        for header in CREDENTIALS:
            answered.append(await _raw(site, "/api/backups", {header: payload}))
            answered.append(await _raw(site, "/api/backups", {header: f"Basic {payload}"}))
    assert len(answered) == len(PAYLOADS) * (len(HEADERS) + 4)
    assert b"500" not in {line.split(b" ")[1] for line in answered if line}
    _check(farm, least=100)


async def test_no_path_goes_upstream(place: tuple[Site, Farm]) -> None:
    """Plain, percent-encoded and twice encoded, with a body that asks the appliances."""
    site, farm = place
    for payload in PAYLOADS:
        for pattern in PATHS:
            for path in (pattern.format(quote(payload, safe="")), pattern.format(quote(quote(payload, safe="")))):
                answer = await site.call("POST", path, json=ALWAYS)
                assert answer.status in (200, 400, 404, 405), path
    await site.anew()
    _check(farm, least=2)


async def test_logins_of_callers_are_no_logins_at_appliances(place: tuple[Site, Farm]) -> None:
    """Names and passwords of a caller stay here."""
    site, farm = place
    for payload in PAYLOADS:
        for body in ({"username": payload, "password": payload}, {"username": "noc", "password": payload}):
            assert (await site.call("POST", "/api/login", None, json=body)).status in (400, 401, 429)
    await site.anew()
    _check(farm, least=2)


def _check(farm: Farm, *, least: int) -> None:
    """No trace of a payload, and nothing that is not of the few things that may go upstream."""
    requests = [request for appliance in farm for request in appliance.requests]
    assert len(requests) >= least
    for request in requests:
        seen = "\n".join([request.method, request.target, *(f"{key}: {value}" for key, value in request.headers)])
        assert traces({"mark": MARK}, seen.encode() + b"\n" + request.body) == []
        assert "stolen" not in seen
        _check_form(request)
    assert {appliance.counters.deletes for appliance in farm} == {0}


ALLOWED_HEADERS = {
    *("Host", "User-Agent", "Content-Type", "Content-Length", "Accept", "Accept-Encoding", "AuthToken"),
}


def _check_form(request: RecordedRequest) -> None:
    assert request.method == "POST"
    assert re.fullmatch(r"/api/(login|backups|backups\?sid=3)", request.target)
    assert {key for key, _ in request.headers} <= ALLOWED_HEADERS
    assert request.header("User-Agent") == ["backup-gateway"]
    body = json.loads(request.body)
    assert isinstance(body, dict)
    if request.path == "/api/login":
        assert set(body) == {"username", "password"}
        assert (body["username"], body["password"]) == ("gateway", "simulated")
        return
    for key, value in body.items():
        typed = isinstance(value, int) or (isinstance(value, list) and all(isinstance(item, int) for item in value))
        assert typed or (key in ("start_day", "end_day") and re.fullmatch(r"\d\d/\d\d/\d{4}", str(value)))


async def _raw(site: Site, path: str, headers: dict[str, str]) -> bytes:
    """The status line of the answer to a request written by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    body = json.dumps(ALWAYS).encode()
    lines = {"Host": "127.0.0.1", "Content-Length": str(len(body)), "Connection": "close", **headers}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{key}: {value}\r\n" for key, value in lines.items()) + "\r\n"
    writer.write(head.encode() + body)
    try:
        answer = await reader.read()
    except ConnectionError:
        answer = b""
    writer.close()
    return answer.partition(b"\r\n")[0]
