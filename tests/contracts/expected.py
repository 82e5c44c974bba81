"""What the Pact files say, read as plain documents: who has one, which members it reads."""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "docs" / "demo"
PARTNERS = ROOT / "partners"

Document = Mapping[str, Any]


def pacts(folder: Path) -> dict[str, Document]:
    """Every Pact file below the folder, by its path inside it."""
    found = sorted(folder.rglob("*.json"))
    return {path.relative_to(folder).as_posix(): json.loads(path.read_bytes()) for path in found}


def partners() -> frozenset[str]:
    """Everybody who relies on us: the folders of ``partners/`` and the partners of the demo."""
    folders = {path.parent.name for path in PARTNERS.glob("*/__init__.py")}
    return frozenset(folders | set(_demo_partners()))


def _demo_partners() -> Iterator[str]:
    for node in ast.parse((DEMO / "stage.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PARTNERS":
            assert isinstance(node.value, ast.Dict)
            yield from (ast.literal_eval(key) for key in node.value.keys if key is not None)


def absences(names: Iterable[str], folder: Path) -> list[str]:
    """Partners without a pact, folders without a partner, and files that are not their folder's."""
    names, found = set(names), pacts(folder)
    owners = {path.partition("/")[0] for path in found}
    here = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
    breaches = [f"{name} has no pact in {folder.name}/{name}" for name in names - owners]
    breaches += [f"{folder.name}/{name} belongs to no partner" for name in (here | owners) - names]
    for path, document in found.items():
        owner, consumer = path.partition("/")[0], document["consumer"]["name"]
        if consumer != owner:
            breaches.append(f"{folder.name}/{path} is the pact of {consumer}")
        if not document["interactions"]:
            breaches.append(f"{folder.name}/{path} expects nothing")
    return sorted(breaches)


def states(document: Document) -> set[str]:
    """Every state that the bank must be able to set."""
    return {
        state["name"]
        for interaction in document["interactions"]
        for state in interaction.get("providerStates", [])
    }


def members_read(document: Document) -> dict[str, str]:
    """Every member of an answer or message that the partner reads, with an interaction it is in.

    Named by the member alone, as a partner's program names it.
    """
    found: dict[str, str] = {}
    for interaction in document["interactions"]:
        carrier = interaction.get("response", interaction.get("contents", {}))
        body = carrier.get("body", carrier).get("content", {})
        for name in _names(body):
            found.setdefault(name, interaction["description"])
    return found


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _names(member)
    elif isinstance(value, list):
        for member in value:
            yield from _names(member)


def words_of_the_demo() -> frozenset[str]:
    """Every text that the demo's programs hold: a member that is read is named by one of them."""
    return frozenset(
        node.value
        for path in DEMO.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
