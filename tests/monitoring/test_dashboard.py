"""The dashboard for Grafana: it asks for nothing that a gateway does not tell."""

import json
import re
from typing import Any

import pytest
import yaml

from tests.monitoring.queries import foreign_names
from tests.monitoring.scraping import DEPLOY, Scrape

GRAFANA = DEPLOY / "grafana"
BOARD: dict[str, Any] = json.loads((GRAFANA / "dashboard.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]


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
