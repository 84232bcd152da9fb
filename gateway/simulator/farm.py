"""A farm: many simulated appliances in one process, each on its own port, and one control listener."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from aiohttp import web

from gateway.simulator.appliance import LOOPBACK, Appliance
from gateway.simulator.config_text import config_toml, systems_toml
from gateway.simulator.control import Control
from gateway.simulator.fleet import mixed_specs
from gateway.simulator.spec import ApplianceSpec


class Farm:
    """``async with Farm(specs) as farm:`` serves every appliance on ``host``.

    ``farm[0]`` is the first appliance, ``farm["acme-nyc"]`` one by name. A gateway's system ids count
    from 1 in the same order. ``host`` is an address or a name of this machine, and stands in every url.
    """

    def __init__(self, specs: Iterable[ApplianceSpec], *, host: str = LOOPBACK, control_port: int = 0) -> None:
        self.appliances = [Appliance(spec, host) for spec in specs]
        self._host = host
        self._control_port = control_port
        self._stack = AsyncExitStack()

    @classmethod
    def mixed(
        cls,
        count: int,
        seed: int = 1,
        *,
        host: str = LOOPBACK,
        first_port: int = 0,
        control_port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """A mixed fleet: dialects, zones of several continents, one with TLS, one slow, one dead.

        ``first_port`` gives the appliances successive ports, 0 any free ones.
        """
        specs = mixed_specs(count, seed, clock)
        if first_port:
            specs = [replace(spec, port=first_port + number) for number, spec in enumerate(specs)]
        return cls(specs, host=host, control_port=control_port)

    def __repr__(self) -> str:
        return f"<Farm {len(self.appliances)} appliances>"

    def __len__(self) -> int:
        return len(self.appliances)

    def __iter__(self) -> Iterator[Appliance]:
        return iter(self.appliances)

    def __getitem__(self, key: int | str) -> Appliance:
        if isinstance(key, int):
            return self.appliances[key]
        for appliance in self.appliances:
            if appliance.spec.name == key:
                return appliance
        raise KeyError(key)

    @property
    def control_url(self) -> str:
        """Where ``control.py`` listens; known once the farm runs."""
        return f"http://{self._host}:{self._control_port}"

    def config_toml(self, server_port: int = 8080, users: Iterable[Mapping[str, object]] = ()) -> str:
        """The configuration of a gateway over this farm; the farm must run, since the ports are in it."""
        return config_toml(self.appliances, server_port=server_port, users=users)

    def systems_toml(self) -> str:
        """The [[system]] tables alone, to stand behind other tables."""
        return systems_toml(self.appliances)

    async def start(self) -> None:
        for appliance in self.appliances:
            # Pushed first: an appliance that fails half-way is stopped too.
            self._stack.push_async_callback(appliance.stop)
            await appliance.start()
        runner = web.AppRunner(Control(self.appliances).app(), access_log=None, shutdown_timeout=0.05)
        self._stack.push_async_callback(runner.cleanup)
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._control_port)
        await site.start()
        self._control_port = runner.addresses[0][1]

    async def stop(self) -> None:
        await self._stack.aclose()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
