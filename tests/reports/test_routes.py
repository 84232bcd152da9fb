"""GET /gateway/summary and /gateway/assets over simulated appliances, against what their own rows say."""

import csv
import io
import json
import time
from collections import Counter
from typing import Any

import pytest

from tests.forms.sites import managed, token_of, user
from tests.gateway.live import STATIC_TOKEN, TOOL, Answer, gateway_over, small
from tests.kit.accounts import token_table

_NO_BACKUPS = ("restore", "verify", "backup copy", "import", "recovery")
_COPY_SIGNS = ("sync_status", "sync_size", "sync_seconds", "presync_seconds", "destination", "sync_message")


def _is_backup(row: dict[str, Any]) -> bool:
    copy = any(row.get(sign) is not None for sign in _COPY_SIGNS)
    return not copy and not any(word in row["type"].lower() for word in _NO_BACKUPS)


def _expected(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], tuple[int | None, int]]:
    """Of each asset its last good start and its failures since, told from the rows in a way of its own."""
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        if _is_backup(row):
            found.setdefault((row["system_id"], row["client_id"], row.get("instance_id")), []).append(row)
    told = {}
    for key, own in found.items():
        good = [row["start_epoch"] for row in own if row["status"] in ("Success", "Warning")]
        since = [row for row in own if row["status"] == "Failure" and row["start_epoch"] > max(good, default=0)]
        told[key] = max(good, default=None), len(since)
    return told


def _specs() -> list[Any]:
    return [small(number, rows=250) for number in (1, 2, 3)]


async def test_assets_tell_what_the_rows_of_the_same_days_tell():
    async with gateway_over(_specs()) as client:
        rows = (await client.get("start_hours=720")).rows
        assets = (await client.get(path="/gateway/assets")).json["assets"]
        told = {
            (asset["system_id"], asset["client_id"], asset["instance_id"]): (asset["last_good"], asset["failures"])
            for asset in assets
        }
        wanted = _expected(rows)
        assert {key: failures for key, (_, failures) in told.items()} == {key: each[1] for key, each in wanted.items()}
        assert {key: last is None for key, (last, _) in told.items()} == {
            key: each[0] is None for key, each in wanted.items()
        }
        assert len(assets) > 20


async def test_the_summary_counts_the_backups_of_its_window_and_the_assets():
    async with gateway_over(_specs()) as client:
        rows = [row for row in (await client.get("start_hours=48")).rows if _is_backup(row)]
        summary = (await client.get("hours=48", path="/gateway/summary")).json
        statuses = Counter(row["status"] for row in rows)
        for status in ("Success", "Warning", "Failure"):
            assert summary["backups"][status.lower()] == statuses[status]
        assert summary["backups"]["total"] == len(rows)
        assets = (await client.get(path="/gateway/assets")).json["assets"]
        counted = summary["assets"]
        assert counted["total"] == len(assets)
        assert counted["failing"] == sum(asset["failures"] > 0 for asset in assets)
        assert counted["late"] + counted["never"] == counted["no_success"]
        worst = [asset for asset in assets if asset["state"] != "good"]
        assert len(summary["attention"]) == min(50, len(worst))
        assert summary["attention"][0]["state"] == "failed"


async def test_a_dead_system_is_named_and_its_last_known_assets_stay():
    async with managed([small(1), small(2)], cache={"fresh_seconds": 1, "revalidate_seconds": 2}) as site:
        client = site.client
        before = (await client.get(path="/gateway/assets")).json
        await client.farm[0].inject("refusing")
        site.clock.by += 60
        summary = (await client.get(path="/gateway/summary")).json
        after = (await client.get(path="/gateway/assets")).json
        (named,) = summary["not_answering"]
        assert (named["system_id"], named["state"], named["error"]) == (1, "stale", "refused")
        assert named["age_seconds"] >= 60
        assert (summary["ok"], summary["complete"], summary["systems"]["unreachable"]) == (False, False, 1)
        assert len(after["assets"]) == len(before["assets"])


async def test_what_a_stand_in_does_not_tell_is_no_lateness():
    async with managed([small(1)], cache={"fresh_seconds": 1, "revalidate_seconds": 2}) as site:
        client = token_of(site.client, STATIC_TOKEN)
        site.site.gateway.wall = lambda: time.time() + site.clock.by  # both clocks go on, as clocks do
        before = (await client.get(path="/gateway/summary")).json["assets"]
        await client.farm[0].inject("refusing")
        site.clock.by += 20 * 3600
        after = (await client.get(path="/gateway/summary")).json
        assert after["systems"]["stale"] == 1
        assert after["assets"]["late"] == before["late"]


async def test_a_caller_is_told_of_its_own_systems_alone():
    async with managed([small(1), small(2)], [user("one", systems=[1])]) as site:
        summary = await site.client.get(path="/gateway/summary")
        assets = await site.client.get(path="/gateway/assets")
        assert summary.json["systems"]["total"] == 1
        assert {asset["system_id"] for asset in assets.json["assets"]} == {1}
        assert b"site-2" not in summary.body + assets.body
        unknown = await site.client.get("system_id=2", path="/gateway/summary")
        assert unknown.status == 404
        assert not site.client.farm[1].requests


async def test_reports_of_one_question_cost_each_appliance_one_call():
    async with gateway_over(2) as client:
        for path in ("/gateway/summary", "/gateway/assets", "/gateway/assets?format=csv", "/gateway/summary?hours=3"):
            assert (await client.get(path=path)).status == 200
        assert [appliance.counters.list_calls for appliance in client.farm] == [1, 1]


async def test_the_stream_has_a_line_for_each_system_and_ends_with_the_summary():
    async with gateway_over(3) as client:
        whole = (await client.get(path="/gateway/assets")).json
        lines = [
            json.loads(line) for line in (await client.get("format=ndjson", path="/gateway/assets")).body.splitlines()
        ]
        *systems, last = lines
        assert {line["system"]["system_id"] for line in systems} == {1, 2, 3}
        assert [asset for line in sorted(systems, key=_number) for asset in line["assets"]] == whole["assets"]
        assert last["summary"]["assets"]["total"] == whole["total"]
        for line in systems:
            assert all(len(counts) == 30 for counts in line["system"]["days"].values())
            assert all(len(asset["days"]) == 30 for asset in line["assets"])


def _number(line: dict[str, Any]) -> int:
    return line["system"]["system_id"]


async def test_the_table_has_the_same_assets_and_no_formulas():
    async with gateway_over(2) as client:
        whole = (await client.get(path="/gateway/assets")).json["assets"]
        answer = await client.get("format=csv", path="/gateway/assets")
        rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
        assert [(row["asset"], row["state"], row["failures"]) for row in rows] == [
            (asset["asset"], asset["state"], str(asset["failures"])) for asset in whole
        ]
        assert answer.headers["Content-Disposition"] == 'attachment; filename="assets.csv"'


async def test_only_assets_in_the_asked_states_are_listed():
    async with gateway_over(_specs()) as client:
        found = (await client.get("state=failed,late", path="/gateway/assets")).json["assets"]
        assert {asset["state"] for asset in found} == {"failed", "late"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *(("hours=0", "hours"), ("hours=721", "hours"), ("hours=x", "hours"), ("hours=1&hours=2", "hours")),
        *(("no_success_hours=0", "no_success_hours"), ("no_success_hours=721", "no_success_hours")),
        *(("limit=-1", "limit"), ("state=bad", "state"), ("stat=late", "stat"), ("format=csv", "format")),
        *(("start_hours=3", "start_hours"), ("deadline=0", "deadline"), ("tag=", "tag")),
    ],
)
async def test_a_bad_key_is_named(query: str, field: str):
    async with gateway_over(1) as client:
        answer = await client.get(query, path="/gateway/summary")
        assert (answer.status, answer.json["field"]) == (400, field)


async def test_thresholds_of_a_system_go_before_its_customers_and_those_before_the_report():
    limits = {1: {"no_success_hours": 5, "customer": "Acme"}, 2: {"customer": "Acme"}, 3: {"customer": "Birch"}}
    acme = {"name": "Acme", "no_success_hours": 48}
    async with gateway_over(3, each=limits, report={"no_success_hours": 20}, customers=[acme]) as client:
        assets = (await client.get(path="/gateway/assets")).json["assets"]
        assert {asset["system_id"]: asset["threshold_hours"] for asset in assets} == {1: 5, 2: 48, 3: 20}


async def test_a_caller_may_ask_by_another_age_than_the_configured_one():
    async with gateway_over(2, report={"no_success_hours": 24}) as client:
        assets = (await client.get(path="/gateway/assets")).json["assets"]
        ages = [asset["last_good_age_hours"] for asset in assets if asset["last_good"] is not None]
        middle = round(sorted(ages)[len(ages) // 2]) or 1
        for hours in (1, middle, 500):
            query = f"no_success_hours={hours}&state=late"
            late = sum(age > hours for age in ages)
            assert (await client.get(query, path="/gateway/summary")).json["assets"]["late"] == late
            asked = (await client.get(query, path="/gateway/assets")).json["assets"]
            assert {asset["threshold_hours"] for asset in asked} <= {hours}
        assert min(ages) < middle < max(ages), "the ages tell these apart"


async def test_the_states_of_a_summary_are_those_of_the_assets_that_it_names():
    async with gateway_over(2) as client:
        whole = (await client.get(path="/gateway/summary")).json
        worst = whole["attention"][0]["state"]
        for state in (worst, "good"):  # of which none needs attention
            summary = (await client.get(f"state={state}", path="/gateway/summary")).json
            assert [asset["asset"] for asset in summary["attention"]] == [
                asset["asset"] for asset in whole["attention"] if asset["state"] == state
            ]
            assert summary["assets"] == whole["assets"]


async def test_who_sees_no_system_is_not_told_that_all_is_well():
    none = token_table("none", "token-of-nobody") | {"systems": [], "customers": ["Acme"]}
    async with gateway_over(1, tokens=[TOOL, none]) as client:
        summary = await token_of(client, "token-of-nobody").get(path="/gateway/summary")
        assert (summary.status, summary.json["systems"]["total"], summary.json["ok"]) == (200, 0, False)


async def test_a_summary_with_nothing_but_dead_systems_is_still_an_answer():
    async with gateway_over(1) as client:
        await client.farm[0].inject("refusing")
        answer: Answer = await client.get(path="/gateway/summary")
        assert answer.status == 200
        assert answer.headers["X-Gateway-Complete"] == "false"
        assert answer.json["systems"]["missing"] == 1
