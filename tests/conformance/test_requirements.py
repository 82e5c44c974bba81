"""The table of requirements keeps its own promises."""

import ast
from collections import Counter

import pytest

from tests.conformance.requirements import PAGE, ROOT, SECTIONS, Row, page, rows

ROWS = rows()
ANSWERED_MOST = 10
LATER = "IJ"


def test_there_are_all_120_in_order() -> None:
    assert [row.number for row in ROWS] == list(range(1, 121))
    assert [row.section for row in ROWS] == sorted(row.section for row in ROWS)
    assert {row.section for row in ROWS} == set(SECTIONS)


def test_few_are_only_answered_and_none_is_later_but_where_the_plan_says() -> None:
    count = Counter(row.verdict for row in ROWS)
    assert count["answered"] <= ANSWERED_MOST
    assert {row.section for row in ROWS if row.verdict == "later"} <= set(LATER)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_a_row_is_whole(row: Row) -> None:
    assert row.clause
    assert row.does
    # What no switch of ours can turn off may still have a test that shows it.
    assert bool(row.test) or row.verdict != "tested"
    assert bool(row.off) == (row.verdict == "tested")
    if row.test:
        path, _, name = row.test.partition("::")
        name = name.partition("[")[0]
        tree = ast.parse((ROOT / path).read_text())
        assert name in {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }, f"{path} has no {name}"
    for switch in row.off:
        text = (ROOT / switch.file).read_text()
        assert text.count(switch.find) == 1, f"{switch.file}: {switch.find!r} must be there once"
        assert switch.find != switch.replace


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.conformance.requirements"
