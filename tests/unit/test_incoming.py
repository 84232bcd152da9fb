"""Bodies of replies: as they came, whatever room there is, and no more room taken than there is."""

import random

from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.incoming import Incoming

ROOM = 2**20
ROW = b'{"id":%d,"client_name":"server-%d","type":"Master","status":"Success","size":%d},'


def rows(seed: int, size: int) -> bytes:
    rng = random.Random(seed)
    text = b"".join(ROW % (number, rng.randrange(50), rng.randrange(10**6)) for number in range(size // 70 + 1))
    return text[:size]


def taken(incoming: Incoming) -> int:
    return incoming._plain_bytes


@given(
    sizes=st.lists(st.integers(0, ROOM * 3 // 2), max_size=5),
    chunk=st.integers(1_000, 400_000),
    order=st.randoms(use_true_random=False),
)
def test_every_body_is_whole_whatever_comes_beside_it(sizes: list[int], chunk: int, order: random.Random) -> None:
    incoming = Incoming(ROOM)
    texts = [rows(number, size) for number, size in enumerate(sizes)]
    bodies = [incoming.body() for _ in texts]
    left = [(number, begin) for number, text in enumerate(texts) for begin in range(0, len(text), chunk)]
    turns = [number for number, _ in left]
    order.shuffle(turns)  # who sends next; each its own chunks in their order
    sent = [0] * len(texts)
    for number in turns:
        bodies[number].add(texts[number][sent[number] : sent[number] + chunk])
        sent[number] += chunk
        assert taken(incoming) <= ROOM
    assert [bytes(body) for body in bodies] == texts
    assert [len(body) for body in bodies] == sizes
    bodies.clear()
    assert taken(incoming) == 0


def test_what_finds_no_room_takes_a_fraction_of_its_size() -> None:
    incoming, text = Incoming(ROOM), rows(1, 8 * ROOM)
    body = incoming.body()
    for begin in range(0, len(text), 65_536):
        body.add(text[begin : begin + 65_536])
    kept = sum(len(piece) for piece, _ in body._pieces)
    assert bytes(body) == text
    assert kept < ROOM + 2 * ROOM, "seven MiB in less than two"


def test_room_is_free_again_for_the_next_one() -> None:
    incoming = Incoming(ROOM)
    for _ in range(3):
        body = incoming.body()
        body.add(rows(1, ROOM))
        assert taken(incoming) == ROOM
        assert not body._pieces[0][1]
        del body
        assert taken(incoming) == 0


def test_small_bodies_are_not_counted() -> None:
    incoming = Incoming(0)
    body = incoming.body()
    for _ in range(3):
        body.add(b"x" * 65_536)
    assert not body._pieces
    assert bytes(body) == b"x" * 3 * 65_536
