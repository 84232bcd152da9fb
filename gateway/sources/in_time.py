"""A bound on what an appliance may take for one call."""

import asyncio

from gateway.errors import FetchError


class in_time:  # noqa: N801 - reads as the statement that it is
    """asyncio.timeout whose end is a FetchError of kind `timeout`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        try:
            await self._timeout.__aexit__(*error)  # type: ignore[arg-type]
        except TimeoutError:
            raise FetchError("timeout", f"the appliance did not answer within {self._seconds:g} s") from None
