"""Another configuration while the gateway runs: on SIGHUP, or when the file changes (contract section 7)."""

import asyncio
from pathlib import Path
from typing import Final

import structlog
from watchfiles import awatch

from gateway.cli.notify import ServiceManager
from gateway.config.checked import Config
from gateway.config.file import load
from gateway.errors import ConfigError
from gateway.stack import Gateway
from gateway.telemetry.observe import audit

_LOOK_EVERY_MS: Final = 5000

FIXED: Final = {
    "server": ("host", "port", "tls_certificate", "tls_key"),
    "log": ("level", "format"),
    "cache": ("memory_bytes", "compress_above_bytes", "snapshot", "url"),
}
"""Keys of each table that a running process keeps as they were when it began."""

Stamp = tuple[int, int, int]
"""What changes when a file is written or replaced."""


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of what stands at a path now, behind all links; None where there is nothing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


async def watch(path: Path, changed: asyncio.Event, known: Stamp | None) -> None:
    """Set `changed` whenever the file is another one than that with the stamp `known`, and again at each later change.

    Its folder is watched, since editors replace files. The stamp decides, not what the watcher names: so a change
    between the first reading and the watcher's start counts, and a link that leads to another file.
    """
    try:
        async for _ in awatch(path.parent, recursive=False, rust_timeout=_LOOK_EVERY_MS, yield_on_timeout=True):
            now = stamp_of(path)
            if now not in (None, known):
                known = now
                changed.set()
    except OSError as error:
        structlog.get_logger().warning("config_not_watched", file=str(path), reason=str(error))


async def reload_on(wanted: asyncio.Event, path: Path, gateway: Gateway, manager: ServiceManager) -> None:
    """Reload each time `wanted` is set, and tell the service manager."""
    while True:
        await wanted.wait()
        wanted.clear()
        manager.reloading()
        try:
            taken = reload_now(path, gateway)
        except Exception:  # noqa: BLE001 - whatever it was, the next reload must come
            structlog.get_logger().exception("reload_failed")
            taken = False
        systems = f"{len(gateway.config.systems)} systems"
        manager.ready(systems if taken else f"{systems}; the changed configuration was refused, the old one goes on")


def reload_now(path: Path, gateway: Gateway) -> bool:
    """A good file takes effect; a bad one is told fault by fault, and the old configuration goes on."""
    logger = structlog.get_logger()
    try:
        config = load(path)
        if not (config.systems or config.users or config.tokens):
            raise ConfigError([f"{path}: names nobody and nothing: it is taken for a file that is being written"])
    except ConfigError as error:
        for fault in error.faults:
            logger.error("config_refused", fault=fault)
        audit("reload", who="operator", address="", what=path.name, outcome=f"refused: {len(error.faults)} faults")
        return False
    for table, keys in _kept(gateway.config, config).items():
        logger.warning("config_needs_restart", table=table, keys=keys)
    gateway.apply(config)
    logger.info("config_reloaded", systems=len(config.systems))
    audit("reload", who="operator", address="", what=path.name, outcome="taken")
    return True


def _kept(before: Config, after: Config) -> dict[str, list[str]]:
    """What another configuration changes in vain, by table.

    Proxies are trusted at once, and no longer trusted at once. Whether there are any decides, when a process begins,
    whether the connections of one address are counted: with the first of them, or without any, that stays as it was.
    """
    changed = {
        table: [key for key in keys if getattr(getattr(before, table), key) != getattr(getattr(after, table), key)]
        for table, keys in FIXED.items()
    }
    if bool(before.server.trusted_proxies) != bool(after.server.trusted_proxies):
        changed["server"].append("trusted_proxies")
    return {table: keys for table, keys in changed.items() if keys}
