"""Servers with a password, behind TLS, and a cluster: all are spoken to, and no secret is told."""

import asyncio
import contextlib
import io
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.config.file import parse
from gateway.errors import ConfigError
from gateway.shared import reach, sessions
from gateway.simulator import Farm
from gateway.simulator.tls import Certificate, self_signed
from tests.kit.waiting import until
from tests.shared.servers import PATIENCE_S, Server, free_port, replicas, server
from tests.shared.test_one_call import calls

SECRET = "correct-horse-8"


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay ends TLS in the loop of the gateways: that the store is spoken to is asked, not how quickly."""
    within = reach._within
    monkeypatch.setattr(reach, "_within", lambda work, seconds: within(work, 20 * seconds))
    monkeypatch.setattr(sessions, "QUICK_S", 20 * reach.QUICK_S)


async def all_is_shared(farm: Farm, url: str, log: io.StringIO | None = None) -> None:
    async with replicas(farm, 2, {"url": url}, log) as (one, two):
        await until(
            lambda: all(replica.gateway.hub is not None and replica.gateway.hub.up for replica in (one, two)),
            PATIENCE_S,
        )
        assert [await replica.ready() for replica in (one, two)] == [(200, "ok")] * 2
        told = await asyncio.gather(*(replica.ask() for replica in (one, two) for _ in range(5)))
        assert all(answer["complete"] for answer in told)
        assert [calls(appliance) for appliance in farm] == [1, 1, 1]
        assert [calls(appliance, "/login") for appliance in farm] == [1, 1, 1]
        _, token = await one.login()
        assert await two.status(token) == 200
        assert await one.logout(token) == 200
        await asyncio.sleep(0.5)
        assert await two.status(token) == 401


async def test_a_server_with_a_password_in_the_url(farm: Farm) -> None:
    log = io.StringIO()
    with server(password=SECRET) as one:
        await all_is_shared(farm, f"redis://:{SECRET}@127.0.0.1:{one.port}/0", log)
    assert SECRET not in log.getvalue()


async def test_a_wrong_password_is_an_outage_that_does_not_tell_the_password(farm: Farm) -> None:
    log = io.StringIO()
    with server(password="another") as one:
        url = f"redis://:{SECRET}@127.0.0.1:{one.port}"
        async with replicas(farm, 1, {"url": url}, log) as (replica,):
            assert (await replica.ask())["complete"]
            assert await replica.ready() == (200, "away")
            assert SECRET not in repr(replica.gateway.hub) + repr(replica.gateway.config)
    assert "shared_store_away" in log.getvalue()
    assert SECRET not in log.getvalue()


def test_the_url_may_come_from_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "store").write_text(f"valkeys://:{SECRET}@store.example:6380/2\n")
    config = parse('[cache]\nurl_file = "store"\n', "test", tmp_path)
    assert config.cache.url == f"valkeys://:{SECRET}@store.example:6380/2"
    assert SECRET not in repr(config)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('url = "http://h"', "cache.url: must be a redis:// or valkey:// URL, or empty"),
        ('url = "redis://h:99999"', "cache.url: has no valid port"),
        ('url = "redis://h/name"', "cache.url: may end with the number of a database, and with nothing else"),
        (
            'url = "redis://h?timeout=3"',
            "cache.url: may have the options ssl_ca_certs, ssl_certfile, ssl_keyfile only",
        ),
        ('url_file = "none"', "cache.url_file: cannot be read: No such file or directory"),
        ('url_file = "bad"', "cache.url_file holds.url: must be a redis:// or valkey:// URL, or empty"),
        ('url_file = "bad"\nurl = "redis://h"', "cache: url and url_file are two addresses of one store: give one"),
    ],
)
def test_a_bad_address_is_a_fault_that_names_its_key(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "bad").write_text(f"ftp://:{SECRET}@h")
    with pytest.raises(ConfigError) as caught:
        parse(f"[cache]\n{text}\n", "test", tmp_path)
    assert fault in str(caught.value)
    assert SECRET not in str(caught.value)


@contextlib.asynccontextmanager
async def behind_tls(port: int, certificate: Certificate) -> AsyncIterator[int]:
    """A relay that ends TLS before a server, which has none of its own."""
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        tasks.update((asyncio.create_task(pump(reader, inner_writer)), asyncio.create_task(pump(inner_reader, writer))))

    relay = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=certificate.server_context())
    try:
        yield relay.sockets[0].getsockname()[1]
    finally:
        relay.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.usefixtures("unhurried")
async def test_a_store_behind_tls_is_reached_by_its_own_authority_alone(
    valkey: Server, farm: Farm, tmp_path: Path
) -> None:
    certificate = self_signed("127.0.0.1")
    (tmp_path / "cert.pem").write_bytes(certificate.certificate_pem)
    async with behind_tls(valkey.port, certificate) as port:
        await all_is_shared(farm, f"rediss://127.0.0.1:{port}?ssl_ca_certs={tmp_path}/cert.pem")
        async with replicas(farm, 1, {"url": f"valkeys://127.0.0.1:{port}"}) as (stranger,):
            assert await stranger.ready() == (200, "away")  # nobody vouches for that certificate


@contextlib.contextmanager
def cluster() -> Iterator[list[Server]]:
    with contextlib.ExitStack() as stack:
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
        buses = [free_port() for _ in range(3)]
        nodes = [stack.enter_context(server(*options, "--cluster-port", str(bus))) for bus in buses]
        clients = [stack.enter_context(node.client()) for node in nodes]
        for number, client in enumerate(clients):
            low, high = number * 16384 // 3, (number + 1) * 16384 // 3 - 1
            client.execute_command("CLUSTER ADDSLOTSRANGE", low, high)
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for node, bus in zip(nodes[1:], buses[1:], strict=True):
            clients[0].execute_command("CLUSTER MEET", "127.0.0.1", node.port, bus)
        for _ in range(200):
            if all("ok" in str(client.execute_command("CLUSTER INFO")["cluster_state"]) for client in clients):
                break
            time.sleep(0.05)
        yield nodes


@pytest.fixture
async def nodes() -> AsyncIterator[list[Server]]:
    with cluster() as started:
        yield started


async def test_a_cluster_is_found_out_and_shared_like_a_single_server(nodes: list[Server], farm: Farm) -> None:
    await all_is_shared(farm, nodes[0].url)
    kept = []
    for node in nodes:
        with node.client() as client:
            kept.append(client.dbsize())
    assert sum(1 for count in kept if count) > 1
