"""Partners and contracts keep to themselves, and the gateway names no partner."""

import re
import sys
from collections.abc import Iterable, Sequence

import pytest

from tests.architecture.source import (
    ROOT,
    Module,
    assert_kept,
    example,
    files_below,
    house,
    imports,
    our_imports,
    packages_in,
    place,
    suite,
)

_CONTRACTS_MAY_IMPORT = frozenset({"msgspec", "contracts"}) | sys.stdlib_module_names


def partner_names(modules: Sequence[Module]) -> frozenset[str]:
    """The folders of partners/: each is one partner."""
    return frozenset(
        name.removeprefix("partners.")
        for name in packages_in(modules)
        if name.startswith("partners.") and name.count(".") == 1
    )


def naming_breaches(texts: Iterable[tuple[str, str]], names: Iterable[str]) -> list[str]:
    """Every line that names a partner, as a word or as part of an identifier."""
    breaches = []
    for name in names:
        word = re.compile(rf"(?<![a-z]){re.escape(name)}(?![a-z])", re.IGNORECASE)
        breaches += [
            f"{path}:{number} names the partner {name}"
            for path, text in texts
            for number, line in enumerate(text.splitlines(), 1)
            if word.search(line)
        ]
    return breaches


def stranger_breaches(modules: Sequence[Module], names: Iterable[str]) -> list[str]:
    """Every import between partners' folders, from partners into the gateway, into contracts."""
    breaches = []
    folders = tuple(f"partners.{name}" for name in names)
    for module in modules:
        own = next((folder for folder in folders if _within(module.name, folder)), None)
        for found in our_imports(module):
            stranger = next(
                (folder for folder in folders if folder != own and _within(found.target, folder)),
                None,
            )
            if stranger and own:
                breaches.append(f"{own} knows {stranger} ({place(module, found.line)})")
            elif stranger:
                breaches.append(f"{module.name} knows {stranger} ({place(module, found.line)})")
            elif module.name.startswith("partners") and _within(found.target, "gateway"):
                breaches.append(
                    f"{module.name} imports {found.target}: partners never import gateway "
                    f"({place(module, found.line)})"
                )
    return breaches


def demo_breaches(modules: Sequence[Module]) -> list[str]:
    """Every import of ours in the demo, which must know only what a partner can know."""
    return [
        f"{module.path} imports {found.target}: a partner could not ({place(module, found.line)})"
        for module in modules
        for found in our_imports(module)
    ]


def promise_breaches(modules: Sequence[Module]) -> list[str]:
    """Everything that contracts import besides msgspec and the standard library."""
    return [
        f"{module.name} imports {found.target}: contracts import msgspec only "
        f"({place(module, found.line)})"
        for module in modules
        if _within(module.name, "contracts")
        for found in imports(module)
        if found.target.split(".")[0] not in _CONTRACTS_MAY_IMPORT
    ]


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def test_neither_gateway_nor_contracts_name_a_partner() -> None:
    texts = [
        (path.relative_to(ROOT).as_posix(), path.read_text(errors="ignore"))
        for folder in ("gateway", "contracts")
        for path in files_below(ROOT / folder)
        # What a partner relies on is filed under its name.
        if "consumers" not in path.parts
    ]
    assert_kept(naming_breaches(texts, partner_names(house())))


def test_partners_are_strangers_to_each_other_and_to_the_gateway() -> None:
    assert_kept(stranger_breaches(house(), partner_names(house())))


def test_the_demo_imports_nothing_of_ours() -> None:
    demo = [module for module in suite() if module.path.startswith("docs/demo/")]
    assert_kept(demo_breaches(demo))


def test_contracts_import_msgspec_only() -> None:
    assert_kept(promise_breaches(house()))


@pytest.mark.parametrize(
    "line", ['if partner == "acme":', "ACME_RETRIES = 3", "call(acme_sign)", "# as Acme does"]
)
def test_a_named_partner_is_found(line: str) -> None:
    assert naming_breaches([("gateway/orders/service.py", line)], ["acme"]) == [
        "gateway/orders/service.py:1 names the partner acme"
    ]


def test_a_longer_word_is_not_a_partner() -> None:
    assert not naming_breaches([("gateway/orders/service.py", "placement")], ["lace"])


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("partners.acme.quirks", "import partners.bolt", "partners.acme knows partners.bolt"),
        ("partners.dialect", "import partners.bolt", "partners.dialect knows partners.bolt"),
        ("gateway.app", "import partners.acme", "gateway.app knows partners.acme"),
        ("partners.acme", "from gateway.kit import ids", "partners never import gateway"),
    ],
)
def test_a_partner_that_knows_too_much_is_said(name: str, text: str, sentence: str) -> None:
    (breach,) = stranger_breaches([example(name, text)], ["acme", "bolt"])
    assert sentence in breach


def test_a_demo_that_knows_too_much_is_said() -> None:
    (breach,) = demo_breaches([example("docs.demo.native", "from gateway.kit import ids")])
    assert "docs/demo/native.py imports gateway.kit.ids: a partner could not" in breach


def test_a_contract_that_needs_a_library_is_said() -> None:
    (breach,) = promise_breaches([example("contracts.v1.money", "import sqlalchemy\nimport re")])
    assert "contracts.v1.money imports sqlalchemy: contracts import msgspec only" in breach
