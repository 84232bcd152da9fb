"""The alert rules and the metrics before Prometheus' own checker."""

import re
import subprocess
from pathlib import Path

import yaml

from tests.monitoring.evaluating import prometheus_over
from tests.monitoring.queries import foreign_names
from tests.monitoring.scraping import DEPLOY, Scrape

RULES = DEPLOY / "prometheus"
_SHARED = "backup_gateway_shared_store_up"
"""Only where a store is shared; tests/shared has the real one. Prometheus adds the instance itself."""


def _checked(command: list[str], folder: Path, text: bytes = b"") -> None:
    done = subprocess.run(command, cwd=folder, input=text, capture_output=True, timeout=60)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_the_rules_can_be_read(promtool: str):
    _checked([promtool, "check", "rules", "rules.yml"], RULES)


def test_the_rules_fire_when_they_should_and_only_then(promtool: str):
    _checked([promtool, "test", "rules", "rules_test.yml"], RULES)


def test_the_scrape_configuration_can_be_read(promtool: str):
    _checked([promtool, "check", "config", "--syntax-only", "prometheus.yml"], RULES)


async def test_a_real_scrape_is_as_prometheus_wants_it(promtool: str, full: Scrape):
    _checked([promtool, "check", "metrics"], RULES, full.text.encode())


async def test_every_metric_and_label_of_the_rules_is_in_a_real_scrape(full: Scrape):
    names = full.names | {_SHARED: {"instance"}}
    for rule in _rules():
        assert not foreign_names(rule["expr"], names), rule["alert"]
        words = " ".join(rule["annotations"].values())
        known = {label for labels in names.values() for label in labels}
        assert set(re.findall(r"\$labels\.(\w+)", words)) <= known


async def test_two_gateways_make_no_second_alert_of_what_is_wrong_with_a_system(
    promtool: str, full: Scrape, tmp_path: Path
):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with prometheus_over(full, ["a"], tmp_path / "one") as one:
        once = {rule["expr"]: await one.value(rule["expr"]) for rule in _rules()}
    assert any(once.values())
    async with prometheus_over(full, ["a", "b"], tmp_path / "two") as two:
        for query, told in once.items():
            assert set(await two.value(query)) == set(told), query


def test_every_rule_says_what_is_wrong_and_what_to_do_and_is_tested():
    tested = (RULES / "rules_test.yml").read_text()
    for rule in _rules():
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert f'alertname="{rule["alert"]}"' in tested


def _rules() -> list[dict]:
    (group,) = yaml.safe_load((RULES / "rules.yml").read_text())["groups"]
    return group["rules"]
