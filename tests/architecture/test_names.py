"""Words: one word for one thing, and none of the words that could name anything."""

import ast
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import pytest

from tests.architecture.source import Module, assert_kept, example, house, place

# The glossary of docs/house.md as far as a machine can hold us to it: what to say, and what not.
_SAY = {
    "a name of what it is": (
        *("manager", "managers", "helper", "helpers", "util", "utils", "common", "impl", "base"),
        *("abstract", "data", "info", "process", "do", "handle", "handles"),
    ),
    "order, or client": ("application", "applications"),
    "partner": ("tpp", "merchant", "merchants", "isv"),
    "customer": ("user", "users"),
    "consent": ("permission", "permissions"),
    "reversal, refund, or what compensates": ("rollback", "undo"),
    "event, endpoint or message": ("callback", "callbacks", "notify", "hook", "hooks"),
    "dialect": ("adapter", "adapters"),
    "package": ("sku",),
    "debtor": ("payer",),
    "amount": ("amt",),
}
BANNED = {word: say for say, words in _SAY.items() for word in words}
# Where somebody else chose the word: a library that calls us by it, or a published format.
CHOSEN_BY_OTHERS: dict[str, tuple[str, ...]] = {
    # Litestar passes the decoded body under this name; Standard Webhooks publishes the member.
    # Authlib reads a request's parameters from an attribute of this name.
    "data": (
        *("gateway.*.routes", "gateway.oauth.work"),
        *("gateway.events.service", "contracts.v1.events"),
        # Kinds of data and their classes (CN-PFI-01) are keys of package files.
        *("gateway.products.component_types", "gateway.products.package_files"),
    ),
    # Who pays is a key of package files, and a member of what partners read of them.
    "payer": ("gateway.products.offer_files", "contracts.v1.packages"),
    # SQLAlchemy's type decorators.
    "impl": ("gateway.database.schema",),
    # Authlib's grants and endpoints; RFC 9470's error.
    "user": (
        *("gateway.oauth.grants.*", "gateway.oauth.server", "gateway.oauth.work"),
        "contracts.oauth_errors",
    ),
    "permission": ("gateway.oauth.endpoints.*",),
    # RFC 9421 calls what is signed the signature base.
    "base": (
        *("gateway.kit.signature_base", "gateway.oauth.message_signatures"),
        "gateway.oauth.checks.message_signature",
    ),
    # The grant handle, where nothing else could be meant.
    "handle": ("gateway.oauth.*", "gateway.dialects.*"),
    "handles": ("gateway.oauth.*", "gateway.dialects.*"),
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+")


def naming_breaches(modules: Sequence[Module]) -> list[str]:
    """Every name given in our source that holds a banned word."""
    breaches = []
    for module in modules:
        for name, line in _names(module):
            words = [word.lower() for word in _WORD.findall(name)]
            for before, word in zip(["", *words], words, strict=False):
                if word not in BANNED or (before, word) in {
                    ("grant", "handle"),
                    ("grant", "handles"),
                }:
                    continue
                if not any(fnmatchcase(module.name, at) for at in CHOSEN_BY_OTHERS.get(word, ())):
                    breaches.append(
                        f'{place(module, line)} says "{word}" in {name}: say {BANNED[word]}'
                    )
    return breaches


def _names(module: Module) -> Iterator[tuple[str, int]]:
    yield module.name.rpartition(".")[2], 1
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno


def test_names_are_the_house_words() -> None:
    assert_kept(naming_breaches(house()))


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("gateway.orders.helpers", "", "helpers"),
        ("gateway.orders.service", "class OrderManager: ...", "manager"),
        ("gateway.orders.service", "def handle_order(): ...", "handle"),
        ("gateway.orders.service", "def f(order_data): ...", "data"),
        ("gateway.orders.service", "application_id = ''", "application"),
        ("gateway.orders.service", "class A:\n    def f(self):\n        self.user = 1", "user"),
        ("gateway.orders.service", "import json as util", "util"),
    ],
)
def test_a_banned_word_is_said(name: str, text: str, word: str) -> None:
    (breach,) = naming_breaches([example(name, text)])
    assert f'says "{word}"' in breach


@pytest.mark.parametrize(
    "text", ["grant_handle = ''", "class GrantHandles: ...", "metadata = {}", "base64url = ''"]
)
def test_a_longer_word_is_another_word(text: str) -> None:
    assert not naming_breaches([example("gateway.orders.service", text)])
