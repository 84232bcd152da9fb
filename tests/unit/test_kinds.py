"""One `type` word names the same rows on every appliance, whatever dialect it speaks."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import NOWS, ZONES, records_of

from gateway.dialects.kinds import COPY_SIGNS, canonical_word, family_of, is_backup, is_copy, type_words
from gateway.dialects.signs import Signs
from gateway.simulator.core_types import ALTERNATES, COPY_PREFIX, COPY_TYPES, DISPLAY_TYPES
from gateway.simulator.dialects import Rendering
from gateway.simulator.facts import Record
from gateway.simulator.families import FAMILIES
from gateway.simulator.filters import matches

ZONE = "America/New_York"
DIALECTS = ("wiki-2015", "10.x")
CORE_NAMES = sorted({*DISPLAY_TYPES, *ALTERNATES, *COPY_TYPES.values(), "image differential"})
SHOWN = sorted({*DISPLAY_TYPES.values(), *(f"Synthetic {name}" for name in DISPLAY_TYPES.values())})
STRANGE = ["Snapshot", "Master Full", "securesync", "full ", "vmware", "synthetic", "", "n/a"]
RECORDS = [record for seed in (1, 2, 3) for record in records_of(ZONE, seed, 28)]
KINDS = {(record.core_type, record.family, record.synthesized, record.is_running): record for record in RECORDS}


def row_of(record: Record, dialect: Any, *, loose: bool = False, sync_message: bool = False) -> dict[str, Any]:
    return Rendering(dialect, ZoneInfo(ZONE), loose_types=loose).row(record, sync_message=sync_message)


def names(row: dict[str, Any], word: str) -> bool:
    """Whether a filter with that word takes the row, as the gateway compares."""
    return canonical_word(word) in {canonical_word(known) for known in type_words(row)}


def truly_named(record: Record, word: str) -> bool:
    """The same from the simulator's own tables, without regard to case."""
    cores = [core for core in CORE_NAMES if core.lower() == word.lower()]
    return word.lower() == record.display_type.lower() or any(
        matches(record, {"type": [core]}, zone=ZoneInfo(ZONE), now=NOWS[ZONE]) for core in cores
    )


def wrong(
    records: Iterable[Record], words: Iterable[str], dialect: str, *, loose: bool = False
) -> list[tuple[str, str]]:
    return [
        (word, f"{record.core_type} of {record.family}")
        for record in records
        for word in words
        if names(row_of(record, dialect, loose=loose), word) != truly_named(record, word)
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_word_names_exactly_the_rows_of_its_kind(dialect: str) -> None:
    assert wrong(KINDS.values(), [*CORE_NAMES, *SHOWN], dialect) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ids_as_strings_and_booleans_as_numbers_change_no_kind(dialect: str) -> None:
    assert wrong(KINDS.values(), [*CORE_NAMES, *SHOWN], dialect, loose=True) == []


@given(
    st.sampled_from(ZONES).flatmap(lambda zone: st.sampled_from(records_of(zone))),
    st.sampled_from([*CORE_NAMES, *SHOWN]),
    st.sampled_from(DIALECTS),
    st.randoms(),
)
def test_letter_case_never_matters(record: Record, word: str, dialect: str, rng: Any) -> None:
    spelled = "".join(rng.choice((char.upper(), char.lower())) for char in word)
    assert names(row_of(record, dialect), spelled) == truly_named(record, spelled)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_word_that_no_appliance_knows_names_nothing(dialect: str) -> None:
    unknown = [word for word in STRANGE if word != "full "]
    assert [word for record in KINDS.values() for word in unknown if names(row_of(record, dialect), word)] == []


@pytest.mark.parametrize("family", [*FAMILIES])
def test_every_family_of_the_simulator_occurs_here(family: str) -> None:
    assert any(record.family == family for record in RECORDS)


def test_every_core_name_with_an_original_occurs_here() -> None:
    missing = set(COPY_TYPES) - {record.core_type for record in RECORDS}
    assert missing <= {"xen full"}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("core", sorted(COPY_TYPES))
def test_a_copy_has_no_core_name_of_its_original_but_its_display_name(core: str, dialect: str) -> None:
    copies = [record for record in RECORDS if record.core_type == COPY_TYPES[core]]
    for record in copies[:3]:
        row = row_of(record, dialect)
        assert names(row, record.display_type)
        assert names(row, COPY_TYPES[core])
        assert core.lower() == record.display_type.lower() or not names(row, core)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_copies_are_told_by_their_sync_fields_alone(dialect: str) -> None:
    assert [record for record in RECORDS if is_copy(row_of(record, dialect)) != record.is_copy] == []


@pytest.mark.parametrize("nothing", [None, "", "n/a", "N/A", False])
@pytest.mark.parametrize("sign", COPY_SIGNS)
def test_what_says_nothing_makes_no_copy_of_a_row(sign: str, nothing: Any) -> None:
    row = {"type": "Full", "app_id": 1}
    assert type_words(row | {sign: nothing}) == type_words(row)
    assert is_backup(row | {sign: nothing})
    for value in (0, "0", "site-b", True):
        assert is_copy(row | {sign: value})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_copy_with_its_message_is_a_copy(dialect: str) -> None:
    copies = [record for record in KINDS.values() if record.is_copy]
    assert all(is_copy(row_of(record, dialect, sync_message=True)) for record in copies)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_family_of_an_application_row_is_known(dialect: str) -> None:
    applied = [record for record in KINDS.values() if record.app_id is not None]
    assert [record for record in applied if family_of(row_of(record, dialect)) != record.family] == []


@pytest.mark.parametrize("without", ["app_id", "app_name"])
def test_either_the_number_or_the_name_of_an_application_is_enough(without: str) -> None:
    for record in KINDS.values():
        if record.app_id is not None:
            row = {key: value for key, value in row_of(record, "10.x").items() if key != without}
            assert family_of(row) == record.family


@pytest.mark.parametrize(
    ("row", "family"),
    [
        ({}, "file"),
        ({"app_id": 1}, "file"),
        ({"is_sql_cluster": False}, "sql"),
        ({"guid": "A", "vm_name": "x"}, "hyperv"),
        ({"server_name": "esx", "vm_name": "x"}, "vmware"),
        ({"app_id": "40"}, "vmware"),
        ({"app_id": "²"}, "file"),
        ({"app_id": "9" * 5000}, "file"),
        ({"app_id": [1], "app_name": {}}, "file"),
        ({"app_id": 999, "app_name": "Nutanix AHV"}, "ahv"),
        ({"app_id": None, "app_name": None, "guid": None}, "file"),
        ({"guid": "", "is_cluster": "n/a", "server_name": "N/A", "is_sql_cluster": ""}, "file"),
        ({"app_name": "UCS Service Profile"}, "ucs"),
        ({"app_name": "File-Level"}, "file"),
    ],
)
def test_the_family_is_read_from_whatever_betrays_it(row: dict[str, Any], family: str) -> None:
    assert family_of(row) == family


@pytest.mark.parametrize("value", [None, 7, True, ["Full"], {"a": 1}])
def test_a_type_that_is_no_text_has_no_name(value: Any) -> None:
    assert type_words({"type": value}) == frozenset()


def test_an_unknown_display_name_is_named_by_itself() -> None:
    assert type_words({"type": "Snap Shot"}) == {"snap shot"}


@pytest.mark.parametrize("shown", ["BareMetal", "Bare Metal"])
def test_both_spellings_of_bare_metal_are_one_kind(shown: str) -> None:
    assert all(names({"type": shown}, word) for word in ("baremetal", "Bare Metal", "BareMetal"))


@pytest.mark.parametrize("raw", [name for name in CORE_NAMES if name.startswith(COPY_PREFIX)])
def test_a_raw_copy_name_in_the_type_is_its_own_name(raw: str) -> None:
    assert names({"type": raw}, raw)


@given(st.sampled_from([*CORE_NAMES, *SHOWN]) | st.text(max_size=20))
def test_one_spelling_is_its_own_spelling(word: str) -> None:
    assert canonical_word(canonical_word(word)) == canonical_word(word)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            key: st.none() | st.integers() | st.text(max_size=9) | st.booleans()
            for key in ("type", "app_id", "app_name", "guid", "sync_size")
        },
    )
)
def test_no_row_makes_the_words_fail(row: dict[str, Any]) -> None:
    assert all(word == word.casefold() for word in type_words(row))


_SIGN = st.sampled_from([field.name for field in msgspec.structs.fields(Signs) if field.name != "type"])
_VALUE = st.sampled_from([None, "", "n/a", False, True, 0, 1, "x"])
_TYPE = st.sampled_from(["Full", "Restore", None])


@given(_TYPE, st.dictionaries(_SIGN, _VALUE), _SIGN, _VALUE)
def test_rows_that_share_a_look_up_are_of_one_kind(kind: Any, row: dict[str, Any], sign: str, value: Any) -> None:
    alike = [{"type": kind} | row, {"type": kind} | row | {sign: value}]
    keys = [msgspec.convert(one, Signs).kind_key for one in alike]
    kinds = [(type_words(one), is_backup(one), family_of(one)) for one in alike]
    assert keys[0] != keys[1] or kinds[0] == kinds[1]
