"""GET /metrics: every figure out of what is held, each series once, and never a call for it."""

import asyncio
import time
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.simulator import ApplianceSpec, Farm
from gateway.simulator.facts import FAILURE, Record
from gateway.simulator.records import generate_rows
from tests.forms.sites import user
from tests.gateway.live import gateway_over, raw_exchange, small
from tests.kit.waiting import until
from tests.monitoring.scraping import Scrape, scrape
from tests.secure.support import Ahead, config_text, site_of, system_table

NAMED = {"asset_metrics": True}
ASSETS = "asset_last_success_timestamp_seconds"


async def test_assets_count_as_the_summary_counts_them():
    async with gateway_over([small(1, rows=200), small(2, rows=200)], report=NAMED) as client:
        told = (await client.get(path="/gateway/summary")).json
        assets = (await client.get(path="/gateway/assets")).json["assets"]
        found = await scrape(client)
        assert sum(found.of("assets").values()) == told["assets"]["total"]
        for state in ("failed", "none", "late", "good"):
            wanted = sum(asset["state"] == state for asset in assets)
            assert sum(found.of("assets", state=state).values()) == wanted
        assert sum(found.of("assets_without_success_24h").values()) == told["assets"]["no_success_24h"]
        assert sum(found.of("assets_critical").values()) == told["assets"]["critical"]
        for status in ("success", "warning", "failure", "none"):
            assert sum(found.of("backups_24h", status=status).values()) == told["backups"][status]


async def test_an_asset_that_never_succeeded_is_a_zero_and_not_a_gap():
    async with gateway_over([_spec(_never_good)], report=NAMED) as client:
        assets = (await client.get(path="/gateway/assets")).json["assets"]
        never = [asset for asset in assets if asset["last_good"] is None]
        assert never
        found = await scrape(client)
        for asset in never:
            assert found.one(ASSETS, client=asset["client_name"], instance=asset["asset"], system_id="1") == 0
        assert len([value for value in found.of(ASSETS).values() if value > 0]) > 0


async def test_assets_that_are_called_alike_share_one_series_that_shows_the_worse_one():
    async with gateway_over([_spec(_twins)], report=NAMED) as client:
        assets = (await client.get(path="/gateway/assets")).json["assets"]
        names = [(asset["client_name"], asset["asset"]) for asset in assets]
        assert len(set(names)) < len(names)
        found = await scrape(client)  # reading it fails where a series comes twice
        assert len(found.of(ASSETS)) == len(set(names))
        assert 0 in found.of(ASSETS, client="twin").values()


async def test_names_of_assets_are_escaped():
    name = 'a"b\\c\nd{e="f"} 9'
    async with gateway_over(
        [_spec(lambda records: [_called(record, name) for record in records])], report=NAMED
    ) as one:
        await one.get(path="/gateway/assets")
        assert (await scrape(one)).of(ASSETS, client=name)


async def test_assets_have_no_series_of_their_own_unless_that_is_wished_for():
    async with gateway_over(1) as client:
        await client.get(path="/gateway/summary")
        found = await scrape(client)
        assert not found.of(ASSETS)
        assert found.of("assets")


async def test_a_scrape_calls_no_appliance_and_what_is_not_held_is_absent():
    async with gateway_over(2, report=NAMED) as client:
        before = client.calls()
        found = await scrape(client)
        assert client.calls() == before
        assert not found.of("assets")
        assert not found.of("backups_24h")
        assert not found.of("system_up")
        assert set(found.of("system_last_success_timestamp_seconds").values()) == {0}
        assert len(found.of("system_info")) == 2


@pytest.mark.parametrize(
    ("question", "backups", "assets"),
    [
        ({"start_hours": 24}, True, False),
        ({"start_hours": 720}, True, True),
        ({}, True, True),
        ({"client_id": 2}, False, False),
        ({"start_hours": 720, "instance_id": 3}, False, False),
        ({"end_hours": 900}, False, False),
        ({"end_date": "01/01/2020"}, False, False),
    ],
)
async def test_only_a_list_of_everything_tells_of_assets(question: dict[str, Any], backups: bool, assets: bool):
    async with gateway_over(1, report=NAMED) as client:
        await client.post(question)
        found = await scrape(client)
        assert bool(found.of("backups_24h")) == backups
        assert bool(found.of("assets")) == assets


async def test_a_system_that_is_taken_away_takes_its_series_with_it():
    tokens = [{"username": "noc", "systems": "all"}]
    async with Farm([ApplianceSpec(name=name, rows=20, seed=1) for name in ("north", "south")]) as farm:
        tables = [system_table(number, appliance) for number, appliance in enumerate(farm, 1)]
        async with site_of(config_text(tables, users=tokens)) as site:
            await site.call("GET", "/gateway/summary")
            before = Scrape((await site.call("GET", "/metrics")).body.decode())
            site.apply(config_text(tables[:1], users=tokens))
            after = Scrape((await site.call("GET", "/metrics")).body.decode())
    assert {value for _, labels in before.series for key, value in labels if key == "system_id"} == {"1", "2"}
    assert {value for _, labels in after.series for key, value in labels if key == "system_id"} == {"1"}


async def test_a_system_that_refused_us_tells_of_no_asset_after_an_hour_whatever_fails_by_then():
    clock = Ahead()
    async with (
        Farm([ApplianceSpec(name="one", rows=20)]) as farm,
        site_of(config_text([system_table(1, farm[0])]), clock=clock) as site,
    ):
        await site.call("GET", "/gateway/summary")
        assert Scrape((await site.call("GET", "/metrics")).body.decode()).of("assets")
        for fault in ("forbidden", "error"):
            await farm[0].inject(fault)
            clock.by += 3700
            await site.anew()
        assert not Scrape((await site.call("GET", "/metrics")).body.decode()).of("assets")


async def test_what_was_counted_for_a_system_that_is_taken_away_stays_counted():
    tokens = [{"username": "noc", "systems": "all"}]
    async with Farm([ApplianceSpec(name=name, rows=20, seed=1) for name in ("north", "south")]) as farm:
        tables = [system_table(number, appliance) for number, appliance in enumerate(farm, 1)]
        moved = [{**tables[0], "id": 7}]
        async with site_of(config_text(tables, users=tokens)) as site:
            for _ in range(3):
                await site.ask()
            counts = []
            for systems in (tables, tables[:1], moved):
                site.apply(config_text(systems, users=tokens))
                counts.append(Scrape((await site.call("GET", "/metrics")).body.decode()).of("cache_requests_total"))
    assert counts[0] == counts[1] == counts[2]
    assert sum(counts[0].values()) == 2 * 3


async def test_who_sees_some_systems_is_refused_unless_metrics_are_open():
    users = [user("some", systems=[1]), user("all", systems="all")]
    async with gateway_over(2, users=users, login=False) as client:
        for name, status in (("some", 403), ("all", 200)):
            assert (await (await client.session(name)).get(path="/metrics")).status == status
        assert (await client.request("GET", "/metrics", headers={})).status == 401
    async with gateway_over(2, server={"open_metrics": True}) as client:
        answer = await client.request("GET", "/metrics", headers={})
        assert answer.status == 200
        assert b"backup_gateway_system_info" in answer.body


async def test_scrapes_at_once_and_within_a_second_get_the_same_bytes():
    async with gateway_over(3) as client:
        await client.get(path="/gateway/summary")
        answers = await asyncio.gather(*(client.get(path="/metrics") for _ in range(5)))
        answers.append(await client.get(path="/metrics"))
        assert len({answer.body for answer in answers}) == 1


async def test_requests_count_by_route_whatever_paths_and_methods_are_sent(full: Scrape):
    routes = {dict(labels)["route"] for labels in full.of("http_request_duration_seconds_count")}
    assert routes == {"/api/login", "/api/backups", "/gateway/summary", "/gateway/assets", "other"}
    async with gateway_over(1) as client:
        for path in ("/a", "/b%41", "/backups", "/api//backups"):
            await client.get(path=path)
        await raw_exchange(client, b"BREW /pot HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        found = await scrape(client)
    kinds = {tuple(sorted(labels)) for labels in found.of("http_request_duration_seconds_count")}
    assert {value for kind in kinds for key, value in kind if key == "method"} <= {"GET", "POST", "other"}
    assert {value for kind in kinds for key, value in kind if key == "route"} <= {"/api/login", "/api/backups", "other"}


async def test_ready_answers_are_counted_as_well():
    async with gateway_over(1) as client:
        for _ in range(20):
            await client.post({})
        found = await scrape(client)
        name = "http_request_duration_seconds_count"
        assert found.one(name, route="/api/backups", method="POST", status_class="2xx") == 20


async def test_calls_under_way_are_seen():
    async with gateway_over([small(1)]) as client:
        await client.farm[0].inject("hung")
        asked = asyncio.create_task(client.post({}))
        await until(lambda: client.farm[0].counters.in_flight)
        assert (await scrape(client)).one("upstream_in_flight", system_id="1") == 1
        await client.farm[0].recover()
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


async def test_list_calls_are_timed_without_a_word_of_whom_they_went_to(full: Scrape):
    assert full.one("fetch_duration_seconds_count") == sum(full.of("calls_total").values()) > 0
    assert full.names["backup_gateway_fetch_duration_seconds_bucket"] == {"le"}


async def test_labels_hold_no_backup_no_token_and_no_user(full: Scrape):
    allowed = {
        *("system_id", "system", "customer", "state", "status", "client", "instance", "kind", "result", "le"),
        *("route", "method", "status_class", "version", "python"),
    }
    assert {label for labels in full.names.values() for label in labels} == allowed


def _spec(changed: Any) -> ApplianceSpec:
    plain = small(1, rows=200)
    records = generate_rows(1, ZoneInfo(plain.timezone), int(time.time()), 200, 14)
    return replace(plain, rows=None, records=tuple(changed(records)))


def _never_good(records: list[Record]) -> list[Record]:
    client = records[0].client_id
    return [replace(record, status=FAILURE) if record.client_id == client else record for record in records]


def _twins(records: list[Record]) -> list[Record]:
    """Two assets with the same names; one of them never succeeded."""
    first = records[0].asset
    twins = [asset for asset in {record.asset: None for record in records} if asset.family == first.family][:2]
    bad = twins[0].client_id
    return [
        _called(replace(record, status=FAILURE) if record.asset.client_id == bad else record, "twin")
        for record in records
    ]


def _called(record: Record, name: str) -> Record:
    return replace(record, asset=replace(record.asset, client_name=name))
