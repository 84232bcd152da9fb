"""What is logged, and what is never to be seen anywhere: secrets of both sides (contract section 3, faults.md 3.36)."""

import base64
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import aiohttp
import pytest

from gateway.callers.accounts import token_hash
from gateway.simulator import Farm, Fault
from tests.gateway.live import config_text, small
from tests.gateway.processes import Running, running
from tests.kit.accounts import CHEAP_HASH, PASSWORD
from tests.kit.waiting import until

APPLIANCE_PASSWORD = "canary+appliance/pass word~1"
GATEWAY_TOKEN = "canary_static+token/of=the_gateway"
WRONG_PASSWORD = "canary wrong+password/typed"
WRONG_TOKEN = "canary+wrong/token=guessed"
AUTH = {"AuthToken": GATEWAY_TOKEN}


@dataclass
class Watched:
    """A process that logs everything it can, and all that it has answered."""

    process: Running
    address: str
    farm: Farm
    http: aiohttp.ClientSession
    answers: list[bytes]

    async def ask(self, method: str, path: str, **options: object) -> tuple[int, bytes]:
        async with self.http.request(method, self.address + path, **options) as answer:
            body = await answer.read()
            self.answers += [body, repr(answer.raw_headers).encode()]
            return answer.status, body


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    user = {"username": "noc", "password_hash": CHEAP_HASH, "systems": "all", "role": "admin"}
    tool = {"name": "tool", "token_hash": token_hash(GATEWAY_TOKEN), "systems": "all", "role": "admin"}
    fleet = [small(number, password=APPLIANCE_PASSWORD) for number in (1, 2, 3)]
    async with contextlib.AsyncExitStack() as stack:
        farm = await stack.enter_async_context(Farm(fleet))
        file = tmp_path / "gateway.toml"
        file.write_text(config_text(farm, users=[user], tokens=[tool], log={"level": "debug"}))
        process = await stack.enter_async_context(running("serve", "--config", str(file)))
        address = await process.address()
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Watched(process, address, farm, http, [])


async def test_every_request_is_one_line_with_its_facts(watched: Watched):
    status, _ = await watched.ask("POST", "/api/backups?sid=1,2", headers=AUTH | {"X-Request-ID": "my-request-1"})
    assert status == 200
    await watched.process.end()
    (line,) = [event for event in watched.process.events() if event["event"] == "request"]
    assert line["request_id"] == "my-request-1"
    assert (line["method"], line["path"], line["status"]) == ("POST", "/api/backups", 200)
    assert (line["systems"], line["rows"], line["caller"]) == (2, 60, "tool")
    assert line["ms"] > 0
    assert line["level"] == "info"


async def test_every_call_to_an_appliance_is_one_line_with_its_facts(watched: Watched):
    await watched.ask("POST", "/api/backups?sid=1,2", headers=AUTH | {"X-Request-ID": "my-request-2"})
    await watched.process.end()
    calls = [event for event in watched.process.events() if event["event"] == "call"]
    assert {(call["system_id"], call["verb"]) for call in calls} == {
        (1, "login"),
        (2, "login"),
        (1, "backups"),
        (2, "backups"),
    }
    assert len(calls) == 4
    for call in calls:
        assert call["request_id"] == "my-request-2"
        assert call["ms"] > 0
        assert call["error"] is None
        assert call["rows"] == (30 if call["verb"] == "backups" else 0)


async def test_a_call_that_fails_is_a_warning_with_its_kind(watched: Watched):
    await watched.farm[0].inject("html")
    await watched.ask("POST", "/api/backups?sid=1", headers=AUTH)
    await watched.process.end()
    (call,) = [e for e in watched.process.events() if e["event"] == "call" and e["verb"] == "backups"]
    assert (call["level"], call["error"]) == ("warning", "bad_reply")


async def test_what_an_answer_costs_no_call_is_no_line(watched: Watched):
    for _ in range(3):
        await watched.ask("POST", "/api/backups", headers=AUTH)
    await watched.process.end()
    events = watched.process.events()
    assert sum(event["event"] == "request" for event in events if "event" in event) == 3
    assert sum(event["event"] == "call" for event in events if "event" in event) == 6


async def test_text_of_strangers_cannot_forge_a_line(watched: Watched):
    forged = '"}\n{"event":"forged"}\r\n\x1b[31m'
    body = json.dumps({"username": forged, "password": "x"})
    await watched.ask("POST", "/api/login", data=body)
    await watched.ask("POST", "/api/backups", data=json.dumps({forged: 1}), headers=AUTH)
    await watched.ask("GET", "/%0a%7b%22event%22:%22forged%22%7d", headers=AUTH | {"User-Agent": forged[:2]})
    await watched.farm[0].inject(Fault("error", text=forged))
    await watched.ask("POST", "/api/backups", headers=AUTH)
    await watched.process.end()
    events = watched.process.events()
    assert "forged" not in {event.get("event") for event in events}
    assert not any("\x1b" in line or "\r" in line for line in watched.process.err)


async def live_a_little(watched: Watched) -> list[str]:
    """Everything that touches a secret, good and bad; the tokens that were met on the way."""
    tokens = []
    for password in (WRONG_PASSWORD, PASSWORD):
        status, body = await watched.ask("POST", "/api/login", json={"username": "noc", "password": password})
        if status == 201:
            tokens.append(json.loads(body)["token"])
            watched.answers = watched.answers[:-2]  # the one answer that must hold it
    basic, wrong = (aiohttp.encode_basic_auth("noc", each) for each in (PASSWORD, WRONG_PASSWORD))
    for headers in (
        AUTH,
        {"AuthToken": tokens[0]},
        {"Authorization": f"Bearer {tokens[0]}"},
        {"Authorization": basic},
        {"Authorization": wrong},
        {"AuthToken": WRONG_TOKEN},
        {"Authorization": f"Bearer {WRONG_TOKEN}"},
        {"AuthToken": GATEWAY_TOKEN, "Authorization": f"Bearer {WRONG_TOKEN}"},
        {"Authorization": f"Digest {WRONG_TOKEN}"},
    ):
        await watched.ask("POST", "/api/backups", headers=headers, json={"max_age": 0})
        await watched.ask(
            "GET", f"/api/backups?AuthToken={quote(GATEWAY_TOKEN)}&token={quote(tokens[0])}", headers=headers
        )
    for path in ("/api/systems", "/gateway/systems", "/metrics", "/readyz", f"/{quote(GATEWAY_TOKEN)}"):
        await watched.ask("GET", path, headers=AUTH)
    await watched.ask("POST", "/api/login", data=f'{{"username":"noc","password":"{WRONG_PASSWORD}')
    await watched.ask("POST", "/api/login", json={"username": "noc", "password": WRONG_PASSWORD, PASSWORD: 1})
    theirs = [_token_of(watched, number) for number in range(3)]
    for number, token in enumerate(theirs):
        await watched.farm[number].inject(Fault("error", text=f"bad token {token} of gateway {APPLIANCE_PASSWORD}"))
    await watched.ask("POST", "/api/backups", headers=AUTH, json={"max_age": 0})
    for number, token in enumerate(theirs):
        dressed = " ".join(sorted(spellings((token, APPLIANCE_PASSWORD, token)[number])))
        await watched.farm[number].inject(Fault("error", text=dressed))
    await watched.ask("POST", "/api/backups", headers=AUTH, json={"max_age": 0})
    echo = f"user gateway, password {APPLIANCE_PASSWORD} refused"
    for appliance, fault in zip(
        watched.farm,
        (
            Fault("error", frozenset({"login"}), text=echo),
            Fault("body", frozenset({"login"}), text=f'{{"oops":"{APPLIANCE_PASSWORD}"}}'),
            Fault("body", frozenset({"login"}), text=f"<b>{APPLIANCE_PASSWORD}</b>"),
        ),
        strict=True,
    ):
        await appliance.recover()
        await appliance.inject(fault)
        appliance.sessions.revoke_all()
    await watched.ask("POST", "/api/backups", headers=AUTH, json={"max_age": 0})
    await watched.ask("GET", "/gateway/systems", headers=AUTH)
    await watched.ask("POST", "/api/logout", headers={"AuthToken": tokens[0]})
    return tokens + theirs


def _token_of(watched: Watched, number: int) -> str:
    sent = [value for request in watched.farm[number].requests for value in request.header("AuthToken")]
    return sent[-1]


def spellings(secret: str) -> set[str]:
    """A secret in every dress in which it could slip out."""
    raw = secret.encode()
    dressed = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), raw.hex(), raw.hex().upper()}
    dressed |= {json.dumps(secret)[1:-1], json.dumps(secret)[1:-1].replace("/", "\\/")}
    for shift in range(3):
        # Base64 of it inside a longer text: what does not depend on its neighbours.
        packed = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        inner = packed[(0, 2, 3)[shift] : -2]
        dressed |= {inner, inner.replace("+", "-").replace("/", "_")}
    return dressed


async def test_no_secret_of_either_side_is_in_the_log_or_in_any_answer(watched: Watched):
    tokens = await live_a_little(watched)
    await until(lambda: len(watched.process.err) > 40)
    await watched.process.end()
    log = "\n".join([*watched.process.err, *watched.process.out])
    answers = b"\n".join(watched.answers).decode()
    secrets = [APPLIANCE_PASSWORD, PASSWORD, GATEWAY_TOKEN, WRONG_PASSWORD, WRONG_TOKEN, *tokens]
    for secret in secrets:
        for spelling in spellings(secret):
            assert len(spelling) > 8
            assert spelling not in log, (secret, spelling)
            assert spelling not in answers, (secret, spelling)


async def test_hashes_of_the_configuration_are_no_more_to_be_seen_than_secrets(watched: Watched):
    await live_a_little(watched)
    await watched.process.end()
    everything = "\n".join(watched.process.err) + b"\n".join(watched.answers).decode()
    assert CHEAP_HASH not in everything
    assert token_hash(GATEWAY_TOKEN).removeprefix("sha256:") not in everything
    assert "argon2id" not in everything
