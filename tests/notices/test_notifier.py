"""What arrives at a webhook over real sockets, and when."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ConfigError
from tests.gateway.live import gateway_over, small
from tests.notices.hooks import told


def _opened(bodies: list[Any], rule: str = "unreachable") -> list[str]:
    return [
        event["id"] for body in bodies for event in body["events"] if (event["status"], event["rule"]) == ("open", rule)
    ]


def _closed(bodies: list[Any]) -> list[str]:
    return [event["id"] for body in bodies for event in body["events"] if event["status"] == "closed"]


async def test_a_dead_system_opens_one_alert_and_closes_it_once():
    async with told(cache={"fresh_seconds": 0, "revalidate_seconds": 0}) as site:
        await site.look()
        await site.farm[0].inject("refusing")
        assert _opened(await site.look()) == ["1/unreachable"]
        assert await site.look() == []
        await site.farm[0].recover()
        site.clock.by += 400  # the breaker gives it another chance
        assert _closed(await site.look()) == ["1/unreachable"]
        assert await site.look() == []


async def test_what_could_not_be_sent_is_sent_with_the_next_look(logged: list[dict[str, Any]]):
    async with told() as site:
        await site.farm[0].inject("refusing")
        site.box.status = 500
        first = await site.look()
        site.box.status = 200
        again = await site.look()
        assert _opened(first) == _opened(again) == ["1/unreachable"]
        assert await site.look() == []
        (line,) = [event for event in logged if event["event"] == "notice_not_sent"]
        assert (line["to"], line["reason"]) == ("noc", "HTTP 500")


async def test_a_restart_tells_nothing_twice(tmp_path: Path):
    async with told(cache={"snapshot": str(tmp_path)}) as site:
        await site.farm[0].inject("refusing")
        assert _opened(await site.look()) == ["1/unreachable"]
        again = site.restarted()
        async with again.notifier:
            assert await again.look() == []


async def test_a_webhook_hears_of_its_own_systems_alone():
    async with told([small(1), small(2)], hook={"systems": [2]}, ping=True) as site:
        for appliance in site.farm:
            await appliance.inject("refusing")
        assert _opened(await site.look()) == ["2/unreachable"]


async def test_the_digest_comes_once_a_day_at_its_time_also_when_all_is_well():
    async with told([small(1)], hook={"alerts": False}, notices={"digest_at": "13:00"}) as site:
        assert await site.look() == []
        site.wall.by += 3600
        (body,) = await site.look()
        assert (body["type"], body["summary"]["systems"]["ok"]) == ("digest", 1)
        assert await site.look() == []
        site.wall.by += 86_400
        assert [body["type"] for body in await site.look()] == ["digest"]


async def test_a_gateway_that_starts_after_the_time_of_the_digest_waits_for_the_next_day():
    async with told([small(1)], hook={"alerts": False}, notices={"digest_at": "11:00"}) as site:
        assert await site.look() == []
        site.wall.by += 86_400
        assert [body["type"] for body in await site.look()] == ["digest"]


async def test_a_look_pings_the_dead_mans_switch_and_says_when_a_system_is_missing():
    async with told(ping=True) as site:
        await site.look()
        assert site.box.taken("/ping") == ["GET"]
        await site.farm[0].inject("refusing")
        site.clock.by += 3600
        await site.look()
        assert (site.box.taken("/ping"), site.box.taken("/ping/fail")) == ([], ["GET"])


async def test_looks_come_by_themselves_while_a_gateway_serves():
    async with told() as site:
        await site.farm[0].inject("refusing")
        async with asyncio.timeout(20), site.notifier:
            await site.box.arrived.wait()
        assert _opened(site.box.taken()) == ["1/unreachable"]


@pytest.mark.parametrize(("kind", "key"), [("slack", "text"), ("teams", "attachments")])
async def test_chats_get_a_message_of_their_kind(kind: str, key: str):
    async with told([small(1, name="<!channel> *dc1*")], hook={"kind": kind}) as site:
        await site.farm[0].inject("refusing")
        (body,) = await site.look()
        assert key in body
        assert "<!channel>" not in body.get("text", "")


async def test_the_address_of_a_webhook_shows_nowhere(logged: list[dict[str, Any]]):
    async with told(
        hook={"url": "http://127.0.0.1:1/secret-hook"}, notices={"ping_url": "http://127.0.0.1:1/secret-ping"}
    ) as site:
        await site.farm[0].inject("refusing")
        await site.look()
        shown = f"{site.gateway.config!r} {site.notifier!r} {logged}"
        assert "secret-" not in shown
        assert {event["to"] for event in logged if event["event"] == "notice_not_sent"} == {"noc", "ping_url"}


async def test_looking_costs_an_appliance_what_a_dashboard_costs_it():
    async with told() as site:
        for _ in range(3):
            await site.look()
        assert [appliance.counters.list_calls for appliance in site.farm] == [1, 1]


@pytest.mark.parametrize(
    ("hook", "fault"),
    [
        ({"url": "ftp://x/secret"}, "webhook[0].url: must be an http:// or https:// address"),
        ({"url_env": "NOWHERE", "url": None}, "webhook[0].url_env: the environment has no NOWHERE"),
        ({"url_env": "X"}, "webhook[0]: needs exactly one of url, url_file, url_env; it has url, url_env"),
        ({"kind": "pager"}, "webhook[0].kind: "),
    ],
)
async def test_a_fault_of_a_webhook_is_named_without_its_address(hook: dict[str, Any], fault: str):
    table = {"name": "noc", "kind": "generic", "url": "https://example.com/secret", "systems": "all"} | hook
    with pytest.raises(ConfigError) as caught:
        async with gateway_over(1, webhooks=[table]):
            pass
    (line,) = caught.value.faults
    assert fault in line
    assert "secret" not in line


async def test_a_gateway_without_webhooks_never_looks():
    async with gateway_over(1) as client:
        assert client.calls() == 0
