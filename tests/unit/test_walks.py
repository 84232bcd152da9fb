"""How long a walk through pages is kept: as long as somebody may still go on with it."""

import gc
import tracemalloc
from collections.abc import Callable

import pytest
from material import stamped

from gateway.answers.arrange import Arrangement, Shape
from gateway.answers.walks import LIFE_S, LONGEST_LIFE_S, READ_LIFE_S, Place, Walk, Walks
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

    def begin(self, end: int = 2) -> Place:
        """A reader who has got the rows before `end`."""
        walk, reader = self.walks.begin(walk_of(self.rows, made_at=self.now), end)
        return Place(walk, reader, 0, 2)

    def reads(self, place: Place, begin: int, size: int | None = None) -> bool:
        """Whether the page of two rows that begins there is still to be had; `size` rows are taken in their place."""
        cursor = place._replace(begin=begin).cursor
        assert cursor is not None
        found = self.walks.find(cursor, OWNER)
        if found is not None:
            self.walks.read(found.walk, found.reader, found.begin + (size or found.size))
        return found is not None


def test_a_walk_lives_on_from_each_of_its_pages() -> None:
    desk = Desk()
    place = desk.begin()
    for _ in range(3):
        desk.now += LIFE_S - 1
        assert desk.reads(place, 0)
    desk.now += LIFE_S + 1
    assert not desk.reads(place, 2)


def test_a_walk_ends_an_hour_after_its_begin_however_often_it_is_read() -> None:
    desk = Desk()
    place = desk.begin()
    while desk.now < 1000.0 + LONGEST_LIFE_S:
        desk.now += LIFE_S / 2
        assert desk.reads(place, 0)
    desk.now += LIFE_S
    assert not desk.reads(place, 0)


def test_a_walk_that_was_read_to_its_end_is_kept_for_another_look_at_its_last_page_alone() -> None:
    desk = Desk()
    place = desk.begin()
    assert desk.reads(place, 4)
    desk.now += READ_LIFE_S - 1
    assert desk.reads(place, 4)
    desk.now += READ_LIFE_S + 1
    assert not desk.reads(place, 4)


def test_who_reads_faster_does_not_end_a_walk_for_another_who_began_the_same() -> None:
    desk = Desk()
    quick, slow = desk.begin(), desk.begin()
    assert quick.walk is slow.walk
    assert desk.reads(quick, 4)
    desk.now += LIFE_S - 1
    assert desk.reads(slow, 2)


def test_who_asks_for_the_last_page_again_and_again_does_not_end_a_walk_for_another() -> None:
    desk = Desk()
    quick, slow = desk.begin(), desk.begin()
    for _ in range(5):
        assert desk.reads(quick, 4)
    desk.now += LIFE_S - 1
    assert desk.reads(slow, 2)


def test_who_goes_back_from_the_last_page_reads_on() -> None:
    desk = Desk()
    place = desk.begin()
    assert desk.reads(place, 4)
    assert desk.reads(place, 2)
    desk.now += LIFE_S - 1
    assert desk.reads(place, 4)


@pytest.mark.parametrize(("begin", "size", "lives"), [(2, 3, False), (4, 1, False), (3, 1, True)])
def test_the_last_page_is_the_one_that_ends_with_the_last_row_whatever_size_its_cursor_names(
    begin: int, size: int, lives: bool
) -> None:
    desk = Desk()
    place = desk.begin()
    assert desk.reads(place, begin, size)
    desk.now += READ_LIFE_S + 1
    assert desk.reads(place, 2) is lives


def test_a_walk_that_was_begun_twice_ends_when_both_have_read_it() -> None:
    desk = Desk()
    one, other = desk.begin(), desk.begin()
    assert one.walk is other.walk
    assert desk.reads(one, 4)
    assert desk.reads(other, 4)
    desk.now += READ_LIFE_S + 1
    assert not desk.reads(one, 2)


def test_a_walk_that_was_read_and_is_begun_once_more_has_its_whole_life_again() -> None:
    desk = Desk()
    place = desk.begin()
    assert desk.reads(place, 4)
    desk.now += READ_LIFE_S - 1
    again = desk.begin()
    assert again.walk is place.walk
    desk.now += LIFE_S - 1
    assert desk.reads(again, 2)


def test_more_than_a_thousand_who_begin_the_same_at_once_are_more_than_one_walk() -> None:
    desk = Desk()
    places = [desk.begin() for _ in range(1001)]
    assert len({id(place.walk) for place in places}) == 2
    assert len({place.cursor for place in places}) == 1001


def test_a_reader_who_never_began_is_nobody() -> None:
    desk = Desk()
    place = desk.begin()
    assert desk.reads(place, 2)
    assert not desk.reads(place._replace(reader=1), 2)


def test_walks_of_the_same_rows_keep_them_once() -> None:
    walks = Desk().walks
    first, _ = walks.begin(walk_of(rows()), 2)
    second, _ = walks.begin(walk_of(rows(), b'{"start_hours":5}'), 2)
    again, _ = walks.begin(walk_of(rows(), b'{"start_hours":5}'), 2)
    assert again is second is not first
    assert second.answers[0].backups is first.answers[0].backups
    assert second.arrangement._lists == first.arrangement._lists
    assert second.arrangement.segments() == first.arrangement.segments()


def test_rows_that_mean_another_instant_are_another_walks_own() -> None:
    walks = Desk().walks
    moved = rows()
    moved.starts[0] += 3600  # the appliance was given another zone meanwhile
    walks.begin(walk_of(rows()), 2)
    walk, _ = walks.begin(walk_of(moved, b'{"start_hours":5}'), 2)
    assert walk.answers[0].backups is moved


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
    walks.begin(fleet_walk(0, rows_of, error_of), 2)
    tracemalloc.start()
    try:
        gc.collect()
        before, counted_before = tracemalloc.get_traced_memory()[0], walks._walks.currsize
        for number in range(1, count + 1):
            walks.begin(fleet_walk(number, rows_of, error_of), 2)
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
