"""What the gateway is measured against: the script that one would write instead, with the same rows as its outcome.

`asyncio.gather`, aiohttp and json; every row stamped with system_id, system_name and both epochs, 10.x rows brought
to the seed's names and words.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp

from tests.bench.fleet import PASSWORD, TIMEZONE, USERNAME, Site

Row = dict[str, Any]
ReadTime = Callable[[str], float]

_ZONE: Final = ZoneInfo(TIMEZONE)
_STATUS: Final = {"Successful": "Success", "Failed": "Failure", None: "None"}


async def merged(sites: Sequence[Site], read_time: ReadTime) -> bytes:
    """Log in everywhere, list everywhere, one JSON text."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session:
        lists = await asyncio.gather(*(_rows_of(session, site, read_time) for site in sites))
        rows = [row for rows in lists for row in rows]
        return dumped({"backups": rows, "total": len(rows)})


def dumped(answer: Any) -> bytes:
    """The answer's text."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


async def _rows_of(session: aiohttp.ClientSession, site: Site, read_time: ReadTime) -> list[Row]:
    async with session.post(f"{site.url}/api/login", json={"username": USERNAME, "password": PASSWORD}) as reply:
        token = (await reply.json())["auth_token"]
    async with session.post(f"{site.url}/api/backups", json={}, headers={"AuthToken": token}) as reply:
        return stamped(await reply.json(), site, read_time)


def stamped(answer: Any, site: Site, read_time: ReadTime) -> list[Row]:
    """The rows of one reply, unified and stamped."""
    out = []
    for row in answer.get("backups") or answer.get("data") or []:
        start, finish = _epochs(row, read_time)
        stamp = {"system_id": site.id, "system_name": site.name, "start_epoch": start, "finish_epoch": finish}
        out.append(stamp | (_unified(row) if "start_time" in row else row))
    return out


def _epochs(row: Row, read_time: ReadTime) -> tuple[int, int | None]:
    start = int(read_time(row.get("start_time") or row["start_date_time"]))
    if row.get("complete_time"):
        return start, int(read_time(row["complete_time"]))
    if not row["complete"]:
        return start, None
    hours, minutes, seconds = str(row["duration"]).split(":")
    return start, start + int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def _unified(row: Row) -> Row:
    out: Row = {}
    for key, value in row.items():
        if key == "start_time":
            out["start_date_time"] = value[:16] + value[19:]
        elif key == "duration":
            out[key] = f"{value // 3600:02}:{value // 60 % 60:02}:{value % 60:02}"
        elif key == "status":
            out[key] = _STATUS.get(value, value)
        elif key == "restored_backup_type":
            out["restored_bkup_type"] = value
        else:
            out[key] = value
    return out


def by_strptime(text: str) -> float:
    """As the manual of Python shows it."""
    form = "%m/%d/%Y %I:%M %p" if len(text) == 19 else "%m/%d/%Y %I:%M:%S %p"
    return datetime.strptime(text, form).replace(tzinfo=_ZONE).timestamp()


def by_hand(text: str) -> float:
    """As somebody does it who has measured strptime: the parts cut by position, each hour looked up once."""
    seconds = 0 if len(text) == 19 else int(text[17:19])
    return _hour(text[:13], text[-2:]) + int(text[14:16]) * 60 + seconds


@lru_cache(maxsize=100_000)
def _hour(text: str, half: str) -> float:
    return datetime.strptime(f"{text} {half}", "%m/%d/%Y %I %p").replace(tzinfo=_ZONE).timestamp()


async def slowest_alone(site: Site, token: str | None, session: aiohttp.ClientSession) -> str:
    """What a lone plain client needs for one appliance: login (unless it has a token) and list, read to the end."""
    if token is None:
        async with session.post(f"{site.url}/api/login", json={"username": USERNAME, "password": PASSWORD}) as reply:
            token = str((await reply.json())["auth_token"])
    async with session.post(f"{site.url}/api/backups", json={}, headers={"AuthToken": token}) as reply:
        await reply.read()
    return token
