"""Delays drawn together lie evenly in their time."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gateway.loop.evenly import Evenly


@given(seed=st.integers(0, 2**32), drawn=st.integers(1, 3000), seconds=st.integers(1, 60), before=st.integers(0, 50))
def test_no_second_gets_many_more_than_its_share(seed: int, drawn: int, seconds: int, before: int) -> None:
    delay = Evenly(random.Random(seed))
    for _ in range(before):
        delay(seconds)
    delays = [delay(seconds) for _ in range(drawn)]
    assert all(0 <= delay < seconds for delay in delays)
    assert max(Counter(map(int, delays)).values()) <= drawn / seconds + 4


def test_two_processes_do_not_draw_the_same() -> None:
    assert Evenly(random.Random(1))(1.0) != Evenly(random.Random(2))(1.0)
