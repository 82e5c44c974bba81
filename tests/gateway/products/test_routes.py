"""The routes of the catalogue: the shapes promised, who may read them, how long they are kept."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from litestar import Litestar, Request
from litestar.testing import TestClient

from contracts.errors import TooManyRequests
from contracts.v1.packages import Package, PackageList
from gateway.kit.caller import Caller
from gateway.products.routes import product_routes, public_product_routes
from gateway.products.service import Catalogue
from gateway.web.errors import Voices
from gateway.web.pace import Pace

Bank = TestClient[Litestar]


def _caller() -> Caller:
    return Caller(
        partner_id="ptr_1",
        client_id="cli_1",
        interaction_id="",
        scope=frozenset({"catalog.read"}),
        at=datetime(2026, 11, 24, tzinfo=UTC),
    )


def prove(request: Request[Any, Any, Any]) -> None:
    """Stands in the guard's place."""
    request.state.caller = _caller()


@pytest.fixture
def client(catalogue: Catalogue) -> Iterator[Bank]:
    voices = Voices("https://bank.example", "/oauth")
    bare = Litestar(
        [*product_routes(catalogue), *public_product_routes(catalogue, Pace(3, lambda: 0.0))],
        before_request=prove,
        exception_handlers={Exception: voices.answer},
    )
    with TestClient(bare) as client:
        yield client


def test_the_list_is_by_scenario(client: Bank) -> None:
    listed = client.get("/v1/packages", params={"scenario": "transit_operator"})
    assert listed.status_code == 200
    packages = msgspec.json.decode(listed.content, type=PackageList).packages
    assert [package.code for package in packages] == ["commuter-wallet"]
    assert client.get("/v1/packages", params={"scenario": "space"}).json() == {"packages": []}
    assert client.get("/v1/packages", params={"scenario": "x" * 65}).status_code == 422


def test_one_package_is_read_whole(client: Bank) -> None:
    answer = client.get("/v1/packages/commuter-wallet")
    package = msgspec.json.decode(answer.content, type=Package)
    assert package.version == "1.0.0"
    assert package.digest == client.get("/v1/packages").json()["packages"][0]["digest"]


def test_an_unknown_package_is_the_trees_own_error(client: Bank) -> None:
    answer = client.get("/v1/packages/no-such-package")
    assert answer.status_code == 404
    assert answer.json()["code"] == "resource.not_found"


@pytest.mark.parametrize("path", ["/v1/packages", "/v1/packages/commuter-wallet"])
def test_what_is_known_is_not_sent_again(client: Bank, path: str) -> None:
    first = client.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    assert first.headers["cache-control"] == "private, max-age=60"
    assert first.headers["vary"] == "Authorization, DPoP"
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert {name: again.headers[name] for name in ("etag", "cache-control", "vary")} == {
            name: first.headers[name] for name in ("etag", "cache-control", "vary")
        }
    for other in ('"other"', tag.strip('"'), f'"{tag}"'):
        assert client.get(path, headers={"If-None-Match": other}).status_code == 200


def test_everybody_reads_what_is_public(client: Bank) -> None:
    listed = client.get("/v1/public/packages", params={"scenario": "travel_app"})
    codes = [found["code"] for found in listed.json()["packages"]]
    assert codes == ["commuter-wallet", "travel-shield-fx"]
    assert listed.headers["cache-control"] == "public, max-age=300"
    answer = client.get("/v1/public/packages/travel-shield-fx")
    package = msgspec.json.decode(answer.content, type=Package)
    assert package.commissions == []
    assert [part.boundary for part in package.components] == ["EMBED", "LICENSED", "REFER"]
    tag = {"If-None-Match": answer.headers["etag"]}
    assert client.get("/v1/public/packages/travel-shield-fx", headers=tag).status_code == 304


def test_anonymous_requests_keep_a_pace(client: Bank) -> None:
    answers = [client.get("/v1/public/packages").status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert client.get("/v1/public/packages").headers["retry-after"] == "1"
    assert client.get("/v1/packages").status_code == 200


def test_a_pace_recovers_with_time() -> None:
    now = [0.0]
    pace = Pace(2, lambda: now[0])
    for later in (0.0, 0.0, 0.5, 10.0, 10.0):
        now[0] = later
        pace.take()
    with pytest.raises(TooManyRequests):
        pace.take()


def test_every_route_says_who_may_call_it(catalogue: Catalogue) -> None:
    routes = [*product_routes(catalogue), *public_product_routes(catalogue)]
    said = [handler.opt.get("scope", handler.opt.get("public")) for handler in routes]
    assert said == ["catalog.read", "catalog.read", True, True]
