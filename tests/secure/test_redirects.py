"""Where an appliance sends us, nothing follows: not the token, not the password, not a connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from gateway.simulator import Appliance, ApplianceSpec, Fault
from tests.secure.faulty import Faulty
from tests.secure.support import CALM, config_text, site_of, system_table

STATUSES = (300, 301, 302, 303, 304, 307, 308)


@contextlib.asynccontextmanager
async def trap() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that keeps whatever comes; its port."""
    came: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(b"connected")
        came.append(await reader.read(65_536))
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], came


@pytest.mark.parametrize("route", ["login", "backups"])
@pytest.mark.parametrize("status", STATUSES)
async def test_a_redirect_is_an_error_and_its_target_hears_nothing(status: int, route: str) -> None:
    """Another host, the same one, a path alone; the appliance itself gets no second request either."""
    async with trap() as (port, came), Appliance(ApplianceSpec(name="one", rows=5)) as appliance:
        targets = (f"http://127.0.0.1:{port}/api/{route}", f"//127.0.0.1:{port}/", f"{appliance.url}/api/systems", "/")
        for target in targets:
            await appliance.recover()
            await appliance.inject(Fault("redirect", status=status, location=target, routes=frozenset({route})))
            before = len(appliance.requests)
            async with site_of(config_text([system_table(1, appliance)], tables=CALM)) as site:
                answer = await site.ask()
                assert (answer.status, answer.systems[1]["error"]["kind"]) == (502, "bad_reply")
                assert str(port).encode() not in answer.body
            sent = list(appliance.requests)[before:]
            assert [request.path for request in sent] == ["/api/login", "/api/backups"][: 1 if route == "login" else 2]
        assert came == []


async def test_what_a_refused_appliance_points_to_hears_nothing_either() -> None:
    """Refresh, Link and Alt-Svc headers, a proxy's 407, an upgrade: all of them lead elsewhere, none is taken."""
    async with trap() as (port, came), Faulty() as faulty:
        where = f"http://127.0.0.1:{port}/"
        lines = (
            f"Refresh: 0; url={where}\r\nLink: <{where}>; rel=preload\r\n",
            f'Alt-Svc: h2="127.0.0.1:{port}"; ma=9999\r\n',
            f"Location: {where}\r\nContent-Location: {where}\r\n",
        )
        await faulty.switch("raw")
        for head in ("200 OK", "201 Created", "401 x", "407 x", "426 x", "500 x"):
            for more in lines:
                faulty.reply = f"HTTP/1.1 {head}\r\n{more}Content-Length: 2\r\n\r\n{{}}".encode()
                async with site_of(config_text([faulty.system()], tables=CALM)) as site:
                    assert (await site.ask()).status in (200, 502, 503)
        assert came == []


async def test_another_protocol_at_the_login_is_no_refusal_of_our_account() -> None:
    """A 101 is no answer: it is asked again as after any broken reply, not after a pause of 30 s that doubles."""
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        good = faulty.login
        faulty.login = b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
        answer = await site.ask()
        assert (answer.status, answer.systems[1]["error"]["kind"]) == (502, "bad_reply")
        faulty.login = good
        assert (await site.ask()).systems[1]["state"] == "ok"


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sets the environment of the process gets to see nothing either."""
    async with trap() as (port, came), Appliance(ApplianceSpec(name="one", rows=5)) as appliance:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        async with site_of(config_text([system_table(1, appliance)], tables=CALM)) as site:
            assert (await site.ask()).systems[1]["state"] == "ok"
        assert came == []
