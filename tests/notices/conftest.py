"""The watch on what must never be logged."""

from tests.gateway.conftest import logged

__all__ = ["logged"]
