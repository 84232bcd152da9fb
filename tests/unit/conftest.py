"""One modest budget for every property of the unit tests, and the fixtures of those of simulated appliances."""

from hypothesis import HealthCheck, settings
from simulated import appliance, client, clock, http

__all__ = ["appliance", "client", "clock", "http"]

settings.register_profile(
    "unit", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
settings.load_profile("unit")
