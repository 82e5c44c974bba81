"""The two routes of the catalogue answer with the contract's shapes."""

from collections.abc import Iterator

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from contracts.v1.packages import Package, PackageList
from gateway.products.routes import product_routes
from gateway.products.service import Catalogue
from gateway.web.errors import Voices


@pytest.fixture
def client(catalogue: Catalogue) -> Iterator[TestClient[Litestar]]:
    voices = Voices("https://bank.example", "/oauth")
    bare = Litestar(product_routes(catalogue), exception_handlers={Exception: voices.answer})
    with TestClient(bare) as client:
        yield client


def test_the_list_is_by_scenario(client: TestClient[Litestar]) -> None:
    listed = client.get("/v1/packages", params={"scenario": "travel_app"})
    assert listed.status_code == 200
    packages = msgspec.json.decode(listed.content, type=PackageList).packages
    assert [package.code for package in packages] == ["commuter-wallet"]
    assert client.get("/v1/packages", params={"scenario": "marketplace"}).json() == {"packages": []}
    assert client.get("/v1/packages", params={"scenario": "x" * 65}).status_code == 422


def test_one_package_is_read_whole(client: TestClient[Litestar]) -> None:
    answer = client.get("/v1/packages/commuter-wallet")
    package = msgspec.json.decode(answer.content, type=Package)
    assert package.version == "1.0.0"
    assert package.digest == client.get("/v1/packages").json()["packages"][0]["digest"]


def test_an_unknown_package_is_the_trees_own_error(client: TestClient[Litestar]) -> None:
    answer = client.get("/v1/packages/no-such-package")
    assert answer.status_code == 404
    assert answer.json()["code"] == "resource.not_found"


def test_both_routes_ask_for_the_scope(catalogue: Catalogue) -> None:
    scopes = [
        handler.opt["scope"]
        for route in Litestar(product_routes(catalogue)).routes
        if route.path.startswith("/v1")
        for handler in route.route_handlers
        if "OPTIONS" not in handler.http_methods
    ]
    assert scopes == ["catalog.read", "catalog.read"]
