"""A debit happens once, within every cap, and a refusal says what would be accepted."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from contracts import errors
from contracts.v1.money import Money
from contracts.v1.payments import DebitRequest, Payment
from gateway.accounts.service import Mandate
from gateway.corebank.port import DeclineCode
from gateway.database import Database, Unit
from gateway.kit.caller import Caller
from gateway.kit.clock import bank_day
from gateway.payments import refusals
from gateway.payments.service import Debited
from tests.conftest import SetClock
from tests.gateway.orders import story
from tests.gateway.orders.story import Story
from tests.gateway.payments.rider import Rider, ride, rider_of


@pytest.fixture
async def rider(database: Database, clock: SetClock) -> Rider:
    return await rider_of(Story(database, clock))


def told(minor_units: int) -> dict[str, Any]:
    """An amount as a refusal says it."""
    return {"minor_units": minor_units, "currency": "CNY"}


async def refused_twice(rider: Rider, amount: int, key: str, kind: type[Exception]) -> None:
    """The refusal is the key's outcome: worded alike again, and not to be had by another body."""
    with pytest.raises(kind) as first:
        await rider.debit(amount, key)
    rider.caller = msgspec.structs.replace(
        rider.caller, interaction_id="00000000-0000-4000-8000-000000000002"
    )
    with pytest.raises(kind) as again:
        await rider.debit(amount, key)
    assert first.value.headers == {}
    assert again.value.headers == {"Idempotent-Replayed": "true"}
    assert (again.value.detail, again.value.extras) == (first.value.detail, first.value.extras)
    with pytest.raises(errors.IdempotencyKeyReused):
        await rider.debit(1, key)


async def refused_again(rider: Rider, amount: int, key: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as again:
        await rider.debit(amount, key)
    assert again.value.headers == {"Idempotent-Replayed": "true"}


async def end_mandate(rider: Rider) -> None:
    mandate = await rider.tale.mandates.find(rider.mandate_id)
    assert mandate is not None
    unit = Unit("mandate.end")
    rider.tale.mandates.ended(unit, mandate, rider.tale.clock.now())
    await rider.tale.database.commit(unit)


async def test_a_ride_is_debited(rider: Rider) -> None:
    debited = await rider.debit(300, "k1", "ride-1")
    payment = debited.payment
    assert (payment.status, payment.instructed_amount) == ("settled", Money(300, "CNY"))
    assert (payment.mandate_id, payment.end_to_end_id) == (rider.mandate_id, "ride-1")
    assert not debited.replayed
    assert msgspec.json.decode(debited.body, type=Payment) == payment
    assert await rider.tale.payments.read(payment.payment_id, rider.caller) == payment
    assert await rider.balance() == 100_000 - 300
    assert await rider.tale.bank.books_balance()


async def test_the_event_tells_the_payment(rider: Rider) -> None:
    payment = (await rider.debit(300, "k1")).payment
    events = [
        row
        for row in await rider.tale.database.all(story.EVENTS)
        if row.resource_id == payment.payment_id
    ]
    assert [(row.type, row.sequence) for row in events] == [("payment.settled", payment.sequence)]
    assert json.loads(events[0].body)["data"] == json.loads(msgspec.json.encode(payment))


async def test_the_same_key_again_gives_the_same_bytes(rider: Rider) -> None:
    first = await rider.debit(300, "k1")
    rider.tale.clock.advance(3600)
    again = await rider.debit(300, "k1")
    assert again.replayed
    assert again.body == first.body
    assert await rider.balance() == 100_000 - 300


async def test_a_key_with_another_body_or_mandate_is_refused(rider: Rider) -> None:
    await rider.debit(300, "k1")
    with pytest.raises(errors.IdempotencyKeyReused):
        await rider.debit(301, "k1")
    rider.mandate_id = "man_other"
    with pytest.raises(errors.IdempotencyKeyReused):
        await rider.debit(300, "k1")


async def test_an_end_to_end_id_is_used_once_and_the_refusal_names_the_payment(
    rider: Rider,
) -> None:
    first = await rider.debit(300, "k1", "ride-1")
    with pytest.raises(errors.Conflict) as refused:
        await rider.debit(300, "k2", "ride-1")
    assert refused.value.extras == {"payment_id": first.payment.payment_id}
    assert await rider.balance() == 100_000 - 300
    assert await rider.next_debit() == 5_000
    # The key of the refused request was not used up.
    assert (await rider.debit(300, "k2", "ride-2")).payment.status == "settled"


async def test_above_the_cap_per_debit_the_refusal_can_be_acted_on(rider: Rider) -> None:
    with pytest.raises(errors.LimitPerDebit) as refused:
        await rider.debit(5_001, "k1")
    extras = refused.value.extras
    assert (extras["cap"], extras["headroom"]) == (told(5_000), told(5_000))
    assert refused.value.next_action == "lower_amount"
    assert await rider.tale.count(story.PAYMENTS) == 0
    assert (await rider.debit(extras["headroom"]["minor_units"], "k2")).payment.status == "settled"
    denials = [
        row for row in await rider.tale.database.all(story.AUDITED) if row.decision == "deny"
    ]
    assert [row.action for row in denials] == ["payment.debit"]
    assert json.loads(denials[0].detail)["code"] == "limit.per_debit"


async def test_above_the_daily_cap_the_refusal_says_the_rest(rider: Rider) -> None:
    for number in range(3):
        await rider.debit(5_000, f"k{number}")
    await rider.debit(4_000, "k3")
    with pytest.raises(errors.LimitMandateDay) as refused:
        await rider.debit(1_001, "k4")
    assert refused.value.extras["headroom"] == told(1_000)
    assert refused.value.extras["cap"] == told(20_000)
    assert await rider.next_debit() == 1_000
    assert (await rider.debit(1_000, "k5")).payment.status == "settled"
    with pytest.raises(errors.LimitMandateDay) as spent:
        await rider.debit(1, "k6")
    assert spent.value.extras["headroom"] == told(0)
    assert spent.value.next_action == "wait_next_day"


async def test_the_daily_cap_opens_again_at_midnight_in_the_banks_zone(rider: Rider) -> None:
    for number in range(4):
        await rider.debit(5_000, f"k{number}")
    # 10:00 in UTC+8 at the start; one second short of midnight there.
    rider.tale.clock.advance(14 * 3600 - 1)
    with pytest.raises(errors.LimitMandateDay):
        await rider.debit(1, "k4")
    rider.tale.clock.advance(1)
    assert (await rider.debit(5_000, "k5")).payment.status == "settled"


async def test_racing_debits_never_pass_the_daily_cap(rider: Rider) -> None:
    outcomes = await asyncio.gather(
        *(rider.debit(3_000, f"k{number}") for number in range(12)), return_exceptions=True
    )
    settled = [found for found in outcomes if isinstance(found, Debited)]
    assert len(settled) == 6
    for found in outcomes:
        assert isinstance(found, Debited | errors.LimitMandateDay)
    assert await rider.balance() == 100_000 - 18_000
    assert await rider.next_debit() == 2_000
    assert await rider.tale.bank.books_balance()


async def test_twins_at_the_same_instant_make_one_debit(rider: Rider) -> None:
    outcomes = await asyncio.gather(
        *(rider.debit(300, "same") for _ in range(4)),
        *(rider.debit(300, f"k{number}", "e2e-same") for number in range(4)),
        return_exceptions=True,
    )
    settled = [found for found in outcomes if isinstance(found, Debited)]
    assert len(settled) == 1
    assert all(
        isinstance(found, errors.Conflict) for found in outcomes if not isinstance(found, Debited)
    )
    assert await rider.balance() == 100_000 - 300


async def test_a_declined_debit_gives_its_room_back_and_is_replayed(
    database: Database, clock: SetClock
) -> None:
    rider = await rider_of(Story(database, clock), top_up=1_000)
    with pytest.raises(errors.BalanceInsufficient) as refused:
        await rider.debit(1_001, "k1")
    first = refused.value
    assert first.extras["headroom"] == {"minor_units": 1_000, "currency": "CNY"}
    with pytest.raises(errors.BalanceInsufficient) as repeated:
        await rider.debit(1_001, "k1")
    again = repeated.value
    assert again.headers == {"Idempotent-Replayed": "true"}
    assert (again.detail, again.extras) == (first.detail, first.extras)
    payment = await rider.tale.payments.read(first.extras["payment_id"], rider.caller)
    assert payment.status == "declined"
    assert payment.reason is not None
    assert (payment.reason.code, payment.reason.next_action) == ("balance.insufficient", "top_up")
    assert payment.reason.headroom == Money(1_000)
    assert (await rider.tale.event_counts())["payment.declined"] == 1
    assert await rider.next_debit() == 1_000
    assert (await rider.debit(1_000, "k2")).payment.status == "settled"


async def test_headroom_is_exactly_what_the_next_debit_accepts(
    database: Database, clock: SetClock
) -> None:
    rider = await rider_of(Story(database, clock), top_up=7_300, each=5_000, daily=9_000)
    for number in range(4):
        headroom = await rider.next_debit()
        with pytest.raises((errors.LimitExceeded, errors.BalanceInsufficient)):
            await rider.debit(headroom + 1, f"over-{number}")
        if headroom == 0:
            break
        await rider.debit(headroom, f"exact-{number}")
    assert await rider.balance() == 0


async def test_an_ended_mandate_is_not_debited(rider: Rider) -> None:
    await end_mandate(rider)
    with pytest.raises(errors.MandateNotLive):
        await rider.debit(300, "k1")
    assert await rider.next_debit() == 0
    assert await rider.tale.count(story.PAYMENTS) == 0


async def test_a_refusal_that_leaves_no_payment_is_stored_under_its_key(rider: Rider) -> None:
    await refused_twice(rider, 5_001, "each", errors.LimitPerDebit)
    for number in range(4):
        await rider.debit(5_000, f"k{number}")
    await refused_twice(rider, 2, "day", errors.LimitMandateDay)
    # The day's room comes back, and the stored answer stays what it was.
    rider.tale.clock.advance(20 * 3600)
    await refused_again(rider, 2, "day", errors.LimitMandateDay)
    await end_mandate(rider)
    await refused_twice(rider, 2, "ended", errors.MandateNotLive)
    denials = [
        json.loads(row.detail)["code"]
        for row in await rider.tale.database.all(story.AUDITED)
        if row.decision == "deny"
    ]
    assert sorted(denials) == ["limit.mandate_day", "limit.per_debit", "mandate.not_live"]


async def test_a_mandate_that_ends_at_the_last_moment_is_refused_and_remembered(
    rider: Rider, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = await rider.tale.mandates.fetch(rider.mandate_id, rider.caller)
    await end_mandate(rider)

    async def before_the_end(_mandate_id: str, _caller: Caller) -> Mandate:
        return stale

    monkeypatch.setattr(rider.tale.mandates, "fetch", before_the_end)
    await refused_twice(rider, 300, "k1", errors.MandateNotLive)


async def test_twins_of_a_refusal_leave_one_record(rider: Rider) -> None:
    outcomes = await asyncio.gather(
        *(rider.debit(5_001, "same") for _ in range(4)), return_exceptions=True
    )
    assert all(
        isinstance(found, errors.LimitPerDebit | errors.RequestInFlight) for found in outcomes
    )
    denials = [
        row for row in await rider.tale.database.all(story.AUDITED) if row.decision == "deny"
    ]
    assert len(denials) == 1


async def test_a_mandate_ended_at_the_bank_alone_declines(rider: Rider) -> None:
    mandate = await rider.tale.mandates.find(rider.mandate_id)
    assert mandate is not None
    await rider.tale.bank.end_mandate("op-end", mandate_id=mandate.bank_mandate_id)
    with pytest.raises(errors.MandateNotLive) as refused:
        await rider.debit(300, "k1")
    assert "rules" not in refused.value.extras
    payment = await rider.tale.payments.read(refused.value.extras["payment_id"], rider.caller)
    assert payment.status == "declined"


async def test_amounts_and_currencies_that_are_none_are_refused(rider: Rider) -> None:
    with pytest.raises(errors.InvalidField) as zero:
        await rider.debit(0, "k1")
    assert zero.value.extras["field"] == "instructed_amount.minor_units"
    with pytest.raises(errors.InvalidField) as foreign:
        await rider.debit(300, "k2", currency="EUR")
    assert foreign.value.extras["field"] == "instructed_amount.currency"
    for amount in (b"-1", b"1.5", b"3.0", b'"300"', b"9007199254740992", b"1e3", b"null"):
        body = b'{"instructed_amount":{"minor_units":' + amount + b'},"end_to_end_id":"r"}'
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(body, type=DebitRequest)


async def test_a_key_does_not_fetch_what_another_consent_gave(rider: Rider) -> None:
    await rider.debit(300, "k1", "ride-1")
    other = await rider.tale.consent("zhao")
    with pytest.raises(errors.IdempotencyKeyReused):
        await rider.tale.payments.debit(rider.mandate_id, ride(300), other, "k1")


async def test_a_refusal_by_the_mandate_knows_the_purse(
    database: Database, clock: SetClock
) -> None:
    rider = await rider_of(Story(database, clock), top_up=700)
    with pytest.raises(errors.LimitPerDebit) as refused:
        await rider.debit(5_001, "k1")
    assert refused.value.extras["cap"] == told(5_000)
    assert refused.value.extras["headroom"] == told(700)


async def test_what_is_under_another_consent_does_not_exist(rider: Rider) -> None:
    tale = rider.tale
    payment = (await rider.debit(300, "k1")).payment
    same_partner = await tale.consent("zhao")
    stranger = await tale.consent("lin", partner_id="par_other", client_id="cli_other")
    for other in (same_partner, stranger, msgspec.structs.replace(stranger, consent_id=None)):
        for mandate_id in (rider.mandate_id, "man_none"):
            with pytest.raises(errors.NotFound) as strange:
                await tale.payments.debit(mandate_id, ride(1), other, "k")
            assert (strange.value.detail, strange.value.extras) == ("", {})
        for payment_id in (payment.payment_id, "pay_none"):
            with pytest.raises(errors.NotFound) as unread:
                await tale.payments.read(payment_id, other)
            assert (unread.value.detail, unread.value.extras) == ("", {})


async def test_a_debit_posted_after_midnight_counts_on_the_day_of_its_posting(
    database: Database, clock: SetClock
) -> None:
    behind = SetClock(clock.now())
    rider = await rider_of(Story(database, clock, seen_clock=behind), daily=5_000)
    clock.advance(14 * 3600)
    behind.advance(14 * 3600 - 1)
    await rider.debit(5_000, "k1")
    mandate = await rider.tale.mandates.find(rider.mandate_id)
    assert mandate is not None
    days = [bank_day(behind.now()), bank_day(clock.now())]
    assert [await rider.tale.mandates.left(mandate, day) for day in days] == [5_000, 0]


def test_every_decline_of_the_bank_has_an_error() -> None:
    assert set(refusals.KINDS) == set(DeclineCode.__args__)
