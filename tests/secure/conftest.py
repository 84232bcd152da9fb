"""Logs that a test may read, put back as they were afterwards."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from gateway.config.tables import Log
from gateway.telemetry.observe import configure_logs

settings.register_profile(
    "secure", max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@pytest.fixture(autouse=True)
def _profile() -> Iterator[None]:
    """The profile of these tests, whatever other folders loaded."""
    before = settings.get_current_profile_name()
    settings.load_profile("secure")
    yield
    settings.load_profile(before)


@pytest.fixture(autouse=True)
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, as JSON lines at debug; a test may configure it anew."""
    config, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    configure_logs(Log(level="debug"), stream)
    yield stream
    structlog.configure(**config)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
