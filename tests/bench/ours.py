"""The gateway's side in this process: its own parts, from the question to the bytes of the whole answer."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.answers import merge
from gateway.answers.arrange import Arrangement, Shape
from gateway.config.checked import Config
from gateway.config.file import parse
from gateway.dates import ApplianceZone
from gateway.dialects.rows import Stamper
from gateway.fanout import answers
from gateway.filter import BackupFilter, Question
from gateway.lists.plan import Need
from gateway.loop.pauses import Pauses
from gateway.model import SystemAnswer, SystemId, made
from gateway.stack import Gateway
from tests.bench.fleet import Site
from tests.bench.settings import DEADLINE_S, text_of

_SHAPE: Final = Shape()


def config_of(sites: Sequence[Site], cache: str = "") -> Config:
    """The checked configuration over these appliances."""
    return parse(text_of(sites, cache=cache), "bench", Path())


async def merged(gateway: Gateway) -> bytes:
    """One question to every system, straight from the appliances."""
    return joined(await asked(gateway, BackupFilter(), max_age_s=0.0))


async def asked(gateway: Gateway, wanted: BackupFilter, *, max_age_s: float | None) -> list[SystemAnswer]:
    """The answers of all systems, by their ids; without `max_age_s` out of what is held, where that covers it."""
    deadline_at = asyncio.get_running_loop().time() + DEADLINE_S
    need = Need(deadline_at, max_age_s=max_age_s)
    in_zone: dict[str, Question] = {}  # as gateway.web.asking does
    for system in gateway.systems.values():
        if system.config.timezone not in in_zone:
            in_zone[system.config.timezone] = wanted.at(system.zone)
    questions = [(system.source, in_zone[system.config.timezone], need) for system in gateway.systems.values()]
    found = [answer async for answer in answers(questions, Pauses())]
    found.sort(key=lambda answer: answer.system_id)
    if not merge.is_complete(found):
        raise RuntimeError(f"not complete: {next(answer for answer in found if answer.state != 'ok')}")
    return found


def joined(found: Sequence[SystemAnswer]) -> bytes:
    """The bytes of an answer."""
    rows = Arrangement([answer.backups for answer in found], _SHAPE)
    return b"".join(map(made, merge.body_parts(found, rows.segments())))


def merged_in_memory(replies: Sequence[bytes], sites: Sequence[Site], zones: Sequence[ApplianceZone]) -> bytes:
    """The same answer out of replies that are here already: split, checked, stamped and joined."""
    found = []
    for body, site, zone in zip(replies, sites, zones, strict=True):
        stamper = Stamper(site.id, site.name, zone)
        for _ in stamper.read(body):
            pass
        backups = stamper.build.done()
        found.append(SystemAnswer(SystemId(site.id), site.name, "ok", backups, "appliance", 0.0, 0.0, 0.0))
    return joined(found)
