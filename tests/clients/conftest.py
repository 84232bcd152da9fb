"""The fixtures of the end-to-end tests, for these clients as well."""

from tests.gateway.conftest import gateway_over, logged

__all__ = ["gateway_over", "logged"]
