"""Rows 3 to 6 of the fault matrix: names that do not resolve, and certificates that have run out."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp.connector
import pytest

from gateway.simulator import ApplianceSpec, Farm
from gateway.simulator.tls import Certificate, self_signed
from tests.secure.faulty import Faulty
from tests.secure.support import config_text, site_of, system_table

LONG_AGO = datetime.now(UTC) - timedelta(days=400)
IMPATIENT = {"deadline_seconds": 0.5, "connect_seconds": 0.25}


class NameServer:
    """Stands in for the machine's resolver: `*.fine.test` is here, `*.slow.test` hangs, all else does not exist."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.release = threading.Event()

    def __call__(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(host)
        if host.endswith("slow.test"):
            self.release.wait(20)
        if not host.endswith("fine.test"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    monkeypatch.setattr("gateway.sources.resolver.socket.getaddrinfo", server)
    yield server
    server.release.set()


async def test_a_name_that_does_not_exist_is_dns_alone_and_among_others(names: NameServer) -> None:
    """Row 3, and nothing of the resolver's words but the kind."""
    async with Farm([ApplianceSpec(name="well", rows=10)]) as farm:
        port = farm[0].listener.port
        systems = [
            {**system_table(1, farm[0]), "url": f"http://one.fine.test:{port}"},
            {**system_table(2, farm[0]), "name": "gone", "url": f"http://gone.test:{port}"},
        ]
        async with site_of(config_text(systems)) as site:
            alone = await site.ask({"system_id": 2})
            assert (alone.status, alone.systems[2]["error"]["kind"]) == (502, "dns")
            assert b"gone.test" not in alone.body
            among = await site.ask()
            assert among.status == 200
            assert among.systems[1]["state"] == "ok"


async def test_a_slow_name_server_holds_up_its_own_systems_only(names: NameServer) -> None:
    """Row 4: forty names hang, the system's others and its files are read as quickly as ever."""
    async with Farm([ApplianceSpec(name="well", rows=10)]) as farm:
        port = farm[0].listener.port
        systems = [{**system_table(1, farm[0]), "url": f"http://one.fine.test:{port}"}]
        for number in range(2, 42):
            url = f"http://n{number}.slow.test:{port}"
            systems.append({**system_table(number, farm[0]), "name": f"n{number}", "url": url, **IMPATIENT})
        async with site_of(config_text(systems)) as site:
            alone = await site.ask({"system_id": 2})
            assert (alone.status, alone.systems[2]["error"]["kind"]) == (504, "timeout")
            among = asyncio.create_task(site.ask())
            others = asyncio.create_task(asyncio.to_thread(lambda: 17))
            assert await asyncio.wait_for(others, 0.4) == 17
            answer = await among
            assert answer.systems[1]["state"] == "ok"
            assert {answer.systems[number]["error"]["kind"] for number in range(2, 42)} == {"timeout"}
            assert (await site.anew({"system_id": 1})).systems[1]["state"] == "ok"


def _trust(monkeypatch: pytest.MonkeyPatch, certificate: Certificate) -> None:
    """As a certificate authority of the machine."""
    context = ssl.create_default_context(cadata=certificate.certificate_pem.decode())
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", context)


async def test_without_a_pin_the_authorities_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trusted certificate is ok; one of nobody, and one for another host, are tls; not a byte goes out."""
    trusted, unknown = self_signed("trusted"), self_signed("unknown")
    _trust(monkeypatch, trusted)
    async with Faulty(trusted) as good, Faulty(unknown) as bad:
        systems = [good.system(1), {**bad.system(2), "name": "bad"}]
        for system in systems:
            del system["fingerprint"]
        async with site_of(config_text(systems)) as site:
            answer = await site.ask()
            assert answer.systems[1]["state"] == "ok"
            assert answer.systems[2]["error"]["kind"] == "tls"
            assert bad.received in ([], [b""])


async def test_a_certificate_of_an_authority_that_has_run_out_is_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 5."""
    expired = self_signed("expired", valid_from=LONG_AGO, days=30)
    _trust(monkeypatch, expired)
    async with Faulty(expired) as faulty:
        system = faulty.system()
        del system["fingerprint"]
        async with site_of(config_text([system])) as site:
            answer = await site.ask()
            assert (answer.status, answer.systems[1]["error"]["kind"]) == (502, "tls")
            assert faulty.received in ([], [b""])


async def test_a_pinned_certificate_that_has_run_out_is_ok_with_a_warning() -> None:
    """Row 6: the pin is the trust; the warning stays as long as the certificate does."""
    expired = self_signed("expired", valid_from=LONG_AGO, days=30)
    async with Faulty(expired) as faulty, site_of(config_text([faulty.system()])) as site:
        for answer in (await site.ask(), await site.ask(), await site.anew()):
            entry = answer.systems[1]
            assert (answer.status, entry["state"], entry["warnings"]) == (200, "ok", ["cert_expired"])
        fresh = self_signed("fresh")
        await faulty.show(fresh)
        site.apply(config_text([faulty.system()]))
        assert (await site.anew()).systems[1]["warnings"] == []
