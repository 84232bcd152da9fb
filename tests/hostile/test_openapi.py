"""The OpenAPI document: whole, valid, and saying of every route what the route does."""

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.question import query
from gateway.web.openapi.document import document
from gateway.web.routes import ROUTES
from tests.hostile.live import Live
from tests.hostile.wire import answers_in, exchange, request

DOCUMENT = document()
OPERATIONS = {
    (path, method.upper()): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def test_it_has_exactly_the_routes_that_are_served() -> None:
    assert set(OPERATIONS) == {(path, method) for path, methods in ROUTES.items() for method in methods}


def test_it_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_body_and_query_string_have_exactly_the_keys_that_are_served() -> None:
    served = set(query.KEYS)
    body = DOCUMENT["components"]["schemas"]["BackupsQuery"]
    parameters = OPERATIONS["/api/backups", "GET"]["parameters"]
    assert set(body["properties"]) == served
    assert {one["name"] for one in parameters if one["in"] == "query"} == served
    assert body["additionalProperties"] is False


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=[" ".join(pair[::-1]) for pair in OPERATIONS])
def test_every_operation_says_who_may_ask_and_what_can_go_wrong(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    assert {"400", "500", "503"} <= responses.keys()
    assert ("401" in responses and "429" in responses) or not operation["security"]
    assert any(status.startswith("2") for status in responses)
    assert operation["summary"]
    assert ("requestBody" not in operation) or {"408", "415"} <= responses.keys()


def test_every_operation_has_its_own_name() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)


def test_every_name_that_is_referred_to_exists_and_is_used() -> None:
    found = set(re.findall(r"#/components/schemas/(\w+)", str(DOCUMENT)))
    assert found == set(DOCUMENT["components"]["schemas"])
    schemes = {name for operation in OPERATIONS.values() for one in operation["security"] for name in one}
    assert schemes == set(DOCUMENT["components"]["securitySchemes"]) == {"AuthToken", "Bearer", "Basic"}


@pytest.mark.asyncio(loop_scope="module")
async def test_it_is_served_without_a_credential_and_tells_nothing_of_any_system(live: Live) -> None:
    async with live.http.get(f"{live.url}/openapi.json") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert await answer.json() == DOCUMENT
        text = await answer.text()
    assert "site-1" not in text
    assert "127.0.0.1" not in text
    head = answers_in(await exchange(live.port, request("GET", "//openapi.json/", "Connection: close")))[0]
    assert head.status == 200
