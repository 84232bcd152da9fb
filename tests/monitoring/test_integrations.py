"""What the other monitoring tools read out of real answers, in the very words of deploy/."""

import csv
import io
import json
import re
from collections.abc import Iterator
from configparser import ConfigParser
from typing import Any

import pytest
import yaml

from gateway.simulator import Fault
from tests.gateway.live import STATIC_TOKEN, gateway_over, small
from tests.monitoring.scraping import DEPLOY

ZABBIX = yaml.safe_load((DEPLOY / "zabbix" / "template.yml").read_text())["zabbix_export"]
TEMPLATE = ZABBIX["templates"][0]
MONITOR = json.loads((DEPLOY / "uptime-kuma" / "monitor.json").read_text())


@pytest.fixture
async def answers() -> dict[str, Any]:
    """The real answers, with one system failing."""
    async with gateway_over([small(number, rows=120) for number in (1, 2)]) as client:
        await client.farm[1].inject(Fault("error", status=500))
        paths = ("/gateway/summary", "/gateway/systems", "/gateway/assets")
        return {path: (await client.get(path=path)).json for path in paths}


def picked(path: str, value: Any) -> Any:
    """A JSONPath of the small kind that the files use; KeyError, IndexError or TypeError where it finds nothing."""
    assert path.startswith("$"), path
    for key, number, field, wanted in re.findall(
        r"\.(\w+)(?!\()|\[(\d+|\*)\]|\[\?\(@\.(\w+)==(\w+)\)\]", path.removesuffix(".first()")
    ):
        if field:
            (value,) = [each for each in value if str(each[field]) == wanted]
        elif number and number != "*":
            value = value[int(number)]
        elif key:
            value = value[key]
    return value


def _items() -> Iterator[tuple[str, str, bool]]:
    """Master item, JSONPath, and whether text is meant, of every dependent item."""
    for item in TEMPLATE["items"] + TEMPLATE["discovery_rules"][0]["item_prototypes"]:
        if item["type"] == "DEPENDENT":
            (step,) = item["preprocessing"]
            yield item["master_item"]["key"], step["parameters"][0], item["value_type"] == "CHAR"


async def test_every_item_of_the_zabbix_template_finds_its_value(answers: dict[str, Any]):
    found = list(_items())
    assert len(found) > 10
    for master, path, is_text in found:
        value = picked(path.replace("{#SID}", "1"), answers[master.replace("gateway.", "/gateway/")])
        assert isinstance(value, str if is_text else int | float), path


async def test_zabbix_discovers_every_system(answers: dict[str, Any]):
    (rule,) = TEMPLATE["discovery_rules"]
    systems = picked(rule["preprocessing"][0]["parameters"][0], answers["/gateway/systems"])
    macros = {each["lld_macro"]: each["path"] for each in rule["lld_macro_paths"]}
    told = [{macro: picked(path, system) for macro, path in macros.items()} for system in systems]
    assert told == [{"{#SID}": 1, "{#SYSTEM}": "site-1"}, {"{#SID}": 2, "{#SYSTEM}": "site-2"}]


def test_ids_keys_and_triggers_of_the_zabbix_template_fit_together():
    text = (DEPLOY / "zabbix" / "template.yml").read_text()
    ids = re.findall(r"uuid: (\w+)", text)
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", each) for each in ids)
    keys = {item["key"] for item in TEMPLATE["items"] + TEMPLATE["discovery_rules"][0]["item_prototypes"]}
    used = re.findall(r"/Backup gateway/([\w.]+(?:\[[^\]]*\])?)", text)
    assert used
    assert set(used) <= keys


async def test_every_channel_of_prtg_finds_a_number(answers: dict[str, Any]):
    parser = ConfigParser(delimiters=("=",))
    parser.read(DEPLOY / "prtg" / "sensors.ini")
    for path in parser["channels"].values():
        assert isinstance(picked(path, answers["/gateway/summary"]), int | float), path


async def test_uptime_kuma_compares_what_is_there(answers: dict[str, Any]):
    value = picked(MONITOR["jsonPath"], answers["/gateway/summary"])
    assert value is False  # one system fails
    assert json.loads(MONITOR["expectedValue"]) is True


async def test_infinity_reads_rows_from_the_roots_that_its_file_names():
    text = (DEPLOY / "grafana" / "infinity.yml").read_text()
    urls = re.findall(r"url (\S+)\s+rows/root: (\w+)", text)
    assert len(urls) == 3
    async with gateway_over(1) as client:
        headers = {"Authorization": f"Bearer {STATIC_TOKEN}"}
        for path, root in urls:
            answer = await client.request("GET", path, headers=headers)
            assert isinstance(answer.json[root], list)
            assert all(isinstance(row, dict) for row in answer.json[root])


async def test_icinga_greps_for_what_the_summary_begins_with(answers: dict[str, Any]):
    text = (DEPLOY / "icinga" / "backup-gateway.conf").read_text()
    wanted = json.loads("[" + re.search(r'"-s" = (".*")', text)[1] + "]")[0]
    assert wanted == '"ok":true'
    async with gateway_over(1) as client:
        body = (await client.get(path="/gateway/summary")).body
    assert body.startswith((b'{"ok":true', b'{"ok":false'))


async def test_the_columns_that_power_query_types_are_in_the_table():
    text = (DEPLOY / "powerbi" / "assets.pq").read_text()
    async with gateway_over(1) as client:
        body = (await client.get("format=csv", path="/gateway/assets")).body.decode()
    columns = next(csv.reader(io.StringIO(body.removeprefix("\ufeff"))))
    assert set(re.findall(r'\{"(\w+)", ', text)) <= set(columns)
