"""Every operation of the OpenAPI document, asked with what it allows and with what it forbids, by schemathesis."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.web.openapi.document import document
from tests.hostile.live import Live, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
    negative_data_rejection,
]
OPERATIONS = [(path, method.upper()) for path, methods in document()["paths"].items() for method in methods]
ALLOWED, FORBIDDEN = 25, 60
"""Requests for each operation."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fuzzed() -> AsyncIterator[Live]:
    """Appliances that may be asked as often as a fuzzer likes, and a gateway that does not mind its bad credentials."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.callers.lockout.FAILURES", 10**9)
        patch.setattr("gateway.callers.access._LOGIN_FAILURES_A_MINUTE", 10**9)
        patch.setattr("gateway.callers.access._TOKEN_FAILURES_A_MINUTE", 10**9)
        async with running(fanout="deadline_seconds = 1\ncalls_per_minute = 100000", rows=25) as found:
            yield found


def _ask(live: Live, path: str, method: str, mode: GenerationMode, count: int) -> Counter[int]:
    """The statuses of the answers; a failed check raises. Runs in a thread, beside the loop of the gateway."""
    schema = schemathesis.openapi.from_dict(document())
    schema.config.update(base_url=live.url)
    schema.config.generation.update(with_security_parameters=False)  # two credentials at once are a 400
    if path == "/api/backups" or document()["paths"][path].get("get", {}).get("tags") == ["clients"]:
        # Three of them tell what the appliances did (contract section 5.5), and have their own shape.
        schema.config.checks.not_a_server_error.expected_statuses = ["2xx", "3xx", "4xx", "502", "503", "504"]
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def once(case: schemathesis.Case) -> None:
        statuses[case.call_and_validate(headers=live.headers, checks=CHECKS).status_code] += 1

    once()
    print(mode.value, method, path, dict(statuses))
    return statuses


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
async def test_what_the_document_allows_is_answered_as_it_says(fuzzed: Live, path: str, method: str) -> None:
    assert await asyncio.to_thread(_ask, fuzzed, path, method, GenerationMode.POSITIVE, ALLOWED)


@pytest.mark.parametrize(
    ("path", "method"), [("/api/backups", "POST"), ("/api/backups", "GET"), ("/api/login", "POST")]
)
async def test_what_the_document_forbids_is_refused(fuzzed: Live, path: str, method: str) -> None:
    statuses = await asyncio.to_thread(_ask, fuzzed, path, method, GenerationMode.NEGATIVE, FORBIDDEN)
    assert statuses[400] > FORBIDDEN / 2
