"""Gateways made to measure, and the watch on what they must never log."""

from tests.gateway.conftest import gateway_over, logged

__all__ = ["gateway_over", "logged"]
