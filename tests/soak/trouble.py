"""A fault each second at one of the appliances, which lasts for some seconds."""

import asyncio
import random
import time
from typing import Final

from gateway.simulator import Farm

_FAULTS: Final = ("slow", "hung", "cut", "reset", "broken_json", "html", "unauthorized", "login_refused", "refusing")
_LONGEST_S: Final = 30.0


class Trouble:
    """Injects faults and takes them back."""

    def __init__(self, farm: Farm, rng: random.Random) -> None:
        self._farm = farm
        self._rng = rng
        self._sick: dict[int, float] = {}

    async def run(self, end: float) -> None:
        """Until `end` (monotonic seconds); then every appliance is well again."""
        while time.monotonic() < end:
            number = self._rng.randrange(len(self._farm))
            await self._farm[number].inject(self._rng.choice(_FAULTS))
            self._sick[number] = time.monotonic() + self._rng.uniform(2, _LONGEST_S)
            await self._recover(time.monotonic())
            await asyncio.sleep(1.0)
        await self._recover(end + 2 * _LONGEST_S)

    async def _recover(self, now: float) -> None:
        for number in [number for number, until in self._sick.items() if until <= now]:
            del self._sick[number]
            await self._farm[number].recover()
