"""Packages are data: no code of a package, a component or a component type stands in the source."""

import ast
import tomllib
from collections.abc import Collection, Iterator, Sequence

import pytest

from tests.architecture.source import ROOT, Module, assert_kept, example, house, place

_PRODUCTS = ROOT / "gateway" / "products"
_SHORTEST = 4
# Ids of components that are words of the house too, and where they mean something else.
GENERIC = {
    "line": "a part of an order, and a field of a partner's dialect",
    "plan": "a way of repaying credit: a table of package and terms files",
    "escrow": "a kind of component type, by which orders carry it out",
    "split": "a kind of component type, by which orders carry it out",
}


def catalogue_names() -> frozenset[str]:
    """Codes of packages and component types, and the ids of components that say something."""
    types = tomllib.loads((_PRODUCTS / "component_types.toml").read_text("utf-8"))
    names = {entry["code"] for entry in types["type"]}
    for path in (_PRODUCTS / "packages").glob("*.toml"):
        package = tomllib.loads(path.read_text("utf-8"))
        names.add(package["code"])
        names |= {part["id"] for part in package["component"] if len(part["id"]) >= _SHORTEST}
    return frozenset(names - GENERIC.keys())


def catalogue_breaches(modules: Sequence[Module], names: Collection[str]) -> list[str]:
    """Every text in the source that is the name of something in the catalogue."""
    return [
        f"{place(module, line)} names {text}: say it in a package file or by the type's kind"
        for module in modules
        for text, line in _texts(module.tree)
        if text in names
    ]


def _texts(node: ast.AST) -> Iterator[tuple[str, int]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, node.lineno
    for child in ast.iter_child_nodes(node):
        # Examples of the contract show what a partner will meet.
        if not (isinstance(child, ast.keyword) and child.arg == "examples"):
            yield from _texts(child)


def test_the_source_names_nothing_of_the_catalogue() -> None:
    assert_kept(catalogue_breaches(house(), catalogue_names()))


def test_the_names_are_those_of_the_twelve_packages() -> None:
    names = catalogue_names()
    assert {"commuter-wallet", "prepaid-guard", "account_t3", "vault", "deposit"} <= names
    assert not names & GENERIC.keys()


@pytest.mark.parametrize(
    "text",
    [
        'if package == "commuter-wallet": ...',
        'KINDS = {"account_t3": 1}',
        'def f(of="vault"): ...',
        'match part:\n    case "vault": ...',
        'Meta(examples=["vault"], description="vault")',
    ],
)
def test_a_name_of_the_catalogue_is_said(text: str) -> None:
    (breach,) = catalogue_breaches([example("gateway.orders.steps", text)], catalogue_names())
    assert breach.startswith("gateway/orders/steps.py:")


@pytest.mark.parametrize(
    "text",
    ['Meta(examples=["account_t3"])', '"""A vault."""', 'event = "purse.topped_up"', "vault"],
)
def test_other_texts_are_no_breach(text: str) -> None:
    assert not catalogue_breaches([example("gateway.orders.steps", text)], catalogue_names())
