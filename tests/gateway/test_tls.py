"""Certificates: pinned ones, changed ones, and those that nobody vouches for (contract section 3)."""

import pytest

from tests.gateway.conftest import Make
from tests.gateway.live import small

OTHER_PIN = "sha256:" + "0" * 64


async def test_a_pinned_certificate_is_trusted(gateway_over: Make):
    client = await gateway_over([small(1, tls=True)])
    answer = await client.post()
    assert client.farm[0].url.startswith("https://")
    assert answer.states == {1: "ok"}


async def test_another_certificate_is_tls_pin_and_gets_no_byte_of_a_request(gateway_over: Make):
    client = await gateway_over([small(1, tls=True), small(2)], each={1: {"fingerprint": OTHER_PIN}})
    answer = await client.post()
    assert answer.kinds == {1: "tls_pin", 2: None}
    assert (await client.post({"system_id": 1})).status == 502
    assert not client.farm[0].requests


async def test_a_certificate_that_changes_is_tls_pin_and_gets_no_password(gateway_over: Make):
    client = await gateway_over([small(1, tls=True)])
    first = await client.post()
    appliance = client.farm[0]
    seen = len(appliance.requests)
    appliance.sessions.revoke_all()
    await appliance.inject("other_certificate")
    answer = await client.post({"max_age": 0})
    assert (answer.status, answer.states, answer.kinds) == (200, {1: "stale"}, {1: "tls_pin"})
    assert answer.rows == first.rows
    assert len(appliance.requests) == seen


async def test_a_changed_certificate_is_no_fault_that_time_heals(gateway_over: Make):
    """Only a new configuration ends it: who can swap a certificate can swap it back."""
    client = await gateway_over([small(1, tls=True)])
    await client.post()
    await client.farm[0].inject("other_certificate")
    await client.post({"max_age": 0})
    await client.farm[0].recover()
    calls = client.calls()
    assert (await client.post({"max_age": 0})).kinds == {1: "tls_pin"}
    assert client.calls() == calls


@pytest.mark.parametrize("first", [True, False])
async def test_one_of_two_pins_is_enough_while_a_certificate_is_changed(gateway_over: Make, first: bool):
    spec = small(1, tls=True)
    client = await gateway_over([spec], each=lambda farm: {1: {"fingerprint": _both(farm[0].fingerprint, first)}})
    assert (await client.post()).states == {1: "ok"}


def _both(pin: str, first: bool) -> list[str]:
    return [pin, OTHER_PIN] if first else [OTHER_PIN, pin]


async def test_a_certificate_that_nobody_vouches_for_is_tls_without_a_pin(gateway_over: Make):
    client = await gateway_over([small(1, tls=True), small(2)], each={1: {"fingerprint": None}})
    answer = await client.post()
    assert answer.kinds == {1: "tls", 2: None}
    assert (await client.post({"system_id": 1})).status == 502
    assert not client.farm[0].requests


async def test_no_pin_is_shown_to_callers(gateway_over: Make):
    client = await gateway_over([small(1, tls=True)], each={1: {"fingerprint": OTHER_PIN}})
    answer = await client.post()
    assert OTHER_PIN.encode() not in answer.body
    assert client.farm[0].fingerprint.encode() not in answer.body


async def test_plain_http_on_a_tls_port_is_tls(gateway_over: Make):
    client = await gateway_over([small(1, tls=True)])
    await client.farm[0].inject("plain_http")
    assert (await client.post()).kinds == {1: "tls"}
