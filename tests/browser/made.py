"""Appliances whose lists are made for a test."""

import time
from dataclasses import replace
from zoneinfo import ZoneInfo

from gateway.simulator import ApplianceSpec, generate_rows
from tests.gateway.live import small


def without_instance(number: int) -> ApplianceSpec:
    """Two clients with no id of an instance, told apart by their names alone; a database and a machine are named."""
    zone, now = "America/New_York", int(time.time())
    first = next(one for one in generate_rows(1, ZoneInfo(zone), now, 200, 14) if one.core_type == "master")
    asset = replace(first.asset, family="vmware", instance_id=None, database_name="orders", vm_name="machine-7")
    own = [
        replace(
            first,
            row=at,
            id=at,
            status=0,
            asset=replace(asset, client_name=f"host-{at % 2}"),
            start=begun,
            end=begun + 60,
        )
        for at, begun in ((at, now - 3600 * at) for at in range(1, 8))
    ]
    return small(number, records=tuple(own), timezone=zone)
