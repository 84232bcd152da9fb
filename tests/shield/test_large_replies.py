"""Large replies that come together are decoded one after the other."""

import asyncio
from collections.abc import Iterator
from itertools import groupby

import pytest

from gateway.rows import Stamper
from gateway.simulator import ApplianceSpec
from gateway.sources import appliance
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
