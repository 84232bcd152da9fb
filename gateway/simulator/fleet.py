"""A mixed fleet, as a provider of managed backups has one: customers, cities, dialects, and some trouble."""

import time
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from gateway.simulator.spec import ApplianceSpec

_CUSTOMERS: Final = ("Acme", "Globex", "Initech", "Northwind", "Contoso", "Umbrella")
_SITES: Final = (
    ("nyc", "America/New_York"),
    ("lon", "Europe/London"),
    ("syd", "Australia/Sydney"),
    ("ktm", "Asia/Kathmandu"),  # UTC+05:45
    ("scl", "America/Santiago"),  # southern summer time, changed at midnight
    ("adl", "Australia/Adelaide"),  # UTC+09:30 with southern summer time
    ("ber", "Europe/Berlin"),
    ("ldh", "Australia/Lord_Howe"),  # summer time of 30 minutes
    ("tyo", "Asia/Tokyo"),
    ("yyt", "America/St_Johns"),  # UTC-03:30
    ("jnb", "Africa/Johannesburg"),
    ("phx", "America/Phoenix"),
    ("bom", "Asia/Kolkata"),  # UTC+05:30
)
_TAGS: Final = (("gold",), (), ("silver",), (), ("gold", "dr"))

_TLS_AT: Final = 1
_SLOW_AT: Final = 2
_SLOW_MS: Final = 2_500.0
_SMALLEST_WITH_TROUBLE: Final = 4


def mixed_specs(count: int, seed: int, clock: Callable[[], float] = time.time) -> list[ApplianceSpec]:
    """``count`` specs. From four on: the second has TLS, the third is slow, the last is dead."""
    rng = Random(f"fleet/{seed}")
    specs = [replace(_healthy(number, seed, rng), clock=clock) for number in range(count)]
    if count > _TLS_AT:
        specs[_TLS_AT] = replace(specs[_TLS_AT], tls=True)
    if count >= _SMALLEST_WITH_TROUBLE:
        specs[_SLOW_AT] = replace(specs[_SLOW_AT], base_ms=_SLOW_MS)
        specs[-1] = replace(specs[-1], dead=True)
    return specs


def _healthy(number: int, seed: int, rng: Random) -> ApplianceSpec:
    # 6 customers and 13 sites have no common factor, so 78 appliances pass before a name comes again.
    customer = _CUSTOMERS[number % len(_CUSTOMERS)]
    site, zone = _SITES[number % len(_SITES)]
    again = number // (len(_CUSTOMERS) * len(_SITES))
    suffix = f"-{again + 1}" if again else ""
    is_new = number % 2 == 1
    return ApplianceSpec(
        name=f"{customer.lower()}-{site}{suffix}",
        seed=seed * 10_000 + number,
        dialect="10.x" if is_new else "wiki-2015",
        timezone=zone,
        weeks=rng.choice((3, 4, 6)),
        assets=rng.randint(14, 24),
        order=rng.choice(("newest", "oldest", "id")),
        username="gateway",
        password=f"sim-{rng.getrandbits(48):012x}",
        token_timeout=rng.choice((600, 1_800, 3_600)),
        token_sliding=rng.random() < 0.5,
        expired_status=rng.choice((500, 401)),
        base_ms=rng.uniform(5, 40),
        per_row_ms=rng.uniform(0.02, 0.2),
        gzip=is_new and rng.random() < 0.5,
        json_style="php" if is_new else rng.choice(("compact", "spaced")),
        sample_spelling=not is_new and number % 4 == 0,
        customer=customer,
        tags=_TAGS[number % len(_TAGS)],
    )
