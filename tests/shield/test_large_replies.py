"""Large replies that come together: decoded one after the other, and bounded in the room that they take meanwhile."""

import asyncio
from collections.abc import Iterator
from itertools import groupby

import pytest

from gateway import stack
from gateway.dialects.rows import Stamper
from gateway.simulator import ApplianceSpec
from gateway.sources import appliance
from gateway.sources.incoming import Incoming
from tests.shield.support import Real, rig


@pytest.mark.parametrize(("rows", "in_turn"), [(3000, True), (20, False)], ids=["large", "small"])
async def test_a_large_reply_is_decoded_whole_before_the_next(
    rows: int, in_turn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    class Watched(Stamper):
        def __init__(self, system_id: int, name: str, *more: object) -> None:
            super().__init__(system_id, name, *more)  # type: ignore[arg-type]
            self._name = name

        def read(self, body: bytes) -> Iterator[None]:
            steps.append(self._name)
            for step in super().read(body):
                yield step
                steps.append(self._name)
            yield
            steps.append(self._name)

    monkeypatch.setattr(appliance, "Stamper", Watched)
    specs = [ApplianceSpec(name=f"site-{n}", seed=n, rows=rows, base_ms=200) for n in range(1, 5)]
    async with rig(*specs, hands=Real()) as shield:
        answers = await asyncio.gather(*(shield.ask(number=number) for number in range(1, 5)))
    assert [len(answer.backups) for answer in answers] == [rows] * 4
    assert (len([name for name, _ in groupby(steps)]) == 4) == in_turn


async def test_replies_that_find_no_room_are_whole_all_the_same_and_leave_none_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also of those that fail half way, and of those that are given up."""
    room, most, packed = 2 * 2**20, 0, 0
    monkeypatch.setattr(stack, "LEAST_ROOM_BYTES", room)
    monkeypatch.setattr(stack, "_INCOMING_SHARE", 10**6)
    made: list[Incoming] = []

    class Watched(Incoming):
        def __init__(self, room_bytes: int) -> None:
            super().__init__(room_bytes)
            made.append(self)

        def take(self, size: int) -> bool:
            nonlocal most, packed
            fits = super().take(size)
            most, packed = max(most, self._plain_bytes), packed + (not fits)
            return fits

    monkeypatch.setattr(stack, "Incoming", Watched)
    specs = [ApplianceSpec(name=f"site-{n}", seed=n, rows=3000, base_ms=200) for n in range(1, 8)]
    async with rig(*specs, hands=Real()) as shield:
        await shield.farm[5].inject("cut")
        await shield.farm[6].inject("non_objects")
        answers = await asyncio.gather(
            *(shield.ask(number=number) for number in range(1, 8)), shield.ask({"client_id": 1}, deadline=0.3)
        )
        for number in range(1, 6):
            assert answers[number - 1].backups.rows() == shield.truth(number=number)
        assert answers[5].state == "missing"
        await shield.settle()
        (incoming,) = made
        assert most <= room
        assert packed > 0
        assert incoming._plain_bytes == 0
