"""The dashboard for Grafana: it asks for nothing that a gateway does not tell."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.monitoring.evaluating import prometheus_over
from tests.monitoring.queries import foreign_names
from tests.monitoring.scraping import DEPLOY, Labels, Scrape

GRAFANA = DEPLOY / "grafana"
BOARD: dict[str, Any] = json.loads((GRAFANA / "dashboard.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
_OF_ONE_PROCESS: Final = re.compile("loop_lag|held_bytes|build_info")
"""What each gateway says of itself: two of them are two series, by the name of the instance."""


async def test_every_metric_and_label_of_its_queries_is_in_a_real_scrape(full: Scrape):
    variables = [each["query"]["query"] for each in BOARD["templating"]["list"] if each["type"] == "query"]
    for query in [*QUERIES, *variables]:
        assert not foreign_names(query, full.names), query
    for query in variables:
        metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", query).groups()
        assert label in full.names[metric]


def test_a_query_that_names_something_else_would_be_noticed():
    known = {"backup_gateway_a": {"x"}}
    assert foreign_names('sum by (y) (backup_gateway_b{z="1"} + backup_gateway_a{w="1"})', known) == {
        *("backup_gateway_b", "y", "z", "w")
    }
    assert not foreign_names('sum by (x) (backup_gateway_a{x=~"1"})', known)


async def test_every_expression_can_be_evaluated_and_finds_something(promtool: str, full: Scrape, tmp_path: Path):
    async with prometheus_over(full, ["a"], tmp_path) as prometheus:
        for query in QUERIES:
            assert await prometheus.value(_of_all(query)), query


async def test_two_gateways_give_the_series_that_one_gives(promtool: str, full: Scrape, tmp_path: Path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with prometheus_over(full, ["a"], tmp_path / "one") as one:
        once = {query: await one.value(_of_all(query)) for query in QUERIES}
    async with prometheus_over(full, ["a", "b"], tmp_path / "two") as two:
        for query, told in once.items():
            found = await two.value(_of_all(query))
            if _OF_ONE_PROCESS.search(query):
                assert set(found) == set(told) | {_of_the_other(labels) for labels in told}, query
                continue
            assert set(found) == set(told), query
            # Calls of both add up; a figure of what is held stays what it is.
            factor = 2 if _counts_calls(query) else 1
            slack = {"abs": two.now - one.now} if "time()" in query else {"rel": 1e-6}
            assert found == pytest.approx({labels: factor * value for labels, value in told.items()}, **slack), query


def _of_all(query: str) -> str:
    return query.replace("$system", ".*")


def _of_the_other(labels: Labels) -> Labels:
    return frozenset((dict(labels) | {"instance": "b"}).items())


def _counts_calls(query: str) -> bool:
    return re.search(r"\b(rate|increase)\(", query) is not None and "histogram_quantile" not in query


def test_panels_of_one_process_name_their_gateway():
    told = [target for panel in PANELS for target in panel["targets"] if _OF_ONE_PROCESS.search(target["expr"])]
    assert len(told) == 4
    assert all("{{instance}}" in target["legendFormat"] or target.get("format") == "table" for target in told)


def test_panels_have_ids_of_their_own_and_do_not_overlap():
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    places = [panel["gridPos"] for panel in BOARD["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert all(place["x"] + place["w"] <= 24 for place in places)


def test_it_has_a_row_for_each_thing_that_an_operator_looks_for():
    rows = [panel["title"] for panel in BOARD["panels"] if panel["type"] == "row"]
    assert rows == [
        *("Fleet", "Assets without a good backup", "Failures", "Age of data", "Shield of the appliances", "Gateway")
    ]


def test_everything_about_systems_follows_the_choice_of_systems():
    gateway_wide = re.compile("http_request|fetch_duration|cache_requests|loop_lag|held_bytes|build_info")
    for query in QUERIES:
        assert ('{system=~"$system"}' in query) != bool(gateway_wide.search(query)), query


@pytest.mark.parametrize("path", ["infinity.yml", "provisioning/datasources/prometheus.yml"])
def test_datasources_can_be_read(path: str):
    (source,) = yaml.safe_load((GRAFANA / path).read_text())["datasources"]
    assert {"name", "uid", "type", "url"} <= set(source)
