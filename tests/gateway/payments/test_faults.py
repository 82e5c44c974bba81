"""A silent bank, a killed process, a customer who changed their mind: never two debits."""

import asyncio
import json

import msgspec
import pytest

from contracts import errors
from gateway.accounts.service import Mandate
from gateway.database import Database
from gateway.kit.clock import bank_day
from tests.conftest import SetClock
from tests.gateway.orders import story
from tests.gateway.orders.story import LEASE, Killed, MortalDatabase, Story, until_answered
from tests.gateway.payments.rider import Rider, rider_of


class Faults:
    """Breaks the line to the bank for debits, a number of times."""

    def __init__(self, error: type[Exception]) -> None:
        self._error = error
        self.left = 0

    async def strike(self, kind: str, _operation_id: str) -> None:
        if kind == "debit" and self.left:
            self.left -= 1
            raise self._error


class Fixture:
    """A rider whose bank can be silenced."""

    def __init__(self, rider: Rider, faults: Faults) -> None:
        self.rider = rider
        self.faults = faults
        self.tale = rider.tale
        self.clock = rider.tale.clock

    async def left(self) -> int:
        mandate = await self.mandate()
        return await self.tale.mandates.left(mandate, bank_day(self.clock.now()))

    async def mandate(self) -> Mandate:
        found = await self.tale.mandates.find(self.rider.mandate_id)
        assert found is not None
        return found

    async def status(self, payment_id: str) -> str:
        return (await self.tale.payments.read(payment_id, self.rider.caller)).status


async def fixture(
    database: Database, clock: SetClock, error: type[Exception], moment: str = "before_commit"
) -> Fixture:
    faults = Faults(error)
    return Fixture(await rider_of(Story(database, clock, **{moment: faults.strike})), faults)


async def fixture_of(at: Fixture, database: Database, error: type[Exception]) -> Fixture:
    """The same rider before a line that breaks in another way."""
    faults = Faults(error)
    tale = Story(database, at.clock, before_commit=faults.strike)
    return Fixture(Rider(tale, at.rider.caller, at.rider.order), faults)


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
async def test_one_silence_is_cleared_up_within_the_request(
    database: Database, clock: SetClock, moment: str
) -> None:
    at = await fixture(database, clock, errors.CoreBankUnknown, moment)
    at.faults.left = 1
    debited = await at.rider.debit(300, "k1")
    assert debited.payment.status == "settled"
    assert await at.rider.balance() == 100_000 - 300
    assert await at.left() == 20_000 - 300


async def test_a_bank_that_stays_silent_is_asked_again_by_the_retry(
    database: Database, clock: SetClock
) -> None:
    at = await fixture(database, clock, errors.CoreBankUnknown)
    at.faults.left = 2
    with pytest.raises(errors.CoreBankUnknown) as unknown:
        await at.rider.debit(300, "k1")
    payment_id = unknown.value.extras["payment_id"]
    assert await at.status(payment_id) == "unknown"
    assert await at.left() == 20_000 - 300
    debited = await at.rider.debit(300, "k1")
    assert (debited.replayed, debited.payment.payment_id) == (False, payment_id)
    assert (await at.rider.debit(300, "k1")).body == debited.body
    assert await at.rider.balance() == 100_000 - 300
    await at.tale.check_events()


async def test_a_bank_that_stays_silent_is_asked_again_by_the_worker(
    database: Database, clock: SetClock
) -> None:
    at = await fixture(database, clock, errors.CoreBankUnknown)
    at.faults.left = 2
    with pytest.raises(errors.CoreBankUnknown):
        await at.rider.debit(300, "k1")
    assert await at.tale.payments.worker.step() == 0
    clock.advance(1)
    assert await at.tale.payments.worker.step() == 1
    debited = await at.rider.debit(300, "k1")
    assert debited.replayed
    assert debited.payment.status == "settled"
    assert await at.rider.balance() == 100_000 - 300
    assert await at.left() == 20_000 - 300


async def test_a_debit_that_may_be_on_its_way_keeps_its_room_when_the_bank_is_away(
    database: Database, clock: SetClock
) -> None:
    at = await fixture(database, clock, errors.CoreBankUnknown)
    at.faults.left = 2
    with pytest.raises(errors.CoreBankUnknown):
        await at.rider.debit(300, "k1")
    away = await fixture_of(at, database, errors.CoreBankUnavailable)
    away.faults.left = 1
    with pytest.raises(errors.CoreBankUnknown) as unknown:
        await away.rider.debit(300, "k1")
    assert await at.status(unknown.value.extras["payment_id"]) == "unknown"
    assert await at.left() == 20_000 - 300
    clock.advance(10)
    assert await away.tale.payments.worker.step() == 1
    assert (await at.rider.debit(300, "k1")).payment.status == "settled"
    assert await at.left() == 20_000 - 300


async def test_a_debit_sent_by_a_killed_process_keeps_its_room_when_the_bank_is_away(
    database: Database, clock: SetClock
) -> None:
    at = await fixture(database, clock, errors.CoreBankUnavailable)
    mortal = Story(MortalDatabase(database, 1, durable=True), clock)
    with pytest.raises(Killed):
        await Rider(mortal, at.rider.caller, at.rider.order).debit(300, "k1")
    clock.advance(LEASE.total_seconds() + 1)
    at.faults.left = 1
    with pytest.raises(errors.CoreBankUnknown):
        await at.rider.debit(300, "k1")
    assert await at.left() == 20_000 - 300
    assert (await at.rider.debit(300, "k1")).payment.status == "settled"


async def test_what_never_reached_the_bank_waits_for_the_retry_alone(
    database: Database, clock: SetClock
) -> None:
    at = await fixture(database, clock, errors.CoreBankUnavailable)
    at.faults.left = 1
    with pytest.raises(errors.CoreBankUnavailable) as away:
        await at.rider.debit(300, "k1")
    payment_id = away.value.extras["payment_id"]
    assert await at.left() == 20_000
    clock.advance(3600)
    assert await at.tale.payments.worker.step() == 0
    assert await at.status(payment_id) == "received"
    debited = await at.rider.debit(300, "k1")
    assert debited.payment.payment_id == payment_id
    assert debited.payment.status == "settled"
    assert await at.left() == 20_000 - 300
    assert await at.rider.balance() == 100_000 - 300


async def test_what_never_reached_the_bank_and_nobody_asks_for_is_declined_in_the_end(
    database: Database, clock: SetClock
) -> None:
    at = await fixture(database, clock, errors.CoreBankUnavailable)
    at.faults.left = 1
    with pytest.raises(errors.CoreBankUnavailable) as away:
        await at.rider.debit(300, "k1")
    clock.advance(24 * 3600 + 1)
    assert await at.tale.payments.worker.step() == 1
    assert await at.status(away.value.extras["payment_id"]) == "declined"
    with pytest.raises(errors.PaymentDeclined) as told:
        await at.rider.debit(300, "k1")
    assert told.value.headers == {"Idempotent-Replayed": "true"}
    assert await at.rider.balance() == 100_000
    assert await at.left() == 20_000


async def test_a_retry_finds_the_days_room_taken_meanwhile(
    database: Database, clock: SetClock
) -> None:
    at = await fixture(database, clock, errors.CoreBankUnavailable)
    at.faults.left = 1
    with pytest.raises(errors.CoreBankUnavailable):
        await at.rider.debit(300, "k1")
    for number in range(4):
        await at.rider.debit(5_000, f"other-{number}")
    with pytest.raises(errors.LimitMandateDay) as refused:
        await at.rider.debit(300, "k1")
    assert refused.value.extras["headroom"] == {"minor_units": 0, "currency": "CNY"}
    assert await at.status(refused.value.extras["payment_id"]) == "declined"
    assert await at.left() == 0


async def test_a_worker_makes_no_debit_after_the_consent_has_ended(
    database: Database, clock: SetClock
) -> None:
    at = await fixture(database, clock, errors.CoreBankUnknown)
    at.faults.left = 2
    with pytest.raises(errors.CoreBankUnknown) as unknown:
        await at.rider.debit(300, "k1")
    consent_id = at.rider.caller.consent_id or ""
    await at.tale.consents.revoke(consent_id, "cus_lin", clock.now())
    # The debit may still be on its way to the bank, so it is too early to call it off.
    clock.advance(10)
    assert await at.tale.payments.worker.step() == 0
    assert await at.status(unknown.value.extras["payment_id"]) == "unknown"
    clock.advance(120)
    assert await at.tale.payments.worker.step() == 1
    assert await at.status(unknown.value.extras["payment_id"]) == "declined"
    assert await at.rider.balance() == 100_000
    assert await at.left() == 20_000


async def test_a_worker_takes_the_outcome_of_a_debit_made_before_the_consent_ended(
    database: Database, clock: SetClock
) -> None:
    tale = Story(database, clock)
    rider = await rider_of(tale)
    mortal = Story(MortalDatabase(database, 2, durable=True), clock)
    with pytest.raises(Killed):
        await Rider(mortal, rider.caller, rider.order).debit(300, "k1")
    await tale.consents.revoke(rider.caller.consent_id or "", "cus_lin", clock.now())
    clock.advance(LEASE.total_seconds() + 1)
    assert await tale.payments.worker.step() == 1
    assert (await rider.debit(300, "k1")).payment.status == "settled"
    assert await rider.balance() == 100_000 - 300


async def test_a_retry_while_somebody_carries_the_payment_is_told_to_wait(
    database: Database, clock: SetClock
) -> None:
    rider = await rider_of(Story(database, clock))

    async def retry(kind: str, _operation_id: str) -> None:
        if kind == "debit":
            with pytest.raises(errors.RequestInFlight) as refused:
                await rider.debit(300, "k1")
            assert refused.value.headers["Retry-After"] == "1"
            assert await rider.tale.payments.worker.step() == 0

    busy = Story(database, clock, before_commit=retry)
    debited = await Rider(busy, rider.caller, rider.order).debit(300, "k1")
    assert debited.payment.status == "settled"


async def test_whoever_loses_the_lease_writes_nothing(database: Database, clock: SetClock) -> None:
    rider = await rider_of(Story(database, clock))

    async def overtake(kind: str, _operation_id: str) -> None:
        if kind == "debit":
            clock.advance(LEASE.total_seconds() + 1)
            assert await rider.tale.payments.worker.step() == 1

    slow = Story(database, clock, before_commit=overtake)
    with pytest.raises(errors.RequestInFlight):
        await Rider(slow, rider.caller, rider.order).debit(300, "k1")
    assert (await rider.debit(300, "k1")).replayed
    assert await rider.balance() == 100_000 - 300


# A debit's commits: received, posted at the bank, concluded. One that is declined has as many.
KILLS = [
    (amount, commit, durable)
    for amount in (300, 5_000)
    for commit in (1, 2, 3)
    for durable in (False, True)
]


@pytest.mark.parametrize("by_worker", [False, True], ids=["retry", "worker"])
async def test_a_debit_killed_at_any_commit_ends_with_one_effect(
    database: Database, clock: SetClock, by_worker: bool
) -> None:
    tale = Story(database, clock)
    for number, (amount, commit, durable) in enumerate(KILLS):
        login = await tale.fresh("lin")
        caller, order = await tale.active(login, details=story.wallet(1_000))
        rider = Rider(tale, caller, order)
        mortal = Story(MortalDatabase(database, commit, durable=durable), clock)
        with pytest.raises(Killed):
            await Rider(mortal, caller, order).debit(amount, f"k{number}")
        if by_worker:
            clock.advance(LEASE.total_seconds() + 1)
            await tale.payments.worker.step()
        answer = await until_answered(lambda r=rider, a=amount, n=number: outcome(r, a, n), clock)
        assert await outcome(rider, amount, number) == answer
        assert await rider.balance() == (700 if amount == 300 else 1_000)
        assert await rider.next_debit() == await rider.balance()
        types = await tale.event_counts(about=f'e2e-k{number}"')
        assert types["payment.settled"] + types["payment.declined"] == 1
    assert await tale.bank.books_balance()
    await tale.check_events()


async def outcome(rider: Rider, amount: int, number: int) -> bytes:
    """What the retry is answered: the payment, or the refusal as it is worded."""
    try:
        return (await rider.debit(amount, f"k{number}")).body
    except errors.BalanceInsufficient as refused:
        return json.dumps([refused.code, refused.detail, refused.extras]).encode()


async def test_racing_debits_with_a_silent_bank_keep_every_cap(
    database: Database, clock: SetClock
) -> None:
    at = await fixture(database, clock, errors.CoreBankUnknown, "after_commit")
    at.faults.left = 8
    await asyncio.gather(
        *(at.rider.debit(3_000, f"k{number}") for number in range(12)), return_exceptions=True
    )
    for number in range(12):
        clock.advance(LEASE.total_seconds() + 1)
        await at.tale.payments.worker.step()
        await asyncio.gather(at.rider.debit(3_000, f"k{number}"), return_exceptions=True)
    assert await at.rider.balance() == 100_000 - 18_000
    assert await at.left() == 2_000
    assert await at.tale.bank.books_balance()
    await at.tale.check_events()


async def test_the_stored_refusal_is_the_same_for_every_later_caller(
    database: Database, clock: SetClock
) -> None:
    rider = await rider_of(Story(database, clock), top_up=100)
    with pytest.raises(errors.BalanceInsufficient) as first:
        await rider.debit(300, "k1")
    later = Rider(
        rider.tale,
        msgspec.structs.replace(
            rider.caller, interaction_id="00000000-0000-4000-8000-000000000002"
        ),
        rider.order,
    )
    with pytest.raises(errors.BalanceInsufficient) as again:
        await later.debit(300, "k1")
    assert first.value.extras == again.value.extras
