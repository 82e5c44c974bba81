"""Debits over HTTP: refusals with their reason, replays byte for byte, strangers none the wiser."""

import msgspec
import pytest

from contracts.v1.payments import Payment
from gateway.database import Database
from tests.conftest import SetClock
from tests.gateway.orders import story
from tests.gateway.orders.door import opened
from tests.gateway.orders.story import Story, line, wallet

KEY = {"Idempotency-Key": "key-1"}


def ride(minor_units: object = 300, end_to_end_id: str = "ride-1") -> dict[str, object]:
    return {
        "instructed_amount": {"minor_units": minor_units, "currency": "CNY"},
        "end_to_end_id": end_to_end_id,
        "remittance_information": "Line 2, 3 stops",
    }


@pytest.fixture
def tale(database: Database, clock: SetClock) -> Story:
    return Story(database, clock)


async def test_a_debit_is_answered_read_and_replayed(tale: Story) -> None:
    caller, order = await tale.active()
    path = f"/v1/mandates/{line(order, 'ride').mandate_id}/debits"
    async with opened(tale, caller) as client:
        first = await client.post(path, json=ride(), headers=KEY)
        assert first.status_code == 201
        payment = msgspec.json.decode(first.content, type=Payment)
        assert payment.status == "settled"
        assert first.headers["location"] == f"/v1/payments/{payment.payment_id}"
        again = await client.post(path, json=ride(), headers=KEY)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotent-replayed"] == "true"
        read = await client.get(first.headers["location"])
        assert (read.status_code, read.json()) == (200, first.json())


async def test_a_debit_above_the_cap_says_what_to_do(tale: Story) -> None:
    caller, order = await tale.active()
    async with opened(tale, caller) as client:
        answer = await client.post(
            f"/v1/mandates/{line(order, 'ride').mandate_id}/debits", json=ride(5_001), headers=KEY
        )
        assert answer.status_code == 422
        said = answer.json()
        assert (said["code"], said["next_action"]) == ("limit.per_debit", "lower_amount")
        assert said["cap"] == said["headroom"] == {"minor_units": 5_000, "currency": "CNY"}


async def test_a_stored_refusal_is_replayed_byte_for_byte(tale: Story) -> None:
    caller, order = await tale.active(details=wallet(top_up=100))
    path = f"/v1/mandates/{line(order, 'ride').mandate_id}/debits"
    async with opened(tale, caller) as client:
        first = await client.post(path, json=ride(), headers=KEY)
        assert (first.status_code, first.json()["code"]) == (422, "balance.insufficient")
        again = await client.post(path, json=ride(), headers=KEY)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (422, "true")
        assert again.content == first.content


@pytest.mark.parametrize(
    "amount", [b"-1", b"0", b"0.5", b"3.0", b'"300"', b"9007199254740992", b"1e2", b"true", b"null"]
)
async def test_an_amount_that_is_none_is_refused_and_nothing_is_written(
    tale: Story, amount: bytes
) -> None:
    caller, order = await tale.active()
    path = f"/v1/mandates/{line(order, 'ride').mandate_id}/debits"
    body = b'{"instructed_amount":{"minor_units":' + amount + b'},"end_to_end_id":"r"}'
    async with opened(tale, caller) as client:
        headers = {**KEY, "Content-Type": "application/json"}
        answer = await client.post(path, content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "field.invalid")
        assert answer.json()["field"] == "instructed_amount.minor_units"
    assert await tale.count(story.PAYMENTS) == 0


async def test_what_is_a_strangers_and_what_is_not_there_answer_alike(tale: Story) -> None:
    caller, order = await tale.active()
    mandate_id = line(order, "ride").mandate_id
    async with opened(tale, caller) as client:
        made = await client.post(f"/v1/mandates/{mandate_id}/debits", json=ride(), headers=KEY)
    stranger = await tale.consent("zhao", partner_id="par_other", client_id="cli_other")
    async with opened(tale, stranger) as client:
        answers = []
        for theirs, nobodys in (
            (mandate_id, "man_nothing"),
            (made.json()["payment_id"], "pay_nothing"),
        ):
            for identifier in (theirs, nobodys):
                if theirs == mandate_id:
                    answer = await client.post(
                        f"/v1/mandates/{identifier}/debits", json=ride(), headers=KEY
                    )
                else:
                    answer = await client.get(f"/v1/payments/{identifier}")
                assert answer.status_code == 404
                answers.append({k: v for k, v in answer.json().items() if k != "instance"})
        assert all(answer == answers[0] for answer in answers)


async def test_a_refusal_by_the_mandate_is_replayed_byte_for_byte(tale: Story) -> None:
    caller, order = await tale.active()
    path = f"/v1/mandates/{line(order, 'ride').mandate_id}/debits"
    async with opened(tale, caller) as client:
        first = await client.post(path, json=ride(5_001), headers=KEY)
        assert (first.status_code, first.json()["code"]) == (422, "limit.per_debit")
        assert "idempotent-replayed" not in first.headers
        again = await client.post(path, json=ride(5_001), headers=KEY)
        assert (again.status_code, again.content) == (422, first.content)
        assert again.headers["idempotent-replayed"] == "true"
        other = await client.post(path, json=ride(300), headers=KEY)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert await tale.count(story.PAYMENTS) == 0
