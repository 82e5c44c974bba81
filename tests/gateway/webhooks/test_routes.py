"""The routes of endpoints and of the feed, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request

from gateway.database import Database
from gateway.events.routes import event_routes
from gateway.web.errors import Voices
from gateway.webhooks.routes import webhook_routes
from tests.conftest import SetClock
from tests.gateway.webhooks.receivers import Receiver, Room, receiving, room


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def webhooks(database: Database, clock: SetClock, receiver: Receiver) -> AsyncIterator[Room]:
    async with room(database, clock, receiver) as opened:
        yield opened


@pytest.fixture
async def client(webhooks: Room) -> AsyncIterator[httpx.AsyncClient]:
    def stand_in_for_the_guard(request: Request[Any, Any, Any]) -> None:
        request.state.caller = webhooks.caller(request.headers.get("partner", "par_a"))

    app = Litestar(
        [*webhook_routes(webhooks.webhooks), *event_routes(webhooks.events)],
        before_request=stand_in_for_the_guard,
        exception_handlers={Exception: Voices("https://bank.example", "/oauth").answer},
        openapi_config=None,
    )
    # The app runs in the test's own event loop, to which the database belongs.
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://bank.example") as opened:
        yield opened


async def test_an_endpoint_is_registered_listed_and_deleted(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    made = await client.post("/v1/webhook-endpoints", json={"url": receiver.url})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    endpoint = made.json()
    assert endpoint.pop("secret").startswith("whsec_")
    listed = await client.get("/v1/webhook-endpoints")
    assert listed.json() == {"endpoints": [endpoint]}
    gone = await client.delete(f"/v1/webhook-endpoints/{endpoint['endpoint_id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    again = await client.delete(f"/v1/webhook-endpoints/{endpoint['endpoint_id']}")
    assert (again.status_code, again.json()["code"]) == (404, "resource.not_found")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "body.malformed"),
        (b'{"url": 5}', 422, "field.invalid"),
        (b"{}", 422, "field.invalid"),
        (b'{"url": "https://partner.test/", "secret": "x"}', 422, "field.invalid"),
        (b'{"url": "https://10.0.0.1/"}', 422, "endpoint.forbidden"),
        (b'{"url": "https://partner.test/", "voice": "x"}', 422, "field.invalid"),
    ],
)
async def test_a_bad_registration_is_refused(
    client: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    headers = {"content-type": "application/json"}
    refused = await client.post("/v1/webhook-endpoints", content=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_the_feed_is_walked_over_http(client: httpx.AsyncClient, webhooks: Room) -> None:
    recorded = [await webhooks.record() for _ in range(3)]
    await webhooks.worker.step()
    first = (await client.get("/v1/events", params={"limit": 2})).json()
    assert [event["id"] for event in first["events"]] == recorded[:2]
    assert first["more"] is True
    second = (await client.get("/v1/events", params={"after": first["next"]})).json()
    assert [event["sequence"] for event in second["events"]] == [3]
    assert second["more"] is False
    foreign = (await client.get("/v1/events", headers={"partner": "par_b"})).json()
    assert foreign == {"events": [], "next": "", "more": False}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "after=-1", "after=x", "after=" + "9" * 30]
)
async def test_a_bad_page_is_refused(client: httpx.AsyncClient, query: str) -> None:
    refused = await client.get(f"/v1/events?{query}")
    assert refused.status_code in (400, 422)
    assert refused.json()["code"] in ("field.invalid", "request.invalid")
