"""Fixtures of the end-to-end tests: a gateway made to measure, and a watch on what it must never log."""

import contextlib
import io
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings

from tests.gateway.live import Client
from tests.gateway.live import gateway_over as made

settings.register_profile(
    "gateway", max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)

Make = Callable[..., Awaitable[Client]]


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """Everything that the gateway logs in a test. What it did not expect, and what asyncio complains of, fails it."""
    events: list[dict[str, Any]] = []

    def keep(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        events.append(dict(event))
        if event.get("exc_info"):
            traceback.print_exc()
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.WriteLoggerFactory(io.StringIO()),
    )
    yield events
    structlog.reset_defaults()
    unexpected = [event for event in events if event["event"] in ("unexpected fault", "answer_cut")]
    complaints = [record.getMessage() for record in caplog.get_records("call") if record.name == "asyncio"]
    assert not unexpected
    assert not complaints


@pytest_asyncio.fixture
async def gateway_over() -> AsyncIterator[Make]:
    """A factory of gateways, each closed when the test is over."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(*args: Any, **config: Any) -> Client:
            return await stack.enter_async_context(made(*args, **config))

        yield make
