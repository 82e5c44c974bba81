"""The doors: how a room may be entered, and which room may use which library."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import pytest

from tests.architecture.source import (
    Module,
    assert_kept,
    example,
    house,
    imports,
    our_imports,
    place,
    room,
)

# Rooms without walls: everything in them is meant for the rooms above.
OPEN = frozenset({"contracts", "partners", "kit", "web", "rules"})
# The only ways into the others, besides `<room>.service`.
DOORS = frozenset({"gateway.database", "gateway.corebank.port"})
# The roof and what stands on it wire the rooms, so they see workers and guards too.
WIRING = frozenset({"rooms", "doors", "app", "openapi", "cli", "__main__"})
PRIVATE = frozenset({"store", "tables"})

# Which modules may import a library. A library that is not listed is anybody's.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "sqlite3": ("gateway.database.*",),
    "asyncpg": ("gateway.database.*",),
    "alembic": ("gateway.database.*",),
    "sqlalchemy": ("gateway.database.*", "gateway.*.tables"),
    "httpx": ("gateway.kit.http",),
    "aiohttp": ("gateway.kit.http",),
    "httpx_aiohttp": ("gateway.kit.http",),
    "tenacity": ("gateway.kit.http", "gateway.database.*"),
    "joserfc": ("gateway.kit.*", "partners.*", "gateway.oauth.*"),
    "cryptography": ("gateway.kit.*", "partners.*", "gateway.oauth.*"),
    "authlib": ("gateway.oauth.*",),
    "http_sf": ("gateway.kit.*", "gateway.oauth.*"),
    "litestar": (
        "gateway.*.routes",
        "gateway.web.*",
        "gateway.hosted.*",
        "gateway.oauth.guard",
        "gateway.app",
        "gateway.doors",
        "gateway.openapi",
    ),
    "argon2": ("gateway.corebank.*",),
    "jinja2": ("gateway.hosted.*",),
    "webauthn": ("gateway.hosted.*",),
    "click": ("gateway.cli.*",),
    "granian": ("gateway.cli.*",),
}


def door_breaches(modules: Sequence[Module]) -> list[str]:
    """Every import that enters another room other than by its door."""
    breaches = []
    for module in modules:
        own = room(module.name)
        for found in our_imports(module):
            if room(found.target) in {own, *OPEN} or _is_door(own, found.target):
                continue
            breaches.append(
                f"{module.name} climbs into {found.target} ({place(module, found.line)})"
            )
    return breaches


def _is_door(own: str, target: str) -> bool:
    parts = target.split(".")
    if PRIVATE & set(parts[2:]):
        return False
    if "routes" in parts[2:]:
        return own == "doors"
    if own in WIRING:
        return True
    return target in DOORS or (len(parts) == 3 and parts[2] == "service")


def library_breaches(modules: Sequence[Module]) -> list[str]:
    """Every library imported where it has no business."""
    return [
        f"{module.name} imports {library}, which belongs to {', '.join(LIBRARIES[library])} "
        f"({place(module, found.line)})"
        for module in modules
        for found in imports(module)
        if (library := found.target.split(".")[0]) in LIBRARIES
        and not any(fnmatchcase(module.name, pattern) for pattern in LIBRARIES[library])
    ]


def test_every_room_is_entered_by_its_door() -> None:
    assert_kept(door_breaches(house()))


def test_every_library_stays_in_its_room() -> None:
    assert_kept(library_breaches(house()))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gateway.orders.service", "from gateway.consents import store"),
        ("gateway.orders.service", "from gateway.consents.tables import CONSENT"),
        ("gateway.orders.service", "import gateway.corebank.sandbox.ledger"),
        ("gateway.orders.service", "from gateway.database.sqlite import SqliteStore"),
        ("gateway.hosted.routes", "from gateway.oauth.routes import authorize"),
        ("gateway.hosted.routes", "from gateway.oauth.tokens import issue"),
        ("gateway.app", "from gateway.consents import store"),
        ("gateway.cli.server", "from gateway.oauth.routes import authorize"),
        ("gateway.rooms", "from gateway.oauth import routes"),
    ],
)
def test_climbing_in_is_said(name: str, text: str) -> None:
    (breach,) = door_breaches([example(name, text)])
    assert breach.startswith(f"{name} climbs into gateway.")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gateway.orders.service", "from gateway.consents.service import Consents"),
        ("gateway.orders.service", "from gateway.corebank.port import CoreBank"),
        ("gateway.orders.service", "from gateway.database import Unit"),
        ("gateway.orders.service", "from gateway.orders import store"),
        ("gateway.doors", "from gateway.consents.routes import consent_routes"),
        ("gateway.app", "from gateway.events.worker import Dispatcher"),
    ],
)
def test_a_door_is_a_door(name: str, text: str) -> None:
    assert not door_breaches([example(name, text)])


@pytest.mark.parametrize(
    ("name", "text", "library"),
    [
        ("gateway.orders.store", "import sqlite3", "sqlite3"),
        ("gateway.webhooks.worker", "import httpx", "httpx"),
        ("gateway.orders.service", "from litestar import get", "litestar"),
        ("gateway.consents.service", "from authlib.oauth2 import OAuth2Error", "authlib"),
        ("gateway.orders.service", "from joserfc import jws", "joserfc"),
        ("gateway.orders.service", "from sqlalchemy import Table", "sqlalchemy"),
    ],
)
def test_a_stray_library_is_said(name: str, text: str, library: str) -> None:
    (breach,) = library_breaches([example(name, text)])
    assert breach.startswith(f"{name} imports {library}")
