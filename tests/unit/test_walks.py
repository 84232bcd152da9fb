"""How long a walk through pages is kept: as long as somebody may still go on with it."""

import gc
import tracemalloc
from collections.abc import Callable

import pytest
from material import stamped

from gateway.answers.arrange import Arrangement, Shape
from gateway.answers.walks import LIFE_S, LONGEST_LIFE_S, READ_LIFE_S, Walk, Walks
from gateway.errors import FetchError
from gateway.model import EMPTY, BackupList, ListBuilder, SystemAnswer, SystemId
from gateway.question.query import parse_body

OWNER = ("token", "tests")
ROWS = 5


def rows() -> BackupList:
    return stamped(b"[" + b",".join(b'{"id":%d}' % number for number in range(ROWS)) + b"]", "Europe/Berlin")


def walk_of(backups: BackupList, question: bytes = b"{}", made_at: float = 1000.0) -> Walk:
    answer = SystemAnswer(SystemId(1), "acme", "ok", backups, "cache", 0.0, 1.0)
    return Walk(OWNER, parse_body(question), [answer], Arrangement([backups], Shape()), {}, made_at)


class Desk:
    """Walks over one list, and the clock by which they end."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.walks = Walks(10**6, lambda: self.now)
        self.rows = rows()

    def begin(self) -> Walk:
        return self.walks.begin(walk_of(self.rows, made_at=self.now))

    def reads(self, walk: Walk, begin: int) -> bool:
        """Whether the page of two rows that begins there is still to be had."""
        cursor = walk.cursor(begin, 2)
        assert cursor is not None
        return self.walks.find(cursor, OWNER) is not None


def test_a_walk_lives_on_from_each_of_its_pages() -> None:
    desk = Desk()
    walk = desk.begin()
    for _ in range(3):
        desk.now += LIFE_S - 1
        assert desk.reads(walk, 0)
    desk.now += LIFE_S + 1
    assert not desk.reads(walk, 2)


def test_a_walk_ends_an_hour_after_its_begin_however_often_it_is_read() -> None:
    desk = Desk()
    walk = desk.begin()
    while desk.now < 1000.0 + LONGEST_LIFE_S:
        desk.now += LIFE_S / 2
        assert desk.reads(walk, 0)
    desk.now += LIFE_S
    assert not desk.reads(walk, 0)


def test_a_walk_that_was_read_to_its_end_is_kept_for_another_look_at_its_last_page_alone() -> None:
    desk = Desk()
    walk = desk.begin()
    assert desk.reads(walk, 4)
    desk.now += READ_LIFE_S - 1
    assert desk.reads(walk, 4)
    desk.now += READ_LIFE_S + 1
    assert not desk.reads(walk, 4)


def test_who_reads_faster_does_not_end_a_walk_for_another_who_began_the_same() -> None:
    desk = Desk()
    walk = desk.begin()
    assert desk.begin() is walk
    assert desk.reads(walk, 4)
    desk.now += LIFE_S - 1
    assert desk.reads(walk, 2)


def test_a_walk_that_was_begun_twice_ends_when_both_have_read_it() -> None:
    desk = Desk()
    walk = desk.begin()
    assert desk.begin() is walk
    assert desk.reads(walk, 4)
    assert desk.reads(walk, 4)
    desk.now += READ_LIFE_S + 1
    assert not desk.reads(walk, 2)


def test_a_walk_that_was_read_and_is_begun_once_more_has_its_whole_life_again() -> None:
    desk = Desk()
    walk = desk.begin()
    assert desk.reads(walk, 4)
    desk.now += READ_LIFE_S - 1
    assert desk.begin() is walk
    desk.now += LIFE_S - 1
    assert desk.reads(walk, 2)


def test_walks_of_the_same_rows_keep_them_once() -> None:
    walks = Desk().walks
    first = walks.begin(walk_of(rows()))
    second = walks.begin(walk_of(rows(), b'{"start_hours":5}'))
    again = walks.begin(walk_of(rows(), b'{"start_hours":5}'))
    assert again is second is not first
    assert second.answers[0].backups is first.answers[0].backups
    assert second.arrangement._lists == first.arrangement._lists
    assert second.arrangement.segments() == first.arrangement.segments()


def test_rows_that_mean_another_instant_are_another_walks_own() -> None:
    walks = Desk().walks
    moved = rows()
    moved.starts[0] += 3600  # the appliance was given another zone meanwhile
    walks.begin(walk_of(rows()))
    assert walks.begin(walk_of(moved, b'{"start_hours":5}')).answers[0].backups is moved


def raised() -> FetchError:
    """A fault as it comes out of a call, with all that its way keeps alive."""
    reply = bytes(100_000)
    try:
        raise FetchError("appliance_error", f"the appliance says {len(reply)}" + 30 * " and so on")
    except FetchError as error:
        return error


def few_rows(number: int) -> BackupList:
    """Such as no other list has."""
    build = ListBuilder()
    for row in range(3):
        build.add(b'{"id":%d,"row":%d}' % (number, row), number, 0, number, 0)
    return build.done()


SYSTEMS = 100


def fleet_walk(number: int, rows_of: Callable[[int], BackupList], error_of: Callable[[], FetchError | None]) -> Walk:
    """A walk through the rows of many systems; each number is a question of its own."""
    lists = [rows_of(SYSTEMS * number + n) for n in range(SYSTEMS)]
    answers = [
        SystemAnswer(SystemId(n), "a", "ok", own, "cache", n + number / 2, n + number / 3, n + number / 5, error_of())
        for n, own in enumerate(lists)
    ]
    question = parse_body(b'{"start_time":%d}' % (1_700_000_000 + number))
    return Walk(OWNER, question, answers, Arrangement(lists, Shape()), {}, 1000.0)


@pytest.mark.parametrize("error_of", [lambda: None, raised], ids=["ok", "failed"])
@pytest.mark.parametrize("rows_of", [lambda _: EMPTY, few_rows], ids=["no rows", "a few rows"])
def test_a_walk_counts_for_as_much_as_it_takes(
    rows_of: Callable[[int], BackupList], error_of: Callable[[], FetchError | None]
) -> None:
    walks, count = Walks(10**9, lambda: 1000.0), 10
    walks.begin(fleet_walk(0, rows_of, error_of))
    tracemalloc.start()
    try:
        gc.collect()
        before, counted_before = tracemalloc.get_traced_memory()[0], walks._walks.currsize
        for number in range(1, count + 1):
            walks.begin(fleet_walk(number, rows_of, error_of))
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    counted = walks._walks.currsize - counted_before
    assert 200 * SYSTEMS * count < taken <= counted < 1.5 * taken


def test_what_names_a_walk_goes_with_it() -> None:
    desk = Desk()
    desk.begin()
    desk.now += LIFE_S + 1
    desk.walks._walks.expire()
    assert not desk.walks._latest
