"""The floors: a room uses those below it, never its own floor, never above."""

import graphlib
import tomllib
from collections.abc import Sequence

import pytest

from tests.architecture.source import (
    ROOT,
    Module,
    assert_kept,
    example,
    house,
    our_imports,
    place,
    room,
)

# From the ground up. Rooms on one floor are strangers. There is no list of exceptions: where the
# order hurts, a room moves and docs/decisions says why.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("contracts",),
    ("partners",),
    ("kit",),
    ("database", "rules"),
    ("web", "audit", "events", "corebank"),
    ("onboarding", "products", "consents"),
    ("oauth", "accounts"),
    ("orders", "payments"),
    ("webhooks", "dialects", "hosted"),
    ("settings", "jobs"),
    ("rooms",),
    ("doors",),
    ("app", "openapi"),
    ("cli",),
    ("__main__",),
)
_LEVEL = {name: level for level, floor in enumerate(FLOORS) for name in floor}


def floor_breaches(modules: Sequence[Module]) -> list[str]:
    """Every import that goes up or sideways, and every room that stands on no floor."""
    breaches = []
    for module in modules:
        own = room(module.name)
        if module.name == "gateway":
            breaches += [
                f"gateway/__init__.py imports {found.target}: it must stay empty"
                for found in our_imports(module)
            ]
        elif own not in _LEVEL:
            breaches.append(f"{module.name} stands on no floor")
        else:
            breaches += [
                f"{module.name} reaches up or sideways to {found.target} "
                f"({place(module, found.line)})"
                for found in our_imports(module)
                if room(found.target) != own and _LEVEL.get(room(found.target), 99) >= _LEVEL[own]
            ]
    return breaches


def cycle(modules: Sequence[Module]) -> list[str]:
    """One circle of modules that import each other, or nothing."""
    graph = {
        module.name: {found.target for found in our_imports(module) if found.target != module.name}
        for module in modules
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def test_every_room_reaches_only_downwards() -> None:
    assert_kept(floor_breaches(house()))


def test_import_linter_holds_the_same_floors() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    linted = [{name.removeprefix("gateway.") for name in layer.split(" | ")} for layer in layers]
    assert linted == [set(floor) for floor in reversed(FLOORS)]


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert_kept(cycle(house()))


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (
            "gateway.products.service",
            "import gateway.orders.service",
            "gateway.products.service reaches up or sideways to gateway.orders.service",
        ),
        (
            "gateway.orders.service",
            "from gateway.payments.service import Payments",
            "gateway.orders.service reaches up or sideways to gateway.payments.service",
        ),
        (
            "gateway.rules.service",
            "from gateway import database",
            "gateway.rules.service reaches up or sideways to gateway.database",
        ),
        (
            "contracts.v1.money",
            "import partners",
            "contracts.v1.money reaches up or sideways to partners",
        ),
        ("gateway.attic.service", "", "gateway.attic.service stands on no floor"),
        ("gateway", "import gateway.kit.clock", "it must stay empty"),
    ],
)
def test_a_breach_is_said(name: str, text: str, sentence: str) -> None:
    (breach,) = floor_breaches([example(name, text)])
    assert sentence in breach


def test_a_circle_is_found() -> None:
    circle = cycle(
        [
            example("gateway.orders.states", "import gateway.orders.store"),
            example("gateway.orders.store", "import gateway.orders.states"),
        ]
    )
    assert set(circle) == {"gateway.orders.states", "gateway.orders.store"}


def test_what_goes_down_is_no_breach() -> None:
    text = "from gateway.consents.service import Consents\nfrom contracts import errors"
    assert not floor_breaches([example("gateway.orders.service", text)])
