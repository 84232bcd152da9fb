"""`backup-gateway demo` and `simulate`: a fleet on this machine, with or without a gateway over it."""

import asyncio
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from gateway.callers.accounts import new_token, token_hash
from gateway.callers.hashing import hash_password
from gateway.cli.serve import listening
from gateway.config.file import parse
from gateway.simulator import LOOPBACK, Farm
from gateway.telemetry.observe import configure_logs

_USER: Final = "demo"
_SEED: Final = 1
_LOG: Final = '\n[log]\nlevel = "warning"\nformat = "console"\n'


def run_demo(systems: int, port: int) -> int:
    """Appliances and a gateway, until Ctrl-C or SIGTERM."""
    return _run(systems, lambda farm, stop: _demo(farm, port, stop))


def run_simulation(
    systems: int, *, host: str, first_port: int, control_port: int, base: Path | None, output: Path | None
) -> int:
    """Appliances alone; their configuration goes to `output`, else to stdout, everything else to stderr.

    `base` is a file with what else the configuration shall hold; it takes the place of the [server] table.
    """
    if not (0 <= first_port <= 65536 - max(1, systems) and 0 <= control_port <= 65535):
        print("--first-port and --control-port must leave every listener a port up to 65535", file=sys.stderr)
        return 2
    try:
        beginning = None if base is None else base.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        print(f"{base}: cannot be read: {error}", file=sys.stderr)
        return 2

    async def work(farm: Farm, stop: asyncio.Event) -> None:
        await _simulation(farm, stop, beginning, output)

    return _run(systems, work, host=host, first_port=first_port, control_port=control_port)


def _run(
    systems: int,
    work: Callable[[Farm, asyncio.Event], Awaitable[None]],
    *,
    host: str = LOOPBACK,
    first_port: int = 0,
    control_port: int = 0,
) -> int:
    if not 1 <= systems <= 1000:
        print("--systems must be 1 to 1000", file=sys.stderr)
        return 2
    farm = Farm.mixed(systems, _SEED, host=host, first_port=first_port, control_port=control_port)
    try:
        asyncio.run(_with_farm(farm, work))
    except OSError as error:
        print(f"cannot listen or write: {error.strerror or error}", file=sys.stderr)
        return 2
    return 0


async def _with_farm(farm: Farm, work: Callable[[Farm, asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with farm:
        await work(farm, stop)


async def _demo(farm: Farm, port: int, stop: asyncio.Event) -> None:
    password = secrets.token_urlsafe(9)
    user = {"username": _USER, "password_hash": hash_password(password), "systems": "all", "role": "admin"}
    token = new_token()
    tool = f'\n[[token]]\nname = "demo"\ntoken_hash = "{token_hash(token)}"\nsystems = "all"\n'
    config = parse(farm.config_toml(port, [user]) + tool + _LOG, "demo", Path.cwd())
    configure_logs(config.log)
    async with listening(config, Path.cwd()) as address:
        print(_welcome(address, password, token, farm), flush=True)
        await stop.wait()
    print("stopped", flush=True)


def _welcome(address: str, password: str, token: str, farm: Farm) -> str:
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

page: {address}/
gateway: {address}
login: {_USER} / {password}

try:
  curl -s -u '{_USER}:{password}' '{address}/api/backups?start_hours=24&status=Failure'
  BACKUP_GATEWAY_URL={address} BACKUP_GATEWAY_TOKEN={token} {_command()} backups --status Failure --start-hours 24

faults can be switched on at {farm.control_url}/appliances
Ctrl-C stops everything."""


def _command() -> str:
    """How this program can be called: by its name, or from where it is."""
    name = "backup-gateway"
    beside = Path(sys.executable).with_name(name)
    return str(beside) if shutil.which(name) is None and beside.exists() else name


async def _simulation(farm: Farm, stop: asyncio.Event, beginning: str | None, output: Path | None) -> None:
    text = farm.config_toml() if beginning is None else f"{beginning}\n{farm.systems_toml()}"
    if output is None:
        print(text, flush=True)
    else:
        _write(output, text)
    print(f"{len(farm)} appliances are running; faults at {farm.control_url}/appliances; Ctrl-C ends", file=sys.stderr)
    await stop.wait()


def _write(path: Path, text: str) -> None:
    """A gateway that watches the file reads the old text or the new one; nobody else reads the passwords in it."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=f".{path.name}.", encoding="utf-8", delete=False
    ) as new:
        new.write(text)
    Path(new.name).replace(path)
