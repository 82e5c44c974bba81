"""Imports are absolute and at the top of the file; state and time never come from the side."""

import ast
from collections.abc import Sequence

import pytest

from tests.architecture.source import Module, assert_kept, example, house, imports, place

# The one place that finds modules by name: a partner is a folder, and nobody lists the folders.
MAY_DISCOVER = frozenset({"partners"})
# The one place that reads the machine's clock; everybody else is given a clock or an instant.
MAY_TELL_TIME = frozenset({"gateway.kit.clock"})
_DISCOVERY = frozenset({"import_module", "__import__", "exec", "eval"})
_TIME = frozenset({"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"})


def import_breaches(modules: Sequence[Module]) -> list[str]:
    """Imports that are hidden in a function or a branch, relative, starred or by name."""
    breaches = []
    for module in modules:
        for found in imports(module):
            if found.relative:
                breaches.append(f"{place(module, found.line)} imports relatively")
            elif found.hidden:
                breaches.append(f"{place(module, found.line)} hides an import of {found.target}")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and any(name.name == "*" for name in node.names):
                breaches.append(f"{place(module, node.lineno)} imports everything")
            if (
                isinstance(node, ast.Call)
                and _called(node).rpartition(".")[2] in _DISCOVERY
                and module.name not in MAY_DISCOVER
            ):
                breaches.append(f"{place(module, node.lineno)} runs code found by name")
    return breaches


def side_breaches(modules: Sequence[Module]) -> list[str]:
    """Assigned globals, and the machine's clock read outside the kit's clock."""
    breaches = []
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Global):
                breaches.append(f"{place(module, node.lineno)} assigns a global")
            elif isinstance(node, ast.Call) and _called(node) in _TIME:
                if module.name in MAY_TELL_TIME:
                    continue
                breaches.append(f"{place(module, node.lineno)} reads the machine's clock")
    return breaches


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""


def test_imports_are_plain_to_see() -> None:
    assert_kept(import_breaches(house()))


def test_nothing_comes_from_the_side() -> None:
    assert_kept(side_breaches(house()))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def f():\n    import json", "hides an import of json"),
        ("if True:\n    import json", "hides an import of json"),
        ("try:\n    import json\nexcept ImportError:\n    pass", "hides an import of json"),
        ("from . import store", "imports relatively"),
        ("from json import *", "imports everything"),
        ("import importlib\nimportlib.import_module('x')", "runs code found by name"),
    ],
)
def test_a_hidden_import_is_said(text: str, sentence: str) -> None:
    (breach,) = import_breaches([example("gateway.orders.service", text)])
    assert sentence in breach


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def f():\n    global x\n    x = 1", "assigns a global"),
        ("from datetime import datetime\nat = datetime.now()", "reads the machine's clock"),
        ("import time\nat = time.time()", "reads the machine's clock"),
    ],
)
def test_what_comes_from_the_side_is_said(text: str, sentence: str) -> None:
    (breach,) = side_breaches([example("gateway.orders.service", text)])
    assert sentence in breach
