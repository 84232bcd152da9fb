"""The calls of one system that somebody waits for, or that renew a list in the background: one for equal questions."""

from gateway.clock import Clock
from gateway.filter import Asked
from gateway.lists.held import Held
from gateway.loop.flight import Flight
from gateway.sources.source import Call, Runs


class Calls:
    """Every question that is on its way, by what is asked and whether the whole list must come.

    Who would take a tail joins a call for the whole list as well.
    """

    def __init__(self, runs: Runs, monotonic: Clock) -> None:
        self._runs = runs
        self._monotonic = monotonic
        self._flight: Flight[tuple[Asked, bool], Held] = Flight()
        self._calls: dict[tuple[Asked, bool], Call] = {}

    def __repr__(self) -> str:
        return f"<Calls, {self.in_flight} of {len(self)} under way>"

    def __len__(self) -> int:
        return len(self._flight)

    def __contains__(self, asked: Asked) -> bool:
        return any((asked, whole) in self._flight for whole in (False, True))

    @property
    def in_flight(self) -> int:
        """Those that the appliance is working on."""
        return sum(call.under_way for call in self._calls.values())

    @property
    def queued(self) -> int:
        """Those that wait for their turn."""
        return len(self) - self.in_flight

    def of(self, asked: Asked, *, whole: bool) -> Call | None:
        """The call that `join` would join."""
        return self._calls.get((asked, whole)) or self._calls.get((asked, True))

    async def join(self, asked: Asked, not_before: float | None, *, whole: bool) -> Held:
        """The list that the one call for `asked` brings; raises FetchError. `not_before`: see Call."""
        key = (asked, whole or (asked, True) in self._flight)
        return await self._flight.run(key, lambda: self._made(key, not_before), leave=lambda: self._in_queue(key))

    def start(self, asked: Asked) -> None:
        """A call for which nobody waits."""
        key = (asked, False)
        self._flight.start(key, lambda: self._made(key, None))

    async def close(self) -> None:
        """End all of them."""
        await self._flight.close()

    async def _made(self, key: tuple[Asked, bool], not_before: float | None) -> Held:
        asked, whole = key
        call = self._calls[key] = Call(asked, not_before=not_before, begun=self._monotonic())
        try:
            return await self._runs.run(call, whole=whole)
        finally:
            if self._calls.get(key) is call:
                del self._calls[key]

    def _in_queue(self, key: tuple[Asked, bool]) -> bool:
        """Whether the call still waits for its turn: with nobody left to wait for it, it is not worth making."""
        call = self._calls.get(key)
        return call is not None and not call.under_way
