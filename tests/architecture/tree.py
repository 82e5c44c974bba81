"""Draws the tree of docs/house.md from the disk; run as a module it writes it there anew."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import PACKAGES, ROOT, files_below

DOCUMENT = ROOT / "docs" / "house.md"
OPENING = "<!-- tree: .venv/bin/python -m tests.architecture.tree -->"
CLOSING = "<!-- /tree -->"
# Folders whose files are many and alike: their number would say nothing.
_ALIKE = frozenset({"examples", "versions", "static", "fonts"})
_COLUMN = 34


def drawn(root: Path = ROOT) -> str:
    """The packages file by file, the tests folder by folder, each with what it says it is for."""
    lines: list[str] = []
    for package in PACKAGES:
        lines += [*_folder(root / package, 0, whole=True), ""]
    lines += [*_folder(root / "tests", 0, whole=False)]
    return "\n".join(lines)


def _folder(folder: Path, depth: int, *, whole: bool) -> Iterator[str]:
    yield _line(f"{folder.name}/", depth, _purpose(folder / "__init__.py"))
    if folder.name in _ALIKE:
        return
    inside = {found.relative_to(folder).parts[0] for found in files_below(folder)}
    paths = sorted(folder / name for name in inside)
    for path in paths:
        if path.is_file() and path.name != "__init__.py" and (whole or depth == 0):
            yield _line(path.name, depth + 1, _purpose(path))
    for path in paths:
        if path.is_dir():
            yield from _folder(path, depth + 1, whole=whole)


def _line(name: str, depth: int, purpose: str) -> str:
    return f"{'  ' * depth + name:<{_COLUMN}}{purpose}".rstrip()


def _purpose(path: Path) -> str:
    if path.suffix != ".py" or not path.is_file():
        return ""
    opening = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n\n")[0]
    return " ".join(opening.split())


def written(document: str) -> str:
    """The tree that the document shows."""
    return document.partition(OPENING)[2].partition(CLOSING)[0].strip().strip("`").strip()


def refreshed(document: str) -> str:
    """The document with the tree as it is."""
    before, _, rest = document.partition(OPENING)
    return f"{before}{OPENING}\n```\n{drawn()}\n```\n{CLOSING}{rest.partition(CLOSING)[2]}"


if __name__ == "__main__":
    DOCUMENT.write_text(refreshed(DOCUMENT.read_text()))
    sys.stdout.write(f"{DOCUMENT.relative_to(ROOT)} shows the tree as it is\n")
