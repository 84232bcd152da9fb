"""What one piece of a program may be turned into: small faults of the kind that a tired writer makes."""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Final

_COMPARED: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_RECKONED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_NAMED: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Every replacement for this node alone; what lies within it is asked for itself."""
    for kind, turned in _TURNED.items():
        if isinstance(node, kind):
            yield from turned(node)


def _of_dropped(node: ast.stmt) -> Iterator[ast.AST]:
    yield ast.Expr(ast.Constant(None))


def _of_return(node: ast.Return) -> Iterator[ast.AST]:
    # None is nothing else already; True and False become each other.
    plain = isinstance(node.value, ast.Constant) and (node.value.value is None or isinstance(node.value.value, bool))
    if node.value is not None and not plain:
        yield ast.Return(ast.Constant(None))


def _of_break(node: ast.Break) -> Iterator[ast.AST]:
    yield ast.Continue()


def _of_continue(node: ast.Continue) -> Iterator[ast.AST]:
    yield ast.Break()


def _of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int() | float():
            yield ast.Constant(node.value + 1)
            yield ast.Constant(node.value - 1)
        case str():
            yield ast.Constant(node.value + "XX")
        case bytes():
            yield ast.Constant(node.value + b"XX")


def _of_compare(node: ast.Compare) -> Iterator[ast.AST]:
    for place, operator in enumerate(node.ops):
        for other in _COMPARED[type(operator)]:
            yield _with(node, ops=[*node.ops[:place], other(), *node.ops[place + 1 :]])


def _of_and_or(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for rest in _one_less(node.values):
        yield rest[0] if len(rest) == 1 else _with(node, values=rest)


def _of_not(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not):
        yield node.operand


def _of_sum(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in _RECKONED:
        yield _with(node, op=_RECKONED[type(node.op)]())


def _of_choice(node: ast.IfExp) -> Iterator[ast.AST]:
    yield node.body
    yield node.orelse
    yield from _negated(node)


def _of_comprehension(node: ast.comprehension) -> Iterator[ast.AST]:
    for rest in _one_less(node.ifs):
        yield _with(node, ifs=rest)


def _of_call(node: ast.Call) -> Iterator[ast.AST]:
    for rest in _one_less(node.keywords):
        yield _with(node, keywords=rest)
    if isinstance(node.func, ast.Name) and node.func.id in _NAMED:
        return  # min and max do not mind the order
    for place in range(len(node.args) - 1):
        first, second = node.args[place : place + 2]
        if ast.dump(first) != ast.dump(second):
            yield _with(node, args=[*node.args[:place], second, first, *node.args[place + 2 :]])


def _of_await(node: ast.Await) -> Iterator[ast.AST]:
    yield ast.Constant(None)


def _of_name(node: ast.Name) -> Iterator[ast.AST]:
    if isinstance(node.ctx, ast.Load) and node.id in _NAMED:
        yield _with(node, id=_NAMED[node.id])


def _of_several(node: ast.List | ast.Tuple | ast.Set) -> Iterator[ast.AST]:
    """One less of what stands in a row; what is assigned to is no such thing."""
    if len(node.elts) > 1 and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        for rest in _one_less(node.elts):
            yield _with(node, elts=rest)


def _of_dict(node: ast.Dict) -> Iterator[ast.AST]:
    for keys, values in zip(_one_less(node.keys), _one_less(node.values), strict=True):
        yield _with(node, keys=keys, values=values)


def _negated(node: ast.If | ast.While | ast.IfExp) -> Iterator[ast.AST]:
    """The other way round, where the condition does not say so itself."""
    single = isinstance(node.test, ast.Compare) and len(node.test.ops) == 1
    if not single and not (isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not)):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))


def _with(node: ast.AST, **parts: object) -> ast.AST:
    """The same node with other parts."""
    other = deepcopy(node)
    for name, part in parts.items():
        setattr(other, name, part)
    return other


def _one_less(items: list[Any]) -> Iterator[list[Any]]:
    for place in range(len(items)):
        yield items[:place] + items[place + 1 :]


_TURNED: Final[dict[Any, Callable[[Any], Iterator[ast.AST]]]] = {
    ast.Expr | ast.Assign | ast.AugAssign | ast.Raise | ast.Delete: _of_dropped,
    ast.Return: _of_return,
    ast.Break: _of_break,
    ast.Continue: _of_continue,
    ast.If | ast.While: _negated,
    ast.Constant: _of_constant,
    ast.Compare: _of_compare,
    ast.BoolOp: _of_and_or,
    ast.UnaryOp: _of_not,
    ast.BinOp: _of_sum,
    ast.IfExp: _of_choice,
    ast.comprehension: _of_comprehension,
    ast.Call: _of_call,
    ast.Await: _of_await,
    ast.Name: _of_name,
    ast.List | ast.Tuple | ast.Set: _of_several,
    ast.Dict: _of_dict,
}
