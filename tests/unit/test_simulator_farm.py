"""A farm: mixed fleets, TLS with pins, the control listener, and the configuration it hands out."""

import hashlib
import ssl
import tomllib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import ClientConnectorError, ClientSession, Fingerprint, ServerFingerprintMismatch
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.simulator import ApplianceSpec, Farm
from gateway.simulator.fleet import mixed_specs
from gateway.simulator.tls import self_signed

SMALL = {"rows": 10, "assets": 14}


@pytest.fixture
async def farm() -> AsyncIterator[Farm]:
    specs = [ApplianceSpec(name="plain", **SMALL), ApplianceSpec(name="safe", tls=True, **SMALL)]  # type: ignore[arg-type]
    async with Farm(specs) as running:
        yield running


async def control(http: ClientSession, farm: Farm, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with http.request(method, f"{farm.control_url}/appliances{path}", json=body) as answer:
        return answer.status, await answer.json()


async def login_status(http: ClientSession, farm: Farm, name: str, pin: str | None = None) -> int:
    appliance = farm[name]
    check: Any = Fingerprint(bytes.fromhex(pin.removeprefix("sha256:"))) if pin else True
    credentials = {"username": appliance.spec.username, "password": appliance.spec.password}
    async with http.post(f"{appliance.url}/api/login", json=credentials, ssl=check) as answer:
        return answer.status


async def test_appliances_are_found_by_number_and_by_name(farm: Farm) -> None:
    assert farm[0] is farm["plain"]
    assert [appliance.spec.name for appliance in farm] == ["plain", "safe"]
    assert len({appliance.url for appliance in farm} | {farm.control_url}) == 3
    with pytest.raises(KeyError):
        farm["nobody"]


async def test_the_pin_opens_a_self_signed_appliance_and_nothing_else_does(http: ClientSession, farm: Farm) -> None:
    pin = farm["safe"].fingerprint
    assert pin is not None
    assert pin.startswith("sha256:")
    assert len(pin) == 71
    assert pin == pin.lower()
    assert await login_status(http, farm, "safe", pin) == 201
    with pytest.raises(ServerFingerprintMismatch):
        await login_status(http, farm, "safe", "sha256:" + "0" * 64)
    with pytest.raises(ClientConnectorError):
        await login_status(http, farm, "safe")
    assert farm["safe"].counters.logins == 1


async def test_a_changed_certificate_breaks_the_pin_until_recovery(http: ClientSession, farm: Farm) -> None:
    safe = farm["safe"]
    await safe.inject("other_certificate")
    with pytest.raises(ServerFingerprintMismatch):
        await login_status(http, farm, "safe", safe.fingerprint)
    await safe.recover()
    assert await login_status(http, farm, "safe", safe.fingerprint) == 201


async def test_plain_http_on_a_tls_port_is_no_handshake(http: ClientSession, farm: Farm) -> None:
    await farm["safe"].inject("plain_http")
    with pytest.raises(ClientConnectorError):
        await login_status(http, farm, "safe", farm["safe"].fingerprint)
    assert not farm["safe"].requests


def test_a_fingerprint_is_the_sha256_of_the_certificates_der() -> None:
    made = self_signed("acme-nyc", valid_from=datetime(2020, 1, 1, tzinfo=UTC), days=10)
    loaded = x509.load_pem_x509_certificate(made.certificate_pem)
    assert made.fingerprint == "sha256:" + hashlib.sha256(loaded.public_bytes(Encoding.DER)).hexdigest()
    assert loaded.not_valid_after_utc == datetime(2020, 1, 11, tzinfo=UTC)
    assert isinstance(made.server_context(), ssl.SSLContext)
    assert "PRIVATE" not in repr(made)


async def test_control_shows_counters_and_switches_faults(http: ClientSession, farm: Farm) -> None:
    await login_status(http, farm, "plain")
    status, shown = await control(http, farm, "GET", "/1")
    assert (status, shown["name"], shown["url"], shown["mode"]) == (200, "plain", farm[0].url, "serving")
    assert (shown["records"], shown["counters"]["logins"], shown["faults"]) == (10, 1, [])

    status, shown = await control(http, farm, "POST", "/plain/fault", {"mode": "login_refused", "count": 1})
    assert (status, shown["faults"][0]["mode"], shown["faults"][0]["routes"]) == (200, "login_refused", ["login"])
    assert [await login_status(http, farm, "plain") for _ in range(2)] == [500, 201]

    await control(http, farm, "POST", "/1/fault", {"mode": "refusing"})
    with pytest.raises(ClientConnectorError):
        await login_status(http, farm, "plain")
    status, shown = await control(http, farm, "DELETE", "/1/fault")
    assert (shown["mode"], shown["faults"]) == ("serving", [])
    assert await login_status(http, farm, "plain") == 201


async def test_control_lists_all_and_ends_sessions(http: ClientSession, farm: Farm) -> None:
    _, listed = await control(http, farm, "GET", "")
    assert [one["number"] for one in listed["appliances"]] == [1, 2]
    token = farm[0].sessions.issue()
    await control(http, farm, "DELETE", "/1/sessions")
    assert not farm[0].sessions.accept(token)


@pytest.mark.parametrize("body", [{"mode": "sleepy"}, {}, [1], {"mode": "slow", "seconds": "long"}, None])
async def test_control_refuses_what_it_does_not_know(http: ClientSession, farm: Farm, body: Any) -> None:
    status, answer = await control(http, farm, "POST", "/1/fault", body)
    assert status == 400
    assert answer["error"]
    async with http.get(f"{farm.control_url}/appliances/99") as missing:
        assert missing.status == 404


async def test_an_appliances_own_port_has_no_control(http: ClientSession, farm: Farm) -> None:
    async with http.post(f"{farm[0].url}/appliances/1/fault", json={"mode": "refusing"}) as answer:
        assert answer.status == 404


async def test_the_configuration_names_every_system_and_its_pin() -> None:
    async with Farm.mixed(6, seed=3) as farm:
        user = {"username": "noc", "password_hash": "$argon2id$x", "systems": "all"}
        config = tomllib.loads(farm.config_toml(server_port=9090, users=[user]))
    assert config["server"]["port"] == 9090
    assert config["user"] == [user]
    assert [system["id"] for system in config["system"]] == [1, 2, 3, 4, 5, 6]
    for system, appliance in zip(config["system"], farm, strict=True):
        assert system["name"] == appliance.spec.name
        assert system["url"] == appliance.url
        assert (system["username"], system["password"]) == (appliance.spec.username, appliance.spec.password)
        assert system["timezone"] == appliance.spec.timezone
        assert system.get("fingerprint") == appliance.fingerprint
        known = {"id", "name", "url", "username", "password", "timezone", "fingerprint", "customer", "tags"}
        assert set(system) <= known
    assert sum("fingerprint" in system for system in config["system"]) == 1


async def test_a_mixed_fleet_shows_what_a_demo_needs() -> None:
    async with Farm.mixed(8) as farm:
        modes = [appliance.listener.mode for appliance in farm]
        assert modes == ["serving"] * 7 + ["refusing"]
        specs = [appliance.spec for appliance in farm]
    assert {spec.dialect for spec in specs} == {"wiki-2015", "10.x"}
    assert len({spec.customer for spec in specs}) > 3
    assert sum(spec.base_ms > 1_000 for spec in specs) == 1
    july, january = (datetime(2025, month, 1, tzinfo=UTC) for month in (7, 1))
    offsets = {zone: ZoneInfo(zone).utcoffset(july.astimezone(ZoneInfo(zone))) for zone in (s.timezone for s in specs)}
    assert any(offset is not None and offset.total_seconds() % 3600 for offset in offsets.values())
    southern = ZoneInfo("Australia/Sydney")
    assert "Australia/Sydney" in offsets
    assert january.astimezone(southern).dst() > july.astimezone(southern).dst()  # type: ignore[operator]


def test_a_mixed_fleet_is_the_same_for_one_seed_and_its_names_are_unique() -> None:
    assert mixed_specs(200, 5) == mixed_specs(200, 5)
    assert mixed_specs(3, 5) != mixed_specs(3, 6)
    assert len({spec.name for spec in mixed_specs(200, 5)}) == 200


async def test_given_ports_are_taken() -> None:
    async with Farm([ApplianceSpec(**SMALL)]) as first:  # type: ignore[arg-type]
        port = first[0].listener.port
    async with Farm([ApplianceSpec(port=port, **SMALL)]) as again:  # type: ignore[arg-type]
        assert again[0].url == f"http://127.0.0.1:{port}"


async def test_a_farm_that_cannot_start_leaves_nothing_open() -> None:
    async with Farm([ApplianceSpec(**SMALL)]) as holder:  # type: ignore[arg-type]
        taken = holder[0].listener.port
        clashing = Farm([ApplianceSpec(**SMALL), ApplianceSpec(port=taken, **SMALL)])  # type: ignore[arg-type]
        with pytest.raises(OSError, match="in use"):
            await clashing.start()
        await clashing.stop()
        assert clashing[0].listener.mode == "refusing"
