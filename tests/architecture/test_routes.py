"""Every route says who may call it: the scope it needs, or that it is public."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar, get
from litestar.handlers.base import BaseRouteHandler
from litestar.routes import HTTPRoute

from gateway import doors, rooms
from gateway import settings as settings_file
from gateway.database import Database
from gateway.kit.clock import SystemClock
from gateway.kit.vault import Vault
from gateway.onboarding.service import SCOPES
from tests import stores
from tests.architecture.source import assert_kept


def handlers(app: Litestar) -> Iterator[tuple[str, BaseRouteHandler]]:
    """Every path with its handlers, without the OPTIONS answers that the framework adds."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.http_methods != {"OPTIONS"}:
                    yield route.path, handler
        else:
            yield route.path, route.route_handler


def declaration_breaches(app: Litestar) -> list[str]:
    """Routes that declare neither or both, a scope that nobody can have, or an open /v1."""
    breaches = []
    for path, handler in handlers(app):
        scope, public = handler.opt.get("scope"), handler.opt.get("public") is True
        if (scope is None) != public:
            breaches.append(f"{path} must declare either a scope or that it is public")
        elif scope is not None and scope not in SCOPES:
            breaches.append(f"{path} needs the scope {scope}, which nobody can have")
        elif public and path.startswith("/v1/") and not path.startswith("/v1/public/"):
            breaches.append(f"{path} is part of the API and public")
    return breaches


async def _house(place: Path) -> Litestar:
    settings = settings_file.read(
        {
            "TESSERA_MODE": "sandbox",
            "TESSERA_ISSUER": "http://127.0.0.1:8400",
            "TESSERA_DATABASE_URL": stores.fresh_sqlite(place / "house.sqlite"),
            "TESSERA_HOME": str(place),
        }
    )
    database = await Database.connect(settings.database_url)
    vault = Vault.from_file(settings.key_path, create_at=SystemClock().now())
    try:
        return doors.litestar(rooms.build(settings, database, vault, SystemClock()))
    finally:
        await database.close()


async def test_every_route_declares_who_may_call_it(tmp_path: Path) -> None:
    app = await _house(tmp_path)
    paths = {path for path, _ in handlers(app)}
    assert {"/v1/orders", "/oauth/token", "/sign-in"} <= paths
    assert_kept(declaration_breaches(app))


@pytest.mark.parametrize(
    ("path", "opt", "sentence"),
    [
        ("/v1/orders", {}, "must declare either a scope or that it is public"),
        ("/v1/orders", {"scope": "order.read", "public": True}, "must declare either"),
        ("/v1/orders", {"scope": "order.raed"}, "which nobody can have"),
        ("/v1/orders", {"public": True}, "is part of the API and public"),
    ],
)
def test_an_undeclared_route_is_said(path: str, opt: dict[str, object], sentence: str) -> None:
    @get(path, opt=opt)
    async def read() -> str:
        return ""

    (breach,) = declaration_breaches(Litestar([read], openapi_config=None))
    assert sentence in breach
