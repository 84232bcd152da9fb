"""A mutant is the module with one small fault, and is named by what it became."""

import ast
from functools import cache
from pathlib import Path
from textwrap import dedent

import pytest

from tests.mutants.__main__ import TESTS, WHERE, idle_changes
from tests.mutants.explained import Explained, read_explained
from tests.mutants.mutate import Mutant, mutants_of


@cache
def mutants_in(module: str) -> list[Mutant]:
    return mutants_of((Path("gateway") / WHERE[module]).read_text())


def changes_of(text: str) -> list[str]:
    return [mutant.change for mutant in mutants_of(dedent(text))]


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("a < b", ["a < b -> None", "a < b -> a <= b", "a < b -> a >= b"]),
        ("if a and b: pass", ["if a and b -> if not (a and b)", "a and b -> a or b", "a and b -> b", "a and b -> a"]),
        ("if not a: pass", ["not a -> a"]),
        ("return 1", ["return 1 -> return None", "return 1 -> return 2", "return 1 -> return 0"]),
        ("return True", ["return True -> return False"]),
        ("return", []),
        ("for a in b: break", ["break -> continue"]),
        ("raise a", ["raise a -> None"]),
        ("assert [a for a in b if c]", ["[a for a in b if c] -> [a for a in b]"]),
        ("assert f(a, b=c)", ["assert f(a, b=c) -> assert f(a)"]),
        ("assert f(a, b)", ["assert f(a, b) -> assert f(b, a)"]),
        ("assert a if b else c", [f"assert a if b else c -> assert {x}" for x in ("a", "c", "a if not b else c")]),
        ("assert min(a)", ["min(a) -> max(a)"]),
        ("assert a + b", ["assert a + b -> assert a - b"]),
        ("assert {a: b, c: d}", [f"assert {{a: b, c: d}} -> assert {{{x}}}" for x in ("c: d", "a: b")]),
        ('assert "a"', ["assert 'a' -> assert 'aXX'"]),
        ("assert await a", ["assert await a -> assert None"]),
    ],
)
def test_each_kind_of_fault_is_made(text: str, changes: list[str]) -> None:
    assert changes_of(f"async def f():\n    {text}") == changes


def test_what_says_nothing_to_the_running_program_is_left_alone() -> None:
    assert (
        changes_of(
            '''
            """Remarks."""
            @dataclass(frozen=True, slots=True)
            class A:
                """Remarks."""
                a: Literal["a"] | None
                def f(self) -> "A":
                    """Remarks."""
            '''
        )
        == []
    )


@pytest.mark.parametrize("module", TESTS)
def test_every_mutant_is_another_program(module: str) -> None:
    text, mutants = (Path("gateway") / WHERE[module]).read_text(), mutants_in(module)
    assert len({mutant.text for mutant in mutants} | {ast.unparse(ast.parse(text))}) == len(mutants) + 1 > 50
    for mutant in mutants:
        compile(mutant.text, module, "exec")


def test_every_explained_mutant_exists() -> None:
    for entry in read_explained():
        assert idle_changes(entry.module, mutants_in(entry.module), [entry]) == []
        assert entry.why.endswith(".")


def test_an_entry_that_explains_nothing_that_lives_is_told() -> None:
    entry = Explained("plan", "choose", "return best", frozenset({"return best -> return None"}), "No reason.")
    lives = Mutant(1, "choose", "return best", "return best -> return None", "")
    assert idle_changes("plan", [lives], [entry]) == []
    assert idle_changes("plan", [], [entry]) == ["choose: return best -> return None"]
