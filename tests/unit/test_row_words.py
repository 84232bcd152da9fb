"""Words of rows in one meaning each, whatever release wrote them."""

import pytest

from gateway.dialects.row_words import says_no, says_yes


@pytest.mark.parametrize(("yes", "no"), [(True, False), (1, 0), ("true", "false"), ("True", "False"), ("1", "0")])
def test_a_field_says_yes_or_no_in_any_spelling(yes: object, no: object) -> None:
    assert [says_yes(yes), says_no(yes)] == [True, False]
    assert [says_yes(no), says_no(no)] == [False, True]


@pytest.mark.parametrize("value", [None, "", "yes", "TRUE", 2, [], {}])
def test_a_field_that_says_neither_says_nothing(value: object) -> None:
    assert [says_yes(value), says_no(value)] == [False, False]
