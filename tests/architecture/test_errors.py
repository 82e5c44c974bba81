"""The tree of errors: drawn as it is, codes unique, classes made of facts only."""

import ast
import inspect
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from contracts import errors
from tests.architecture.source import Module, assert_kept, example, house, place


def drawn(root: type[errors.GatewayError], indent: str = "") -> Iterator[str]:
    """The tree below a class, one line each: name, status, code."""
    if not indent:
        yield _facts(root)
    children = [kind for kind in root.__subclasses__() if kind.__module__.startswith("contracts.")]
    for child in children:
        last = child is children[-1]
        yield f"{indent}{'└── ' if last else '├── '}{_facts(child)}"
        yield from drawn(child, indent + ("    " if last else "│   "))


def _facts(kind: type[errors.GatewayError]) -> str:
    return f"{kind.__name__} {kind.status} {kind.code}"


def shown(document: str) -> list[str]:
    """The lines of a docstring that draw a tree."""
    lines = document.splitlines()
    return [
        line
        for line in lines
        if line.startswith(("GatewayError ", "├", "│", "└", "    ├", "    └"))
    ]


def repeated(codes: Sequence[str]) -> list[str]:
    """Codes that stand for more than one error."""
    return [
        f"{code} stands for {times} errors" for code, times in Counter(codes).items() if times > 1
    ]


def fact_breaches(module: Module) -> list[str]:
    """Whatever an error class holds besides facts; the root alone has behaviour."""
    return [
        f"{place(module, node.lineno)} {owner.name} holds more than facts"
        for owner in module.tree.body
        if isinstance(owner, ast.ClassDef)
        and owner.bases
        and ast.unparse(owner.bases[0]) != "Exception"
        for node in owner.body
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr | ast.Pass)
    ]


def _ours() -> list[type[errors.GatewayError]]:
    return [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.GatewayError)
    ]


def test_the_drawn_tree_is_the_tree_of_classes() -> None:
    assert shown(errors.__doc__ or "") == list(drawn(errors.GatewayError))


def test_every_error_has_a_code_of_its_own() -> None:
    assert_kept(repeated([kind.code for kind in _ours()]))


def test_every_error_says_what_to_do_next() -> None:
    silent = [kind.__name__ for kind in _ours() if not (kind.title and kind.next_action)]
    assert not silent


def test_errors_are_facts() -> None:
    (module,) = (found for found in house() if found.name == "contracts.errors")
    assert_kept(fact_breaches(module))


def test_a_changed_class_changes_the_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors.NotFound, "status", 410)
    assert shown(errors.__doc__ or "") != list(drawn(errors.GatewayError))


def test_a_repeated_code_is_said() -> None:
    assert repeated(["a.b", "a.c", "a.b"]) == ["a.b stands for 2 errors"]


def test_behaviour_in_an_error_is_said() -> None:
    text = "class NotFound(Refused):\n    status = 404\n    def render(self): ...\n"
    (breach,) = fact_breaches(example("contracts.errors", text))
    assert breach == "contracts/errors.py:3 NotFound holds more than facts"
