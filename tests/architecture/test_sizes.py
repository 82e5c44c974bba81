"""Sizes: a file and a function that one person can hold in their head, each file introduced."""

import ast
from collections.abc import Sequence

from tests.architecture.source import Module, assert_kept, example, house, place, suite

FILE_LINES_MOST = 400
FUNCTION_LINES_MOST = 50
# A migration is a record of what was done to the tables, in one go, and is never worked on again.
_RECORDS = "gateway/database/migrations/versions/"


def size_breaches(modules: Sequence[Module]) -> list[str]:
    """Every file above 400 lines and every function above 50, blank lines and docstrings in."""
    breaches = []
    for module in modules:
        if module.path.startswith(_RECORDS):
            continue
        lines = len(module.text.splitlines())
        if lines > FILE_LINES_MOST:
            breaches.append(f"{module.path} has {lines} lines, {FILE_LINES_MOST} at most")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = _own_lines(node)
                if length > FUNCTION_LINES_MOST:
                    breaches.append(
                        f"{place(module, node.lineno)} {node.name} has {length} lines, "
                        f"{FUNCTION_LINES_MOST} at most"
                    )
    return breaches


def _own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its lines without those of functions inside it, which are counted by themselves.

    So the function that makes a room's routes may hold them all.
    """
    inside = [
        node for node in function.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    return whole - sum(
        (node.end_lineno or node.lineno)
        - min([node.lineno, *(each.lineno for each in node.decorator_list)])
        + 1
        for node in inside
    )


def introduction_breaches(modules: Sequence[Module]) -> list[str]:
    """Every module that does not open with a sentence of its own; an empty file needs none."""
    breaches = []
    for module in modules:
        if module.text.strip() and not (ast.get_docstring(module.tree) or "").strip():
            breaches.append(f"{module.path} does not say what it is for")
    return breaches


def test_files_and_functions_stay_small() -> None:
    assert_kept(size_breaches((*house(), *suite())))


def test_every_module_says_what_it_is_for() -> None:
    assert_kept(introduction_breaches((*house(), *suite())))


def test_a_long_file_is_said() -> None:
    (breach,) = size_breaches([example("gateway.orders.service", "x = 1\n" * 401)])
    assert breach == "gateway/orders/service.py has 401 lines, 400 at most"


def test_a_long_function_is_said() -> None:
    text = "def place():\n" + "    x = 1\n" * 50
    (breach,) = size_breaches([example("gateway.orders.service", text)])
    assert breach == "gateway/orders/service.py:1 place has 51 lines, 50 at most"


def test_functions_inside_a_function_count_by_themselves() -> None:
    inner = "    @get('/')\n    def read():\n" + "        x = 1\n" * 40
    assert not size_breaches([example("gateway.orders.routes", "def routes():\n" + inner * 2)])


def test_a_module_without_a_word_is_said() -> None:
    (breach,) = introduction_breaches([example("gateway.orders.service", "x = 1")])
    assert breach == "gateway/orders/service.py does not say what it is for"
