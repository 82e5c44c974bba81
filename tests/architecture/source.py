"""Reads the house's source without running it: modules, their imports, and where they sit."""

import ast
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("contracts", "partners", "gateway")
_NOT_SOURCE = {"__pycache__", "build", "dist"}


class Module(NamedTuple):
    """One module: its dotted name, where it lies, its text and its syntax tree."""

    name: str
    path: str
    text: str
    tree: ast.Module


class Import(NamedTuple):
    """One imported module as its full dotted name; ``hidden`` when it is not at the file's top."""

    target: str
    line: int
    hidden: bool
    relative: bool


def example(name: str, text: str) -> Module:
    """A made-up module, for showing that a rule can fail."""
    return Module(name, name.replace(".", "/") + ".py", text, ast.parse(text))


@functools.cache
def house() -> tuple[Module, ...]:
    """Every module of the three packages."""
    return tuple(_read(ROOT, PACKAGES))


@functools.cache
def suite() -> tuple[Module, ...]:
    """Every module of the tests and of the demo."""
    return tuple(_read(ROOT, ("tests", "docs/demo")))


def _read(root: Path, folders: Sequence[str]) -> Iterator[Module]:
    for folder in folders:
        for path in files_below(root / folder):
            if path.suffix == ".py":
                relative = path.relative_to(root)
                parts = relative.with_suffix("").parts
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                text = path.read_text()
                yield Module(name, relative.as_posix(), text, ast.parse(text))


def files_below(folder: Path) -> Iterator[Path]:
    """Every file that belongs to the source, in a fixed order; nothing hidden, nothing built."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _NOT_SOURCE or path.suffix == ".egg-info":
            continue
        if path.is_dir():
            yield from files_below(path)
        else:
            yield path


def packages_in(modules: Sequence[Module]) -> frozenset[str]:
    """The names of those modules that are packages."""
    return frozenset(module.name for module in modules if module.path.endswith("__init__.py"))


def imports(module: Module, known: frozenset[str] | None = None) -> Iterator[Import]:
    """Everything the module imports.

    ``from a.b import c`` imports ``a.b.c`` where that is a module of ours, else ``a.b``.
    """
    ours = known if known is not None else frozenset(found.name for found in house())
    top = {id(node) for node in module.tree.body}
    for node in ast.walk(module.tree):
        hidden = id(node) not in top
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, hidden, relative=False)
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            for target in dict.fromkeys(
                f"{source}.{alias.name}" if f"{source}.{alias.name}" in ours else source
                for alias in node.names
            ):
                yield Import(target, node.lineno, hidden, relative=node.level > 0)


def our_imports(module: Module) -> Iterator[Import]:
    """The imports that stay in the house."""
    return (found for found in imports(module) if found.target.split(".")[0] in PACKAGES)


def room(name: str) -> str:
    """The room a module belongs to: its top package outside gateway, else the part below it."""
    first, *rest = name.split(".")
    return rest[0] if first == "gateway" and rest else first


def place(module: Module, line: int) -> str:
    """Where a breach is, as an editor opens it."""
    return f"{module.path}:{line}"


def assert_kept(breaches: Sequence[str]) -> None:
    """Fails with one line for each breach."""
    if breaches:
        pytest.fail("\n".join(breaches), pytrace=False)
