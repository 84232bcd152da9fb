"""Queries evaluated by a real Prometheus over real scrapes, as if it had scraped some gateways for five minutes."""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from tests.kit.waiting import until_seen
from tests.monitoring.scraping import Labels, Scrape

_EVERY_S: Final = 15
_SCRAPES: Final = 20
_COUNTED: Final = ("_total", "_count", "_sum", "_bucket")


@dataclass(frozen=True)
class Prometheus:
    """A server that holds what was scraped up to `now`."""

    url: str
    now: int

    async def value(self, query: str) -> dict[Labels, float]:
        """The series of an instant query at the last scrape; one that cannot be evaluated fails here."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/api/v1/query", data={"query": query, "time": str(self.now)}) as answer,
        ):
            told = await answer.json()
        assert told["status"] == "success", (query, told.get("error"))
        return {frozenset(each["metric"].items()): float(each["value"][1]) for each in told["data"]["result"]}


@asynccontextmanager
async def prometheus_over(scrape: Scrape, instances: Iterable[str], folder: Path) -> AsyncIterator[Prometheus]:
    """A Prometheus whose targets, by these names, all say what the scrape says: counters rose to it from 0, evenly."""
    now = int(time.time())
    (folder / "scraped").write_text(_recorded(scrape, list(instances), now))
    (folder / "prometheus.yml").write_text("{}")
    made = await asyncio.create_subprocess_exec(
        *("promtool", "tsdb", "create-blocks-from", "openmetrics", "scraped", "data"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await made.communicate()
    assert made.returncode == 0, said.decode()
    port = _free_port()
    with (folder / "log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            *("prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"),
            f"--web.listen-address=127.0.0.1:{port}",
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            await until_seen(lambda: _is_ready(port))
            yield Prometheus(f"http://127.0.0.1:{port}", now)
        finally:
            server.terminate()
            await server.wait()


def _recorded(scrape: Scrape, instances: list[str], now: int) -> str:
    """The samples as Prometheus reads them: those of a series together, by time."""
    samples: dict[tuple[str, Labels], float] = {}
    for (name, labels), value in scrape.series.items():
        for instance in instances:
            own = dict(labels)
            # As honor_labels has it: an asset keeps the name of its instance.
            samples[name, frozenset(({"instance": instance, "job": "backup-gateway"} | own).items())] = value
    lines = []
    for (name, labels), value in sorted(samples.items(), key=lambda sample: sample[0][0]):
        text = ",".join(f"{key}={json.dumps(word, ensure_ascii=False)}" for key, word in sorted(labels))
        for step in range(_SCRAPES + 1):
            then = value * step / _SCRAPES if name.endswith(_COUNTED) else value
            lines.append(f"{name}{{{text}}} {then} {now - (_SCRAPES - step) * _EVERY_S}")
    return "\n".join([*lines, "# EOF", ""])


async def _is_ready(port: int) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/-/ready") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port
