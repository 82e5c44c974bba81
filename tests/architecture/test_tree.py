"""The tree in docs/house.md is the tree on the disk: a drawing that is not tested lies."""

from pathlib import Path

from tests.architecture import tree


def test_the_drawn_tree_is_the_tree_on_disk() -> None:
    shown = tree.written(tree.DOCUMENT.read_text())
    assert shown == tree.drawn(), "refresh it: .venv/bin/python -m tests.architecture.tree"


def test_a_new_file_changes_the_tree(tmp_path: Path) -> None:
    room = tmp_path / "gateway" / "orders"
    room.mkdir(parents=True)
    (room / "__init__.py").write_text('"""Orders: requests for packages."""\n')
    before = tree.drawn(tmp_path)
    (room / "states.py").write_text('"""The life\nof an order."""\n')
    after = tree.drawn(tmp_path)
    assert "  orders/                         Orders: requests for packages." in before
    assert "    states.py                     The life of an order." in after
    assert "states.py" not in before


def test_a_refreshed_document_keeps_its_words() -> None:
    old = f"before\n\n{tree.OPENING}\n```\nold\n```\n{tree.CLOSING}\n\nafter\n"
    new = tree.refreshed(old)
    assert new.startswith("before\n\n")
    assert new.endswith("\n\nafter\n")
    assert tree.written(new) == tree.drawn()
