"""`backup-gateway serve`: the process around the application."""

import asyncio
import contextlib
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import aiohttp
import structlog
from aiohttp import web
from aiohttp.http_parser import HttpRequestParser, HttpRequestParserPy
from isal import isal_zlib

from gateway.cli.notify import ServiceManager
from gateway.cli.reload import Stamp, reload_on, stamp_of, watch
from gateway.config.checked import Config
from gateway.config.file import load
from gateway.errors import ConfigError
from gateway.loop.allocator import share_arenas
from gateway.loop.garbage import relax_collector
from gateway.stack import Gateway
from gateway.telemetry.observe import configure_logs
from gateway.web.app import create_app
from gateway.web.keys import LOAD
from gateway.web.server import Runner, Site

_BACKLOG: Final = 1024
"""Connections that may wait to be accepted."""
_ACCEPTED_AT_ONCE: Final = 256
"""In one turn of the loop: a thousand would take it half a second."""
_SWITCH_S: Final = 0.001
"""For so long a thread may keep the others from running. While one works, the event loop waits for that long at each
call to the system: with Python's own 5 ms ten sockets make everybody wait for a twentieth of a second."""
_QUIET_S: Final = 1.0
"""At the end: without a request for so long nobody sends any more, and who looks for readiness has seen that."""


def serve_file(path: Path) -> int:
    """Run until SIGTERM or Ctrl-C; 2 where the configuration is at fault."""
    if HttpRequestParser is HttpRequestParserPy:
        # The C parser is the strict one; with two parsers the same bytes could mean two requests.
        print("aiohttp runs without its C extensions (AIOHTTP_NO_EXTENSIONS?), which is refused", file=sys.stderr)
        return 2
    stamp = stamp_of(path)
    try:
        config = load(path)
    except ConfigError as error:
        print("\n".join(error.faults), file=sys.stderr)
        return 2
    configure_logs(config.log)
    try:
        return asyncio.run(_serve(config, path, stamp))
    except OSError as error:
        print(f"{path}: server: cannot listen on {config.server.host}:{config.server.port}: {error}", file=sys.stderr)
        return 2


async def _serve(config: Config, path: Path, stamp: Stamp | None) -> int:
    stop, again = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, again.set)
    made: list[Gateway] = []
    # The watchdog is kept quiet to the very end: draining takes longer than it waits.
    with ServiceManager() as manager:
        async with listening(config, path.parent, made.append, quiet_s=_QUIET_S) as address:
            structlog.get_logger().info("listening", address=address, systems=len(config.systems))
            watcher = asyncio.create_task(watch(path, again, stamp))
            reloader = asyncio.create_task(reload_on(again, path, made[0], manager))
            manager.ready(f"listening on {address}, {len(config.systems)} systems")
            await stop.wait()
            manager.stopping()
            structlog.get_logger().info("draining")
            watcher.cancel()
            reloader.cancel()
            await asyncio.gather(watcher, reloader, return_exceptions=True)
    return 0


@contextlib.asynccontextmanager
async def listening(
    config: Config, folder: Path, made: Callable[[Gateway], None] | None = None, *, quiet_s: float = 0.0
) -> AsyncIterator[str]:
    """A gateway that listens; yields its address. Leaving it finishes running answers, for 20 s at most.

    It goes on listening until no request has come for `quiet_s`, and for so long at least.
    """
    aiohttp.set_zlib_backend(isal_zlib)  # global to the process, so it is set where the process begins
    sys.setswitchinterval(_SWITCH_S)
    relax_collector()
    share_arenas()
    gateway = Gateway(config)
    if made is not None:
        made(gateway)
    app = create_app(gateway)
    # Behind a trusted proxy all connections come from its address.
    runner = Runner(app, per_address=not config.server.trusted_proxies)
    await runner.setup()
    try:
        site = Site(
            runner, config.server.host, config.server.port, ssl_context=_tls(config, folder), backlog=_ACCEPTED_AT_ONCE
        )
        await site.start()
        _let_wait(site)
        _warn(config)
        yield _address(config, runner)
        await gateway.drain()
        await runner.drain(app[LOAD], quiet_s)
    finally:
        await runner.cleanup()


def _address(config: Config, runner: web.AppRunner) -> str:
    scheme = "https" if config.server.tls_certificate else "http"
    host, port = runner.addresses[0][:2]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _let_wait(site: Site) -> None:
    """Asyncio has one number for connections that wait and for those accepted in a turn. Waiting costs nothing."""
    for listening in getattr(site._server, "sockets", ()):
        with listening.dup() as twin:
            twin.listen(_BACKLOG)


def _tls(config: Config, folder: Path) -> ssl.SSLContext | None:
    server = config.server
    if server.tls_certificate is None or server.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(folder / server.tls_certificate, folder / server.tls_key)
    except ssl.SSLError as error:
        raise OSError(f"the TLS certificate and key do not fit: {error.reason}") from error
    return context


def _warn(config: Config) -> None:
    """What an operator should know and would not see otherwise."""
    logger = structlog.get_logger()
    if not config.systems:
        logger.warning("no [[system]] is configured: every answer will be empty")
    if not config.users and not config.tokens:
        logger.warning("no [[user]] and no [[token]] is configured: nobody can ask")
