"""An appliance's answer that is on its way for as long as a test wants."""

import asyncio
from typing import Any

from aiohttp import web

from gateway.simulator import Appliance
from gateway.simulator.replies import result_reply

_LIST_CALL = ("POST", "backups")


class Late:
    """Holds back the answer to the next list call: it is made when the call comes, and sent when it is let go."""

    def __init__(self, appliance: Appliance) -> None:
        self._routes = appliance._routes
        self._genuine: Any = self._routes[_LIST_CALL]
        self._routes[_LIST_CALL] = self._handle
        self._made = asyncio.Event()
        self._go: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def _handle(self, request: web.Request) -> web.Response:
        self._routes[_LIST_CALL] = self._genuine
        response: web.Response = await self._genuine(request)
        self._made.set()
        return response if await self._go else result_reply("something broke", 500)

    async def made(self) -> None:
        """Until the appliance knows its answer."""
        await asyncio.wait_for(self._made.wait(), 10)

    def let_go(self) -> None:
        self._go.set_result(True)

    def fail(self) -> None:
        """An error is sent in place of the answer."""
        self._go.set_result(False)
