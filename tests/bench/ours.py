"""The gateway's side: its own parts in this process, from the question to the bytes of the whole answer."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway import merge
from gateway.config import Config, parse
from gateway.dates import ApplianceZone
from gateway.fanout import answers
from gateway.filter import BackupFilter
from gateway.model import SystemAnswer, SystemId
from gateway.plan import Need
from gateway.rows import Stamper
from gateway.stack import Gateway
from tests.bench.fleet import PASSWORD, TIMEZONE, USERNAME, Site

TOKEN: Final = "bench-token-of-the-only-caller"
_DEADLINE_S: Final = 30.0
_SHAPE: Final = merge.Shape()


def config_of(sites: Sequence[Site]) -> Config:
    """The configuration over these appliances: defaults, but for a ceiling that a benchmark would reach."""
    text = f"""
[fanout]
deadline_seconds = {_DEADLINE_S}
calls_per_minute = 100000
[defaults]
username = "{USERNAME}"
password = "{PASSWORD}"
timezone = "{TIMEZONE}"
[[token]]
name = "bench"
token_hash = "sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()}"
systems = "all"
"""
    for site in sites:
        pin = f'fingerprint = "{site.pin}"\n' if site.pin else ""
        text += f'[[system]]\nid = {site.id}\nname = "{site.name}"\nurl = "{site.url}"\n{pin}'
    return parse(text, "bench", Path())


async def merged(gateway: Gateway) -> bytes:
    """One question to every system, straight from the appliances."""
    deadline_at = asyncio.get_running_loop().time() + _DEADLINE_S
    asked = [
        (system.source, BackupFilter().at(system.zone), Need(deadline_at, max_age_s=0.0))
        for system in gateway.systems.values()
    ]
    found = [answer async for answer in answers(asked)]
    found.sort(key=lambda answer: answer.system_id)
    if not merge.is_complete(found):
        raise RuntimeError(f"not complete: {next(answer for answer in found if answer.state != 'ok')}")
    return b"".join(merge.body_parts(found, _SHAPE))


def merged_in_memory(replies: Sequence[bytes], sites: Sequence[Site], zones: Sequence[ApplianceZone]) -> bytes:
    """The same answer out of replies that are here already: split, checked, stamped and joined."""
    found = []
    for body, site, zone in zip(replies, sites, zones, strict=True):
        stamper = Stamper(site.id, site.name, zone)
        for _ in stamper.read(body):
            pass
        backups = stamper.build.done()
        found.append(SystemAnswer(SystemId(site.id), site.name, "ok", backups, "appliance", 0.0, 0.0, 0.0))
    return b"".join(merge.body_parts(found, _SHAPE))
