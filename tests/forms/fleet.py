"""Appliances whose rows are hard to write down: formulas, line breaks, nested values, numbers of every kind."""

import time
from dataclasses import replace
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.simulator import Appliance, ApplianceSpec, Record, generate_rows
from tests.gateway.fleet import STRANGE

TEXTS: Final = (
    *(
        "=1+1",
        '=HYPERLINK("http://evil","x")',
        "+49 30 1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "-5",
        "=",
        "+",
        "-",
        "@",
    ),
    *("1-1", "a=b", " =1", "'=1", "''", 'say "no"', '"', "a,b", "a;b", "two\nlines", "two\r\nlines", "cr\rin it", "\n"),
    *(
        "",
        " ",
        "Zoë 💾 ログ",
        "\u2028\u2029\u0085",
        "\ufeffbom",
        "nul\x00nul",
        "\x1b[31m",
        "null",
        "true",
        "1e5",
        "007",
    ),
    *("x" * 40_000, "\\", "\\n", "</script>", "\u202etxt", "−5", "＝1"),
)
NUMBERS: Final = (0, -1, -518, 2**53 + 1, -(2**63), 2**63, 0.5, -0.5, 1e-7, 1.5e300, -1e21, 12.0)
NESTED: Final[tuple[Any, ...]] = (
    *([], {}, [1, -2.5, None, True], {"a": {"b": ["=1", 'q"q', "two\nlines"]}}, [[]], ["ż"], True, False, None),
)
_COLUMNS: Final = ("output", "client_name", "storage", "size", "files", "legalhold", "new_in_12", "=key", 'k,"\n')
VALUES: Final = (*TEXTS, *NUMBERS, *NESTED)


def _odd_records(number: int, zone: str) -> tuple[Record, ...]:
    """One record for each value; columns and values turn against each other, so that every column gets all kinds."""
    records = generate_rows(number, ZoneInfo(zone), int(time.time()), len(VALUES), 14, name=f"odd-{number}")
    return tuple(replace(record, extra=tuple(_extra(place))) for place, record in enumerate(records))


def _extra(place: int) -> list[tuple[str, object]]:
    return [
        (column, VALUES[(place + shift * 7) % len(VALUES)])
        for shift, column in enumerate(_COLUMNS)
        if (place + shift) % 5  # now and then the key is absent, or has its usual value
    ]


def odd(number: int, zone: str, **more: Any) -> ApplianceSpec:
    """An appliance with one record for each of VALUES."""
    records = _odd_records(number, zone)
    return ApplianceSpec(name=f"odd-{number}", seed=number, timezone=zone, records=records, **more)


ODD: Final[tuple[ApplianceSpec, ...]] = (
    odd(1, "America/New_York"),
    odd(2, "Asia/Kathmandu", dialect="10.x", json_style="php", order="id"),
    odd(3, "Australia/Lord_Howe", json_style="spaced", order="oldest", sample_spelling=True),
)
MIXED: Final[tuple[ApplianceSpec, ...]] = (*STRANGE, *ODD)
"""Every dialect, style, order and zone of the tests, and every value."""
QUESTIONS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"system_id": 3},
    {"sid": [9, "2", 5]},
    {"status": ["Failure", "warning"]},
    {"type": "Full", "status": "Success"},
    {"client_id": 5},
    {"client_id": 999_999},
    {"start_time": 1_743_000_000, "end_time": 1_761_500_000},
    {"customer": "Strange"},
    {"backup_ids": list(range(1000, 2000))},
    {"fields": ["status", "id", "no_such_field"]},
    {"fields": "start_epoch", "system_id": [1, 2], "status": "Success"},
    {"require": "all"},
    {"max_age": 1000, "max_stale": 1000, "deadline": 9.5, "format": None},
)
"""What is asked of MIXED in forms that are not sorted."""


def stir(appliance: Appliance, rng: Random) -> None:
    """Rows come, go and change, as on a busy appliance."""
    records = appliance.records
    known = [record for record in records if record.id is not None]
    records.add(*(replace(record, id=10_000 + rng.randrange(10**6)) for record in rng.sample(known, 3)))
    for record in rng.sample(known, 4):
        records.change(replace(record, output=f"changed {rng.random()}", size_mb=rng.randrange(10**6)))
    records.purge([record.id or 0 for record in rng.sample(known, 2)])
