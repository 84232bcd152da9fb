"""A module's text to its mutants: the same module with one small fault each."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Final

from tests.mutants.changes import changes

_SAYS_NOTHING: Final = ("annotation", "returns", "bases", "type_comment")
_TYPES: Final = ("Literal", "tuple", "Callable")
_LONG: Final = 80
_KEPT: Final = 24


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant, named by its function, its line's text and what became of it: line numbers move too easily."""

    line: int
    within: str
    code: str
    change: str
    text: str


@dataclass(frozen=True, slots=True)
class _Place:
    """One node of the tree, the expression or plain statement that it is in, and how to put another there."""

    node: ast.AST
    around: ast.AST | None
    line: int
    within: str
    put: Callable[[ast.AST], None]


def mutants_of(text: str) -> list[Mutant]:
    """Every mutant of a module's text, in the order of its lines; none equals the module or another mutant."""
    tree, lines = ast.parse(text), text.splitlines()
    seen = {ast.unparse(tree)}
    found = []
    for place in list(_places(tree)):
        before = _shown(place.around or place.node)
        for other in changes(place.node):
            place.put(other)
            mutated, after = ast.unparse(tree), _shown(place.around or other)
            if mutated not in seen:
                seen.add(mutated)
                code = lines[place.line - 1].strip()
                found.append(Mutant(place.line, place.within, code, _change(before, after), mutated))
        place.put(place.node)
    return sorted(found, key=lambda mutant: mutant.line)


def _places(node: ast.AST, line: int = 1, within: str = "") -> Iterator[_Place]:
    around = node if isinstance(node, ast.expr) or _is_plain(node) else None
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        within = f"{within}.{node.name}".lstrip(".")
    for child, put in _children(node):
        at = getattr(child, "lineno", line)
        yield _Place(child, around, at, within, put)
        yield from _places(child, at, within)


def _children(node: ast.AST) -> Iterator[tuple[ast.AST, Callable[[ast.AST], None]]]:
    """What may be changed below a node; not its types, of which the running program knows nothing."""
    for name, part in ast.iter_fields(node):
        if name in _SAYS_NOTHING or _is_type(node):
            continue
        if isinstance(part, list):
            for number, child in enumerate(part):
                if isinstance(child, ast.AST) and not _is_remark(child) and not _is_dataclass(child):
                    yield child, partial(part.__setitem__, number)
        elif isinstance(part, ast.AST):
            yield part, partial(setattr, node, name)


def _is_plain(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt) and not hasattr(node, "body")


def _is_type(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in _TYPES


def _is_remark(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_dataclass(node: ast.AST) -> bool:
    """`@dataclass(frozen=True, slots=True)`: `slots` is memory, and who writes to a frozen one is told by mypy."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dataclass"


def _shown(node: ast.AST) -> str:
    """A node in one line; of a statement with a body its condition alone."""
    if isinstance(node, ast.If | ast.While):
        return f"if {ast.unparse(node.test)}"
    return " ".join(ast.unparse(node).split())


def _change(before: str, after: str) -> str:
    """What became what; of long ones only what is around the difference."""
    if len(before) < _LONG:
        return f"{before} -> {after}"
    first = max(0, len(_same_start(before, after)) - _KEPT)
    last = max(0, len(_same_start(before[::-1], after[::-1])) - _KEPT)
    return " -> ".join(f"…{text[first : len(text) - last]}…" for text in (before, after))


def _same_start(one: str, other: str) -> str:
    pairs = zip(one, other, strict=False)
    return "".join(left for left, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
