"""Everything that can be chosen about one simulated appliance."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from gateway.simulator.dialects import Dialect, JsonStyle
from gateway.simulator.facts import Record
from gateway.simulator.store import Order


@dataclass(frozen=True)
class ApplianceSpec:
    """The knobs of one appliance; every one has a usable default.

    Contents: ``records`` gives the list itself; else ``rows`` makes exactly so many; else ``weeks``
    and ``assets`` size it. All times of the list lie before ``clock()`` at the start.
    Load: a list call takes ``base_ms`` and ``per_row_ms`` for each row, on one of ``workers``.
    ``clock``: the appliance's own wall clock in epoch seconds; it may be wrong.
    """

    name: str = "appliance"
    seed: int = 1
    dialect: Dialect = "wiki-2015"
    timezone: str = "America/New_York"
    weeks: int = 4
    assets: int = 14
    rows: int | None = None
    records: tuple[Record, ...] | None = field(default=None, repr=False)
    order: Order = "newest"

    username: str = "gateway"
    password: str = field(default="simulated", repr=False)
    token_timeout: int = 600
    token_sliding: bool = True
    expired_status: Literal[500, 401] = 500

    base_ms: float = 0.0
    per_row_ms: float = 0.0
    login_ms: float = 0.0
    workers: int = 4

    port: int = 0
    tls: bool = False
    gzip: bool = False
    json_style: JsonStyle = "compact"
    sample_spelling: bool = False
    loose_types: bool = False
    display_types: bool = False
    list_status: int = 201
    empty_body: bytes | None = None
    """What a list call with no rows answers; None is the dialect's own way."""

    system_id: int = 1
    """The appliance's own id for itself, which ``system_id`` and ``?sid=`` are compared with."""
    customer: str | None = None
    tags: tuple[str, ...] = ()
    dead: bool = False
    """Starts with its port closed."""
    history: int = 10_000
    """How many requests are remembered."""
    clock: Callable[[], float] = field(default=time.time, repr=False)
