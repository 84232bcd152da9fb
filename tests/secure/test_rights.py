"""Nothing of a system reaches a caller who may not see it: 1,500 seeded questions against a table."""

import collections
import json
import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.secure.nine import PLACES, RIGHTS, UNKNOWN_IDS, UNKNOWN_WORDS, Nine, Place, nine, visible
from tests.secure.support import Answer

QUESTIONS = 1_500
CUSTOMERS = ("Acanthus", "Boxwood", "Cypress", "Dogwood", UNKNOWN_WORDS[0])
TAGS = ("gold", "silver", "bronze", "platinum", "emea", UNKNOWN_WORDS[1])


async def test_of_1500_random_questions_none_brings_anything_foreign() -> None:
    """Rows, names, counts and errors are exactly those of the table; everything else is a 404 or a 400."""
    chance = random.Random("rights")
    seen: collections.Counter[str] = collections.Counter()
    async with nine() as all_nine:
        for number in range(QUESTIONS):
            caller = chance.choice(list(RIGHTS))
            body = _question(chance, all_nine)
            get = chance.random() < 0.4
            answer = await _asked(all_nine, caller, body, get=get)
            told = f"question {number} of {caller}: {body}"
            wanted = _expected(caller, body)
            seen[f"{caller} {answer.status}"] += 1
            if isinstance(wanted, int):
                assert answer.status == wanted, told
            else:
                _check_answer(all_nine, answer, wanted, body, told)
            _check_words(all_nine, caller, answer, body, told)
    assert all(seen[f"{caller} 200"] > 10 and seen[f"{caller} 404"] > 10 for caller in RIGHTS), seen


async def test_the_status_routes_tell_of_visible_systems_alone() -> None:
    """Systems in the appliances' shape and in the gateway's own, the metrics, readiness; no call for any of them."""
    async with nine() as all_nine:
        before = all_nine.calls()
        for caller in RIGHTS:
            numbers = [place.number for place in visible(caller)]
            listed = await all_nine.site.call("GET", "/api/systems", all_nine.tokens[caller])
            inside = await all_nine.site.call("GET", "/gateway/systems", all_nine.tokens[caller])
            metrics = await all_nine.site.call("GET", "/metrics", all_nine.tokens[caller])
            ready = await all_nine.site.call("GET", "/readyz", all_nine.tokens[caller])
            assert [entry["id"] for entry in listed.json()["appliance"]] == numbers
            assert [entry["system_id"] for entry in inside.json()["systems"]] == numbers
            assert metrics.status == (200 if caller == "everything" else 403)
            for answer in (listed, inside, metrics, ready):
                _check_words(all_nine, caller, answer, {}, caller)
        assert all_nine.calls() == before


async def test_without_a_credential_nothing_is_told() -> None:
    """401 everywhere but for liveness and readiness, which name nobody."""
    async with nine() as all_nine:
        before = all_nine.calls()
        for method, path in (
            *(("POST", "/api/backups"), ("GET", "/api/backups"), ("GET", "/api/systems")),
            *(("GET", "/gateway/systems"), ("GET", "/metrics")),
        ):
            answer = await all_nine.site.call(method, path, None)
            assert answer.status == 401
            _check_words(all_nine, "nothing", answer, {}, path)
        for path in ("/healthz", "/readyz"):
            answer = await all_nine.site.call("GET", path, None)
            assert answer.status == 200
            _check_words(all_nine, "nothing", answer, {}, path)
        assert all_nine.calls() == before


@dataclass(frozen=True)
class Expected:
    """What an answer must hold: its systems, and whether the question's needs are met."""

    places: tuple[Place, ...]
    enough: bool


def _question(chance: random.Random, all_nine: Nine) -> dict[str, Any]:
    body: dict[str, Any] = {}
    ids = [place.number for place in PLACES] + list(UNKNOWN_IDS)
    if chance.random() < 0.5:
        body["system_id"] = chance.sample(ids[: len(PLACES)] if chance.random() < 0.7 else ids, chance.randint(1, 3))
    if chance.random() < 0.25:
        body["customer"] = chance.sample(CUSTOMERS, chance.randint(1, 2))
    if chance.random() < 0.25:
        body["tag"] = chance.sample(TAGS, chance.randint(1, 2))
    if chance.random() < 0.2:
        body["require"] = chance.choice(["any", "all", 1, 3, [chance.choice(ids)]])
    if chance.random() < 0.4:
        body["status"] = chance.sample(["Success", "Warning", "Failure", "None"], chance.randint(1, 2))
    if chance.random() < 0.3:
        records = list(all_nine.farm[chance.choice([place.name for place in PLACES])].records)
        body["client_id"] = chance.choice(records).client_id
    if chance.random() < 0.2:
        body["order_by"] = chance.choice(["id", "start_epoch", "client_name", "mark"])
    if chance.random() < 0.2:
        body["fields"] = ["id", "mark"]
    return body


def _expected(caller: str, body: dict[str, Any]) -> int | Expected:
    """The table's verdict on a question; an int is the status of a refusal."""
    seen = visible(caller)
    required = body["require"] if isinstance(body.get("require"), list) else []
    for key, known in (
        ("system_id", {place.number for place in seen}),
        ("customer", {place.customer for place in seen}),
        ("tag", {tag for place in seen for tag in place.tags}),
    ):
        if not set(body.get(key, ())) <= known:
            return 404
    if not set(required) <= {place.number for place in seen}:
        return 404
    asked = [
        place
        for place in seen
        if place.number in body.get("system_id", [place.number])
        and place.customer in body.get("customer", [place.customer])
        and ("tag" not in body or set(place.tags) & set(body["tag"]))
    ]
    if not set(required) <= {place.number for place in asked}:
        return 400
    usable = {place.number for place in asked if place.state == "well"}
    need = body.get("require", "any")
    if isinstance(need, list):
        enough = set(need) <= usable
    elif isinstance(need, int):
        enough = len(usable) >= need
    else:
        enough = len(usable) == len(asked) if need == "all" else bool(usable) or not asked
    return Expected(tuple(asked), enough)


async def _asked(all_nine: Nine, caller: str, body: dict[str, Any], *, get: bool) -> Answer:
    token = all_nine.tokens[caller]
    if not get:
        return await all_nine.site.ask(body, token=token)
    pairs = {key: ",".join(map(str, value)) if isinstance(value, list) else value for key, value in body.items()}
    if isinstance(body.get("require"), list):
        pairs["require"] = f"{body['require'][0]},{body['require'][0]}"
    return await all_nine.site.call("GET", f"/api/backups?{urlencode(pairs)}", token)


def _check_answer(all_nine: Nine, answer: Answer, wanted: Expected, body: dict[str, Any], told: str) -> None:
    assert answer.status == 200 if wanted.enough else answer.status in (502, 503), told
    found = answer.json()
    assert list(answer.systems) == [place.number for place in wanted.places], told
    rows = collections.Counter(row["system_id"] for row in found["backups"])
    for place in wanted.places:
        entry = answer.systems[place.number]
        assert entry["rows"] == rows[place.number] == all_nine.rows_of(place, body), told
        assert (entry["state"] == "missing") == (place.state != "well"), told
    assert found["total"] == rows.total(), told
    assert found["complete"] == all(place.state == "well" for place in wanted.places), told
    assert answer.headers["X-Gateway-Complete"] == str(found["complete"]).lower(), told
    marks = {place.number: place.marker for place in PLACES}
    assert all(row["mark"] == marks[row["system_id"]] for row in found["backups"]), told
    held = [place for place in wanted.places if place.state == "well"]
    assert f'cache;desc="{len(held)} of {len(wanted.places)}"' in answer.headers["Server-Timing"], told


def _check_words(all_nine: Nine, caller: str, answer: Answer, body: dict[str, Any], told: str) -> None:
    """Not one foreign word but what the caller itself has said."""
    said = json.dumps(body)
    for word in all_nine.foreign_words(caller):
        assert word in said or word not in answer.text, f"{told}: {word} in {answer.text[:300]}"
