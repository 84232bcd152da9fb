"""`backup-gateway demo` and `simulate`: a fleet on this machine, with or without a gateway over it."""

import asyncio
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from gateway.cli.serve import listening
from gateway.config import parse
from gateway.hashing import hash_password
from gateway.observe import configure_logs
from gateway.simulator import Farm

_USER: Final = "demo"
_SEED: Final = 1
_LOG: Final = '\n[log]\nlevel = "warning"\nformat = "console"\n'


def run_demo(systems: int, port: int) -> int:
    """Appliances and a gateway, until Ctrl-C or SIGTERM."""
    return _run(systems, lambda farm, stop: _demo(farm, port, stop))


def run_simulation(systems: int) -> int:
    """Appliances alone; their configuration goes to stdout, everything else to stderr."""
    return _run(systems, _simulation)


def _run(systems: int, work: Callable[[Farm, asyncio.Event], Awaitable[None]]) -> int:
    if not 1 <= systems <= 1000:
        print("--systems must be 1 to 1000", file=sys.stderr)
        return 2
    try:
        asyncio.run(_with_farm(systems, work))
    except OSError as error:
        print(f"cannot listen: {error.strerror or error}", file=sys.stderr)
        return 2
    return 0


async def _with_farm(systems: int, work: Callable[[Farm, asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Farm.mixed(systems, _SEED) as farm:
        await work(farm, stop)


async def _demo(farm: Farm, port: int, stop: asyncio.Event) -> None:
    password = secrets.token_urlsafe(9)
    user = {"username": _USER, "password_hash": hash_password(password), "systems": "all", "role": "admin"}
    config = parse(farm.config_toml(port, [user]) + _LOG, "demo", Path.cwd())
    configure_logs(config.log)
    async with listening(config, Path.cwd()) as address:
        print(_welcome(address, password, farm), flush=True)
        await stop.wait()
    print("stopped", flush=True)


def _welcome(address: str, password: str, farm: Farm) -> str:
    names = [appliance.spec.name for appliance in farm]
    dead = [appliance.spec.name for appliance in farm if appliance.spec.dead]
    slow = [appliance.spec.name for appliance in farm if appliance.spec.base_ms > 1000]
    pinned = [appliance.spec.name for appliance in farm if appliance.spec.tls]
    traits = [
        f"{what}: {', '.join(which)}"
        for what, which in (("slow", slow), ("dead", dead), ("TLS with a pinned certificate", pinned))
        if which
    ]
    return f"""\
backup-gateway over {len(names)} simulated appliances ({"; ".join(traits) or "all in good health"})

gateway: {address}
login: {_USER} / {password}

try:
  curl -s -u '{_USER}:{password}' '{address}/api/backups?start_hours=24&status=Failure'

faults can be switched on at {farm.control_url}/appliances
Ctrl-C stops everything."""


async def _simulation(farm: Farm, stop: asyncio.Event) -> None:
    print(farm.config_toml(), flush=True)
    print(f"{len(farm)} appliances are running; faults at {farm.control_url}/appliances; Ctrl-C ends", file=sys.stderr)
    await stop.wait()
