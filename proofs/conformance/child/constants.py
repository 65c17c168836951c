"""Numbers that a program keeps under a name, ``ALPHA = 0.1`` above a function or ``self.gamma = 0.9`` in an agent.

They are set before each call to what would be handed over. That is safe only where nothing was made of the number
before: so the source must assign it once, as a number, and use it nowhere while the module or the object is made; a
compiled function has taken its value already.
"""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import sys
import textwrap
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType
from typing import Any

__all__ = ["is_number", "numbers_of_a_class", "numbers_of_the_module"]


def is_number(value: Any) -> bool:
    """Whether a value is a number that a program may have built in."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def numbers_of_the_module(function: Any) -> dict[str, dict[str, Any]]:
    """Return name -> namespace of the numbers that a function reads from its module and that can be set there."""
    found = dict(_read(function))
    if not found:
        return {}
    (namespace,) = {id(namespace): namespace for namespace in found.values()}.values()
    settable = _assigned_once(_source(sys.modules.get(namespace.get("__name__", ""))).body, _name)
    return {name: namespace for name in found if name in settable}


def numbers_of_a_class(kind: Any) -> set[str]:
    """Return the attributes that a class's own ``__init__`` sets to numbers, and makes nothing else of."""
    for node in _source(kind).body:
        for part in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                return _assigned_once(part.body, _attribute)
    return set()


# -------------------------------------------------------------------- what a function reads


def _read(function: Any, seen: frozenset[Any] = frozenset()) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the numbers of its module that a function reads, itself or through other functions of that module."""
    while isinstance(function, functools.partial) or (
        isinstance(function, FunctionType) and hasattr(function, "__wrapped__")
    ):
        function = function.func if isinstance(function, functools.partial) else function.__wrapped__
    function = getattr(function, "__func__", function)
    if not isinstance(function, FunctionType) or function in seen:
        return
    namespace = function.__globals__
    for name in _globals(function.__code__):
        value = namespace.get(name)
        if is_number(value):
            yield name, namespace
        elif isinstance(value, FunctionType) and value.__globals__ is namespace:
            yield from _read(value, seen | {function})


def _globals(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_GLOBAL":
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals(constant)


# -------------------------------------------------------------------- what the source makes of it


def _source(owner: Any) -> ast.Module:
    """Return the syntax of a module or a class; an empty one where there is no source to be read."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(owner)))
    except (OSError, TypeError, SyntaxError):
        return ast.Module(body=[], type_ignores=[])


def _assigned_once(body: Iterable[ast.stmt], named: Any) -> set[str]:
    """Return the names that statements assign a number once, and read nowhere while they are run."""
    numbers: dict[str, int] = {}
    others: set[str] = set()
    for node in _run(body):
        if isinstance(node, ast.Global):
            others |= set(node.names)
        name = named(node)
        if name is None:
            continue
        if isinstance(getattr(node, "ctx", None), ast.Store):
            numbers[name] = numbers.get(name, 0) + 1
        else:
            others.add(name)
    plain = {name for statement in body for name in _plainly_assigned(statement, named)}
    return {name for name in plain if numbers[name] == 1} - others


def _plainly_assigned(statement: ast.stmt, named: Any) -> Iterator[str]:
    """Yield the names in ``a = 0.1``, ``a: float = 0.1`` and ``a, b = 0.1, 0.9``."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, statement.value
    else:
        return
    pairs = [(target, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        pairs = list(zip(target.elts, value.elts, strict=True))
    for one, is_value in pairs:
        name = named(one)
        if name is not None and isinstance(is_value, ast.Constant) and is_number(is_value.value):
            yield name


def _run(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes that are run with the statements.

    Of a function these are its defaults, and ``global``; all of it under a decorator, which may compile it or keep its
    answers. What is run only as a program is not.
    """
    for node in body:
        yield node
        if isinstance(node, ast.If) and any(getattr(part, "id", "") == "__name__" for part in ast.walk(node.test)):
            continue
        if isinstance(node, ast.FunctionDef | ast.Lambda) and not getattr(node, "decorator_list", []):
            inner = [part for part in ast.walk(node) if isinstance(part, ast.Global)]
            defaults = [default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None]
            yield from _run([*inner, *defaults])
        else:
            yield from _run(ast.iter_child_nodes(node))


def _name(node: ast.AST) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _attribute(node: ast.AST) -> str | None:
    """The x of ``self.x``."""
    is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return node.attr if is_own and isinstance(node, ast.Attribute) else None
