"""Every rule has its row, and what a row says of modules and tests is so."""

import ast

import pytest

from gateway.rules.enforcement import Enforcement, enforcements
from gateway.rules.service import load_book
from tests.rules_page.page import PAGE, ROOT, TITLES, newest, page

ROWS = enforcements()


def faults(row: Enforcement) -> list[str]:
    """What of a row is not so."""
    found = []
    if bool(row.where) == bool(row.not_yet):
        found.append("it is kept somewhere, or not yet, and says why")
    if bool(row.where) != bool(row.tests):
        found.append("what is kept is tested, and nothing else is")
    for path in row.where:
        if not (ROOT / path).is_file():
            found.append(f"there is no {path}")
        elif row.id not in (ROOT / path).read_text():
            found.append(f"{path} does not name {row.id}")
    return found + [f"there is no test {node}" for node in row.tests if not _exists(node)]


def _exists(node: str) -> bool:
    path, _, name = node.partition("::")
    if not (ROOT / path).is_file():
        return False
    tree = ast.parse((ROOT / path).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return name in {each.name for each in ast.walk(tree) if isinstance(each, functions)}


def test_every_rule_of_every_shipped_pack_has_a_row_and_every_row_a_rule() -> None:
    assert list(ROWS) == list(newest().rules)
    for pack in load_book().packs:
        assert set(pack.rules) <= set(ROWS)
        assert {rule.family for rule in pack.rules.values()} <= set(TITLES)


@pytest.mark.parametrize("rule_id", ROWS)
def test_a_row_is_so(rule_id: str) -> None:
    assert faults(ROWS[rule_id]) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Enforcement("CN-ACC-04"), "it is kept somewhere"),
        (Enforcement("CN-ACC-04", where=("gateway/rules/pack.py",)), "what is kept is tested"),
        (Enforcement("CN-ACC-04", where=("gateway/nowhere.py",)), "there is no gateway/nowhere.py"),
        (
            Enforcement("CN-ACC-04", where=("gateway/rules/pack.py",)),
            "gateway/rules/pack.py does not name CN-ACC-04",
        ),
        (
            Enforcement("CN-ACC-04", tests=("tests/rules_page/test_rules_page.py::test_nothing",)),
            "there is no test tests/rules_page/test_rules_page.py::test_nothing",
        ),
        (Enforcement("CN-ACC-04", tests=("tests/gone.py::test_it",)), "no test tests/gone.py"),
    ],
)
def test_a_row_that_is_not_so_is_said(row: Enforcement, said: str) -> None:
    assert any(said in fault for fault in faults(row))


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.rules_page"
