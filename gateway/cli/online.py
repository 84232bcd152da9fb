"""`config check --online`: one login to each appliance and out again, with the gateway's own session and transport."""

import asyncio
import contextlib
import json
import time
from typing import Final

import aiohttp

from gateway.cli.exits import Exit, printable
from gateway.cli.fingerprint import shown_pin
from gateway.config.checked import Config, System
from gateway.errors import FetchError
from gateway.loop.fair import FairSemaphore
from gateway.model import SystemId
from gateway.sources.incoming import LEAST_ROOM_BYTES, Incoming
from gateway.sources.session import Session
from gateway.sources.source import CallEvent
from gateway.sources.transport import Transport

_AT_ONCE: Final = 50


async def check_online(config: Config) -> int:
    """One line for each system on stdout, in the order of the file; 0 all are well, 1 some, 4 none."""
    total = FairSemaphore(min(_AT_ONCE, config.fanout.total_concurrency))
    turns = asyncio.Semaphore(_AT_ONCE)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:

        async def tried(system: System) -> FetchError | None:
            async with turns:
                return await _tried(system, http, total)

        tries = [asyncio.create_task(tried(system)) for system in config.systems]
        faults = []
        for system, one in zip(config.systems, tries, strict=True):
            fault = await one
            faults.append(fault)
            print(printable(f"{system.name}: {'ok' if fault is None else await _words(system, fault)}"), flush=True)
    if not any(faults):
        return Exit.COMPLETE
    return Exit.UNREACHABLE if all(faults) else Exit.PARTIAL


async def _tried(system: System, http: aiohttp.ClientSession, total: FairSemaphore) -> FetchError | None:
    limits = system.limits
    transport = Transport(
        http,
        system.url,
        pins=system.fingerprints,
        connect_s=limits.connect_seconds,
        deadline_s=limits.deadline_seconds,
        fetch_s=limits.fetch_seconds,
        max_reply_bytes=limits.max_reply_bytes,
        total=total,
        incoming=Incoming(LEAST_ROOM_BYTES),
        wall=time.time,
    )
    session = Session(
        transport,
        SystemId(system.id),
        system.name,
        system.username,
        system.password,
        monotonic=time.monotonic,
        wall=time.time,
        hook=_unheard,
    )
    try:
        async with asyncio.timeout(limits.fetch_seconds):
            token = await session.token()
            # The account is in order: an appliance that cannot log out forgets the token by itself.
            with contextlib.suppress(FetchError, TimeoutError):
                async with transport.place() as place:
                    await transport.post(place, "/api/logout", json.dumps({"cookie": token}).encode(), token)
    except FetchError as error:
        return error
    except TimeoutError:
        return FetchError("timeout", f"the appliance did not answer within {limits.fetch_seconds:g} s")
    finally:
        await session.close()
    return None


def _unheard(_event: CallEvent) -> None:
    """What the session tells of its calls is on the screen already."""


async def _words(system: System, fault: FetchError) -> str:
    """Kind and words, and for a certificate that is not trusted the line that would make it so."""
    detail = f" ({fault.detail})" if fault.detail and fault.kind not in ("tls", "tls_pin") else ""
    words = f"{fault.kind}: {fault.message}{detail}"
    if fault.kind in ("tls", "tls_pin"):
        pin = await asyncio.to_thread(shown_pin, system.url, system.limits.connect_seconds)
        if pin is not None:
            words += f'; if it is the appliance\'s own: fingerprint = "{pin}"'
    return words
