"""What is forbidden looks like what does not exist, byte for byte, and costs no appliance a call."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.simulator import Fault
from tests.kit.waiting import until
from tests.secure.nine import PLACES, UNKNOWN_IDS, Nine, nine
from tests.secure.support import Answer

CALLER = "some-ids"
SEEN = 1317
PAIRS: tuple[tuple[str, object, object], ...] = (
    ("system_id", 1203, UNKNOWN_IDS[0]),
    ("sid", 2608, UNKNOWN_IDS[1]),
    ("system_id", [SEEN, 3902], [SEEN, UNKNOWN_IDS[2]]),
    ("require", [2845], [UNKNOWN_IDS[3]]),
    ("customer", "Boxwood", "Elmwood"),
    ("customer", ["Acanthus", "Boxwood"], ["Acanthus", "Elmwood"]),
    ("tag", "gold", "iron"),
    ("tag", ["silver", "bronze"], ["silver", "nickel"]),
)


@pytest.mark.parametrize(("key", "forbidden", "unknown"), PAIRS, ids=lambda value: str(value))
async def test_forbidden_and_unknown_get_the_same_404(key: str, forbidden: object, unknown: object) -> None:
    """Status, every header and every byte but for the request id and the asked value; as body and as query string."""
    async with nine() as all_nine:
        before = all_nine.calls()
        for ask in (_post, _get):
            answers = [await ask(all_nine, {key: value}) for value in (forbidden, unknown)]
            assert [answer.status for answer in answers] == [404, 404]
            assert _blank(answers[0], forbidden) == _blank(answers[1], unknown)
        assert all_nine.calls() == before


async def test_a_list_that_names_a_forbidden_system_gives_nothing_of_the_permitted_one() -> None:
    """The whole question is refused; the caller learns no more than with the forbidden id alone."""
    async with nine() as all_nine:
        alone = await _post(all_nine, {"system_id": 1203})
        among = await _post(all_nine, {"system_id": [SEEN, 1203, 2719]})
        assert alone.body == among.body


async def test_an_etag_tells_nothing_of_systems_out_of_sight() -> None:
    """Rows change, a system fails and another comes back: only who sees them gets another tag."""
    async with nine() as all_nine:
        questions = {CALLER: {"system_id": [SEEN, 2719]}, "everything": {}}
        before = {who: (await _get(all_nine, asked, who)).headers["ETag"] for who, asked in questions.items()}
        kestrel, merlin = all_nine.farm["kestrel"], all_nine.farm["merlin"]
        kestrel.records.purge([record.id for record in list(kestrel.records)[:10] if record.id is not None])
        await merlin.inject(Fault("error", text="fault-of-merlin"))
        await all_nine.farm["harrier"].recover()
        await all_nine.site.anew(token=all_nine.tokens["everything"])
        after = {who: (await _get(all_nine, asked, who)).headers["ETag"] for who, asked in questions.items()}
        assert after["everything"] != before["everything"]
        assert after[CALLER] == before[CALLER]
        again = await _get(all_nine, questions[CALLER], CALLER, {"If-None-Match": before[CALLER]})
        assert (again.status, again.body) == (304, b"")


async def test_a_foreign_tag_opens_nothing() -> None:
    """The tag of somebody who sees more matches no answer of somebody who sees less."""
    async with nine() as all_nine:
        tag = (await _get(all_nine, {}, "everything")).headers["ETag"]
        for caller in ("some-ids", "by-customer", "by-tag", "static", "nothing"):
            assert (await _get(all_nine, {}, caller, {"If-None-Match": tag})).status == 200


async def test_timings_do_not_wait_for_systems_out_of_sight() -> None:
    """While a foreign system hangs, an answer without it names itself alone and is done long before."""
    async with nine() as all_nine:
        kestrel = all_nine.farm["kestrel"]
        await kestrel.inject("hung")
        slow = asyncio.create_task(all_nine.site.anew({"system_id": 1203}, token=all_nine.tokens["by-tag"]))
        await until(lambda: kestrel.counters.in_flight > 0, 5.0)
        quick = await all_nine.site.ask({"system_id": SEEN}, token=all_nine.tokens[CALLER])
        assert not slow.done()
        assert 'cache;desc="1 of 1"' in quick.headers["Server-Timing"]
        named = [word for word in quick.headers["Server-Timing"].split('"') if word.startswith("system ")]
        assert named == [f"system {SEEN}"]
        assert (await slow).systems[1203]["error"]["kind"] == "timeout"


async def _post(all_nine: Nine, body: Mapping[str, Any], caller: str = CALLER) -> Answer:
    return await all_nine.site.ask(body, token=all_nine.tokens[caller])


async def _get(
    all_nine: Nine, body: Mapping[str, Any], caller: str = CALLER, headers: Mapping[str, str] | None = None
) -> Answer:
    pairs = {key: ",".join(map(str, value)) if isinstance(value, list) else value for key, value in body.items()}
    if isinstance(body.get("require"), list):
        pairs["require"] = f"{pairs['require']},{SEEN}"
    return await all_nine.site.call(
        "GET", f"/api/backups?{urlencode(pairs)}", all_nine.tokens[caller], headers=headers or {}
    )


def _blank(answer: Answer, asked: object) -> tuple[dict[str, str], bytes]:
    """Headers and body without what may differ."""
    headers = {key: value for key, value in answer.headers.items() if key not in ("X-Request-ID", "Date")}
    body = answer.body
    for value in asked if isinstance(asked, list) else [asked]:
        body = body.replace(str(value).encode(), b"?" * len(str(value)))
    assert len(body) == int(headers["Content-Length"])
    assert PLACES[0].name.encode() not in body
    return headers, body
