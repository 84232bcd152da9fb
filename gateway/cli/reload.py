"""Another configuration while the gateway runs: on SIGHUP, or when the file changes (contract section 7)."""

import asyncio
from pathlib import Path

import structlog
from watchfiles import awatch

from gateway.config import load
from gateway.errors import ConfigError
from gateway.observe import audit
from gateway.stack import Gateway


async def watch(path: Path, changed: asyncio.Event) -> None:
    """Set `changed` whenever the file is written or replaced. Its folder is watched: editors replace files."""
    try:
        async for changes in awatch(path.parent, recursive=False):
            if any(Path(name).name == path.name for _, name in changes):
                changed.set()
    except OSError as error:
        structlog.get_logger().warning("config_not_watched", file=str(path), reason=str(error))


async def reload_on(wanted: asyncio.Event, path: Path, gateway: Gateway) -> None:
    """Reload each time `wanted` is set."""
    while True:
        await wanted.wait()
        wanted.clear()
        reload_now(path, gateway)


def reload_now(path: Path, gateway: Gateway) -> bool:
    """A good file takes effect; a bad one is told fault by fault, and the old configuration goes on."""
    logger = structlog.get_logger()
    try:
        config = load(path)
    except ConfigError as error:
        for fault in error.faults:
            logger.error("config_refused", fault=fault)
        audit("reload", who="operator", address="", what=path.name, outcome=f"refused: {len(error.faults)} faults")
        return False
    for table in ("server", "log", "cache"):
        if getattr(config, table) != getattr(gateway.config, table):
            logger.warning("config_needs_restart", table=table)
    gateway.apply(config)
    logger.info("config_reloaded", systems=len(config.systems))
    audit("reload", who="operator", address="", what=path.name, outcome="taken")
    return True
