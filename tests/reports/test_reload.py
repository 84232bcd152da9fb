"""A system that is taken out of the configuration while a report waits for it."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.forms.sites import Managed, managed
from tests.gateway.live import config_text, small
from tests.kit.waiting import until


def _without_the_second(site: Managed) -> str:
    head, first, second = config_text(site.client.farm).split("[[system]]")
    return f"{head}[[system]]{first}{second[second.index('[[user]]') :]}"


@pytest.mark.parametrize("path", ["/gateway/summary", "/gateway/assets", "/gateway/assets?format=csv"])
async def test_a_report_goes_on_without_it(path: str):
    async with managed([small(1), small(2)]) as site:
        await site.client.farm[1].inject("hung")
        asked = asyncio.create_task(site.client.get(path=path))
        await until(lambda: site.client.farm[1].counters.in_flight == 1)
        site.site.apply(_without_the_second(site))
        await site.client.farm[1].recover()
        answer = await asked
        assert answer.status == 200
        assert b"site-1" in answer.body or path.endswith("summary")
        assert b"site-2" not in answer.body


async def test_a_stream_that_had_promised_it_is_cut(logged: list[dict[str, Any]]):
    async with managed([small(1), small(2)]) as site:
        await site.client.farm[1].inject("hung")
        asked = asyncio.create_task(site.client.get("format=ndjson", path="/gateway/assets"))
        await until(lambda: site.client.farm[1].counters.in_flight == 1)
        site.site.apply(_without_the_second(site))
        await site.client.farm[1].recover()
        with pytest.raises(aiohttp.ClientPayloadError):
            await asked
    assert [event["event"] for event in logged if event["event"] == "answer_cut"] == ["answer_cut"]
    logged[:] = [event for event in logged if event["event"] != "answer_cut"]  # it is what had to happen
