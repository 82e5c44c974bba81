"""Orders over HTTP: what is sent is read strictly, what was answered is answered again."""

from typing import Any

import msgspec
import pytest

from contracts.v1.orders import Order
from gateway.database import Database
from tests.conftest import SetClock
from tests.gateway.orders import story
from tests.gateway.orders.door import opened
from tests.gateway.orders.story import Story

BODY = {"package": "commuter-wallet", "version": "1.0.0", "reference": "trip-1"}
KEY = {"Idempotency-Key": "key-1"}


@pytest.fixture
def tale(database: Database, clock: SetClock) -> Story:
    return Story(database, clock)


async def test_an_order_is_placed_read_and_replayed(tale: Story) -> None:
    async with opened(tale, await tale.consent()) as client:
        first = await client.post("/v1/orders", json=BODY, headers=KEY)
        assert first.status_code == 201
        assert first.headers["content-type"] == "application/json"
        order = msgspec.json.decode(first.content, type=Order)
        assert first.headers["location"] == f"/v1/orders/{order.order_id}"
        assert "idempotent-replayed" not in first.headers
        again = await client.post("/v1/orders", json=BODY, headers=KEY)
        assert again.status_code == 201
        assert again.headers["idempotent-replayed"] == "true"
        assert again.content == first.content
        read = await client.get(first.headers["location"])
        assert (read.status_code, read.json()) == (200, first.json())


async def test_the_key_may_be_quoted_and_the_body_spelt_otherwise(tale: Story) -> None:
    async with opened(tale, await tale.consent()) as client:
        first = await client.post("/v1/orders", json=BODY, headers=KEY)
        spelt = b'{ "reference":"trip-1",\n"version":"1.0.0","package":"commuter\\u002dwallet" }'
        again = await client.post(
            "/v1/orders",
            content=spelt,
            headers={"Idempotency-Key": '"key-1"', "Content-Type": "application/json"},
        )
        assert again.content == first.content


async def test_a_key_is_needed_and_stands_for_one_body(tale: Story) -> None:
    async with opened(tale, await tale.consent()) as client:
        without = await client.post("/v1/orders", json=BODY)
        assert (without.status_code, without.json()["code"]) == (400, "idempotency.key_missing")
        odd = await client.post("/v1/orders", json=BODY, headers={"Idempotency-Key": "a b"})
        assert (odd.status_code, odd.json()["code"]) == (422, "field.invalid")
        await client.post("/v1/orders", json=BODY, headers=KEY)
        other = await client.post("/v1/orders", json={**BODY, "reference": "x"}, headers=KEY)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
        second = await client.post("/v1/orders", json=BODY, headers={"Idempotency-Key": "key-2"})
        assert (second.status_code, second.json()["code"]) == (409, "order.exists")
        assert second.json()["order_id"].startswith("ord_")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "body.malformed"),
        (b"[]", 422, "field.invalid"),
        (b"{}", 422, "field.invalid"),
        (msgspec.json.encode({**BODY, "consent_id": "cns_other"}), 422, "field.invalid"),
        (msgspec.json.encode({**BODY, "reference": 5}), 422, "field.invalid"),
        (msgspec.json.encode({**BODY, "reference": ""}), 422, "field.invalid"),
        (msgspec.json.encode({**BODY, "reference": "a\x00b"}), 422, "field.invalid"),
        (msgspec.json.encode({**BODY, "version": "1.0"}), 422, "field.invalid"),
        (msgspec.json.encode({**BODY, "package": "no-such"}), 403, "consent.mismatch"),
        (msgspec.json.encode({**BODY, "version": "1.0.1"}), 403, "consent.mismatch"),
    ],
)
async def test_bad_input_gets_its_error_and_nothing_is_written(
    tale: Story, body: bytes, status: int, code: str
) -> None:
    async with opened(tale, await tale.consent()) as client:
        answer = await client.post(
            "/v1/orders", content=body, headers={**KEY, "Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert await tale.count(story.ORDERS) == 0
        # Only what was read and then refused has used the key up.
        good = await client.post("/v1/orders", json=BODY, headers=KEY)
        assert good.status_code == (422 if code == "consent.mismatch" else 201)


async def test_a_strangers_order_and_none_at_all_answer_alike(tale: Story) -> None:
    async with opened(tale, await tale.consent()) as client:
        placed = await client.post("/v1/orders", json=BODY, headers=KEY)
    stranger = await tale.consent("zhao", partner_id="par_other", client_id="cli_other")
    async with opened(tale, stranger) as client:
        answers: list[dict[str, Any]] = []
        for order_id in (placed.json()["order_id"], "ord_nothing"):
            answer = await client.get(f"/v1/orders/{order_id}")
            assert answer.status_code == 404
            answers.append({k: v for k, v in answer.json().items() if k != "instance"})
        assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("login", "body", "code"),
    [
        ("lin", {**BODY, "version": "9.9.9"}, "consent.mismatch"),
        ("tong", BODY, "order.not_eligible"),
    ],
)
async def test_a_refusal_is_the_outcome_of_its_key(
    tale: Story, login: str, body: dict[str, str], code: str
) -> None:
    async with opened(tale, await tale.consent(login)) as client:
        first = await client.post("/v1/orders", json=body, headers=KEY)
        assert first.json()["code"] == code
        assert "idempotent-replayed" not in first.headers
        again = await client.post("/v1/orders", json=body, headers=KEY)
        assert again.headers["idempotent-replayed"] == "true"
        assert (again.status_code, again.content) == (first.status_code, first.content)
        other = await client.post("/v1/orders", json={**body, "reference": "x"}, headers=KEY)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert await tale.count(story.ORDERS) == 0
    denied = [row for row in await tale.database.all(story.AUDITED) if row.decision == "deny"]
    assert [row.action for row in denied] == ["order.place"]


async def test_an_order_that_exists_is_the_outcome_of_the_second_key(tale: Story) -> None:
    async with opened(tale, await tale.consent()) as client:
        placed = await client.post("/v1/orders", json=BODY, headers=KEY)
        second = {"Idempotency-Key": "key-2"}
        first = await client.post("/v1/orders", json=BODY, headers=second)
        assert first.status_code == 409
        assert first.json()["order_id"] == placed.json()["order_id"]
        again = await client.post("/v1/orders", json=BODY, headers=second)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.content == first.content
