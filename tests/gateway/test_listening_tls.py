"""A gateway with a certificate of its own (contract section 3): every form arrives, and nobody holds it up."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientSession, Fingerprint, TCPConnector
from yarl import URL

from gateway.simulator.tls import Certificate, self_signed
from gateway.web import connection, server
from tests.gateway.live import STATIC_TOKEN, Client, gateway_over, small

PATIENCE_S = 10.0
ROWS = 12_000
"""Ten megabytes: more than any socket keeps."""

FORMS = {
    "health": "/healthz",
    "small": "/api/backups?system_id=2",
    "whole": "/api/backups",
    "table": "/api/backups?format=csv",
    "lines": "/api/backups?format=ndjson",
    "lines of assets": "/gateway/assets?format=ndjson",
    "page": "/api/backups?page_size=100",
    "static": "/static/js/page.js",
}


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return self_signed("gw")


@contextlib.asynccontextmanager
async def over_tls(certificate: Certificate, folder: Path, rows: int = 3000) -> AsyncIterator[Client]:
    """A client that has one connection, and trusts this certificate alone."""
    files = {"tls_certificate": folder / "gw.pem", "tls_key": folder / "gw.key"}
    files["tls_certificate"].write_bytes(certificate.certificate_pem)
    files["tls_key"].write_bytes(certificate.key_pem)
    own = {name: str(file) for name, file in files.items()}
    trusted = Fingerprint(bytes.fromhex(certificate.fingerprint.removeprefix("sha256:")))
    async with (
        gateway_over([small(1, rows=rows), small(2)], server=own, login=False) as client,
        ClientSession(connector=TCPConnector(ssl=trusted, limit=1)) as http,
    ):
        yield replace(client, http=http)


async def test_every_form_arrives_whole_again_and_again_on_one_connection(certificate: Certificate, tmp_path: Path):
    async with over_tls(certificate, tmp_path) as client:
        assert client.url.startswith("https://")
        for path in FORMS.values():
            for coding in ("identity", "gzip", "identity"):
                headers = client.credentials | {"Accept-Encoding": coding}
                async with asyncio.timeout(PATIENCE_S):
                    answer = await client.request("GET", path, headers=headers)
                assert (answer.status, bool(answer.body)) == (200, True), path


async def test_a_reader_that_takes_nothing_is_let_go(
    certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    gone = asyncio.Event()
    forget = server.Server.connection_lost

    def tell(self: server.Server, handler: connection.Protocol, exc: BaseException | None = None) -> None:
        forget(self, handler, exc)
        gone.set()

    monkeypatch.setattr(connection, "READER_S", 0.3)
    monkeypatch.setattr(server.Server, "connection_lost", tell)
    async with over_tls(certificate, tmp_path, ROWS) as client:
        await client.get()
        plug = socket.socket()
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        plug.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plug, ("127.0.0.1", URL(client.url).port))
        (tmp_path / "trusted.pem").write_bytes(certificate.certificate_pem)
        _, writer = await asyncio.open_connection(
            sock=plug, ssl=_trusting(tmp_path / "trusted.pem"), server_hostname="gw", limit=1_000
        )
        writer.write(f"GET /api/backups HTTP/1.1\r\nHost: gw\r\nAuthToken: {STATIC_TOKEN}\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE_S):
            await gone.wait()
        writer.transport.abort()


async def test_who_never_ends_a_handshake_has_no_longer_than_who_never_ends_a_head(
    certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(server, "HEADERS_S", 0.3)
    async with over_tls(certificate, tmp_path) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", URL(client.url).port)
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.read() == b""
        writer.close()


def _trusting(file: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=file)
