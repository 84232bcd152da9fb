"""The configuration of the gateway that is measured: defaults, but for a ceiling that a benchmark would reach."""

import hashlib
from collections.abc import Sequence
from typing import Final

from tests.bench.fleet import PASSWORD, TIMEZONE, USERNAME, Site

TOKEN: Final = "bench-token-of-the-only-caller"
WARM_TOKEN: Final = "bench-token-of-the-caller-who-comes-first"
WARM_ID: Final = 1_000_000
DEADLINE_S: Final = 30.0

HELD: Final = "fresh_seconds = 3600\nrevalidate_seconds = 7200"
"""Keys of [cache]: what is held now answers until the measurement is over."""

PROXIED: Final = 'trusted_proxies = ["10.0.0.0/8"]'
"""Keys of [server]: whoever asks comes through a proxy, so that connections of one address are not counted."""

COMPRESSED: Final = "compress_above_bytes = 1"
"""Keys of [cache], besides HELD: every list is kept compressed alone. A gateway without the key refuses the file."""


def text_of(sites: Sequence[Site], *, warm: Site | None = None, cache: str = "", server: str = "") -> str:
    """A configuration over these appliances; `warm` is one more, for a caller of its own."""
    text = f"""
[server]
port = 0
{server}
[log]
level = "info"
[cache]
{cache}
[fanout]
deadline_seconds = {DEADLINE_S}
calls_per_minute = 100000
[defaults]
username = "{USERNAME}"
password = "{PASSWORD}"
timezone = "{TIMEZONE}"
"""
    text += token_table("bench", TOKEN, [site.id for site in sites])
    for site in sites:
        text += _system(site.id, site.name, site)
    if warm is not None:
        text += token_table("warm", WARM_TOKEN, [WARM_ID]) + _system(WARM_ID, "warm", warm)
    return text


def token_table(name: str, token: str, systems: list[int]) -> str:
    """A [[token]] that may see these systems."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    return f'[[token]]\nname = "{name}"\ntoken_hash = "sha256:{digest}"\nsystems = {systems}\n'


def _system(number: int, name: str, site: Site) -> str:
    pin = f'fingerprint = "{site.pin}"\n' if site.pin else ""
    return f'[[system]]\nid = {number}\nname = "{name}"\nurl = "{site.url}"\n{pin}'
