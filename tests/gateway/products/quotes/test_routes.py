"""Quotes over HTTP: answered once for a key, and refused in problem details."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, Request

from contracts.v1.quotes import Quote
from gateway.products.quotes.routes import quote_routes
from gateway.web.door import Door
from gateway.web.errors import Voices
from tests.gateway.products.quotes.counter import CODE, Counter, wanted

ISSUER = "https://bank.example"
PATH = f"/v1/packages/{CODE}/quotes"
KEY = {"Idempotency-Key": "key-1"}


@pytest.fixture
async def client(counter: Counter) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls as the shop; the guard's own tests are elsewhere."""

    def stand_in_for_the_guard(request: Request[Any, Any, Any]) -> None:
        request.state.caller = counter.caller()

    app = Litestar(
        quote_routes(counter.quotes),
        before_request=stand_in_for_the_guard,
        exception_handlers={Exception: Voices(ISSUER, "/oauth/").answer},
        openapi_config=None,
    )
    transport = httpx.ASGITransport(Door(app, access_log=False))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as opened:
        yield opened


async def test_the_same_key_is_answered_with_the_same_bytes(client: httpx.AsyncClient) -> None:
    first = await client.post(PATH, json=wanted(), headers=KEY)
    assert first.status_code == 201
    assert msgspec.json.decode(first.content, type=Quote).package == CODE
    assert "idempotent-replayed" not in first.headers
    again = await client.post(PATH, json=wanted(), headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (wanted(told={"device_risk_score": "x-66417"}), 403, "credit.direct_feed_forbidden"),
        (wanted(user_score="x-66417"), 403, "credit.direct_feed_forbidden"),
        (wanted(amount=1), 422, "quote.out_of_bounds"),
        (wanted(terms=[]), 422, "field.invalid"),
        (wanted(terms=[361]), 422, "field.invalid"),
        (wanted(terms="12"), 422, "field.invalid"),
        ({"component": "plan"}, 422, "field.invalid"),
        ({"component": "plan", "order": {"reference": "o-1"}}, 422, "field.invalid"),
        ([], 422, "field.invalid"),
    ],
)
async def test_a_refusal_says_what_to_do_and_never_what_was_sent(
    client: httpx.AsyncClient, body: Any, status: int, code: str
) -> None:
    answer = await client.post(PATH, json=body, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["next_action"]
    assert "66417" not in answer.text


async def test_a_member_that_stands_twice_is_refused(client: httpx.AsyncClient) -> None:
    text = msgspec.json.encode(wanted())[:-1] + b',"component":"line"}'
    headers = KEY | {"Content-Type": "application/json"}
    answer = await client.post(PATH, content=text, headers=headers)
    assert answer.json()["code"] == "body.malformed"


async def test_a_key_is_needed(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json=wanted())
    assert answer.json()["code"] == "idempotency.key_missing"


async def test_an_unknown_package_answers_404(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/packages/no-such/quotes", json=wanted(), headers=KEY)
    assert answer.status_code == 404


def test_the_route_asks_for_its_own_scope(counter: Counter) -> None:
    (handler,) = quote_routes(counter.quotes)
    assert handler.opt["scope"] == "instalment.quote"
