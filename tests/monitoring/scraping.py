"""GET /metrics and what its text says, read by the client library's own parser."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.live import Client

DEPLOY: Final = Path(__file__).parents[2] / "deploy"

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Scrape:
    """The text of one scrape."""

    text: str

    @cached_property
    def series(self) -> dict[tuple[str, Labels], float]:
        """Every sample; a series that comes twice fails here."""
        found: dict[tuple[str, Labels], float] = {}
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                key = sample.name, frozenset(sample.labels.items())
                assert key not in found, key
                found[key] = sample.value
        return found

    @cached_property
    def names(self) -> dict[str, set[str]]:
        """Label names by the name of the metric."""
        found: dict[str, set[str]] = {}
        for name, labels in self.series:
            found.setdefault(name, set()).update(key for key, _ in labels)
        return found

    def of(self, name: str, **labels: str) -> dict[Labels, float]:
        """The series of a metric (without its prefix) that carry these labels."""
        wanted = frozenset(labels.items())
        name = f"backup_gateway_{name}"
        return {has: value for (own, has), value in self.series.items() if own == name and wanted <= has}

    def one(self, name: str, **labels: str) -> float:
        """The value of the one series that fits."""
        (value,) = self.of(name, **labels).values()
        return value


async def scrape(client: Client) -> Scrape:
    """What /metrics says now."""
    answer = await client.get(path="/metrics")
    assert answer.status == 200, answer.body
    return Scrape(answer.body.decode())
