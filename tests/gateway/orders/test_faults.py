"""The bank is silent, slow or away: its outcome is learnt first, and everything happens once."""

import msgspec
import pytest

from contracts import errors
from contracts.v1.orders import Order
from gateway.consents.service import Consents
from gateway.database import Database
from gateway.kit.caller import Caller
from tests.conftest import SetClock
from tests.gateway.orders import story
from tests.gateway.orders.story import Story, line

KINDS = ("account.open", "mandate.record", "top_up")


class Faults:
    """Breaks the connection a number of times for one kind of operation."""

    def __init__(self, kind: str, error: type[Exception], times: int) -> None:
        self._kind = kind
        self._error = error
        self.left = times

    async def strike(self, kind: str, _operation_id: str) -> None:
        if kind == self._kind and self.left:
            self.left -= 1
            raise self._error


async def check_one_effect(tale: Story, order: Order) -> None:
    assert order.status == "active"
    assert await tale.count(story.BANK_ACCOUNTS, customer_id="cus_lin") == 2
    assert await tale.count(story.ACCOUNTS) == 2
    assert await tale.count(story.MANDATES) == 1
    assert await tale.balance(order, "purse") == 5_000
    assert await tale.bank.books_balance()
    await tale.check_events()
    assert (await tale.event_counts())["order.active"] == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_an_outcome_that_is_found_is_taken_in_the_same_request(
    database: Database, clock: SetClock, kind: str
) -> None:
    faults = Faults(kind, errors.CoreBankUnknown, 1)
    tale = Story(database, clock, after_commit=faults.strike)
    placed = await tale.place(await tale.consent())
    await check_one_effect(tale, placed.order)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_operation_the_bank_never_saw_is_repeated_in_the_same_request(
    database: Database, clock: SetClock, kind: str
) -> None:
    faults = Faults(kind, errors.CoreBankUnknown, 1)
    tale = Story(database, clock, before_commit=faults.strike)
    placed = await tale.place(await tale.consent())
    await check_one_effect(tale, placed.order)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
async def test_a_bank_that_stays_silent_leaves_the_line_unknown_until_the_retry(
    database: Database, clock: SetClock, kind: str, moment: str
) -> None:
    faults = Faults(kind, errors.CoreBankUnknown, 2)
    tale = Story(database, clock, **{moment: faults.strike})
    caller = await tale.consent()
    try:
        placed = await tale.place(caller)
    except errors.CoreBankUnknown as unknown:
        order = await tale.orders.read(unknown.extras["order_id"], caller)
        assert order.status == "activating"
        assert [found.status for found in order.lines].count("unknown") == 1
        placed = await tale.place(caller)
        assert not placed.replayed
    else:
        # After the commit the outcome is found at once, so a second fault meets the next line.
        assert moment == "after_commit"
    await check_one_effect(tale, placed.order)
    again = await tale.place(caller)
    assert again.body == placed.body


@pytest.mark.parametrize("kind", KINDS)
async def test_a_bank_that_is_away_says_so_and_a_worker_goes_on(
    database: Database, clock: SetClock, kind: str
) -> None:
    faults = Faults(kind, errors.CoreBankUnavailable, 1)
    tale = Story(database, clock, before_commit=faults.strike)
    caller = await tale.consent()
    with pytest.raises(errors.CoreBankUnavailable) as away:
        await tale.place(caller)
    assert away.value.headers["Retry-After"] == "1"
    assert await tale.orders.worker.step() == 0
    clock.advance(2)
    assert await tale.orders.worker.step() == 1
    placed = await tale.place(caller)
    assert placed.replayed
    await check_one_effect(tale, placed.order)
    assert placed.order == await tale.orders.read(placed.order.order_id, caller)


async def test_a_worker_waits_longer_after_every_failure(
    database: Database, clock: SetClock
) -> None:
    faults = Faults("account.open", errors.CoreBankUnavailable, 4)
    tale = Story(database, clock, before_commit=faults.strike)
    caller = await tale.consent()
    with pytest.raises(errors.CoreBankUnavailable):
        await tale.place(caller)
    for pause in (1, 2, 4):
        clock.advance(pause - 0.5)
        assert (await tale.orders.worker.step(), faults.left) == (0, faults.left)
        left = faults.left
        clock.advance(0.5)
        assert await tale.orders.worker.step() == 0
        assert faults.left == left - 1
    clock.advance(8)
    assert await tale.orders.worker.step() == 1


async def test_a_retry_while_somebody_carries_the_order_is_told_to_wait(
    database: Database, clock: SetClock
) -> None:
    tale = Story(database, clock)
    caller = await tale.consent()

    async def retry(kind: str, _operation_id: str) -> None:
        if kind == "top_up":
            with pytest.raises(errors.RequestInFlight) as refused:
                await tale.place(caller)
            assert refused.value.headers["Retry-After"] == "1"
            assert await tale.orders.worker.step() == 0

    busy = Story(database, clock, before_commit=retry)
    placed = await busy.place(caller)
    await check_one_effect(tale, placed.order)


async def test_whoever_loses_the_lease_writes_nothing(database: Database, clock: SetClock) -> None:
    tale = Story(database, clock)
    caller = await tale.consent()

    async def overtake(kind: str, _operation_id: str) -> None:
        if kind == "mandate.record":
            clock.advance(story.LEASE.total_seconds() + 1)
            assert await tale.orders.worker.step() == 1

    slow = Story(database, clock, before_commit=overtake)
    with pytest.raises(errors.RequestInFlight):
        await slow.place(caller)
    placed = await tale.place(caller)
    assert placed.replayed
    await check_one_effect(tale, placed.order)


async def revoke(consents: Consents, tale: Story, consent_id: str | None) -> None:
    await consents.revoke(consent_id or "", "cus_lin", tale.clock.now())


async def until_called_off(tale: Story, caller: Caller, order_id: str) -> Order:
    """The step may still be on its way to the bank, so it is too early to call it off."""
    tale.clock.advance(10)
    assert await tale.orders.worker.step() == 0
    assert (await tale.orders.read(order_id, caller)).status == "activating"
    tale.clock.advance(120)
    assert await tale.orders.worker.step() == 1
    return await tale.orders.read(order_id, caller)


async def test_nothing_new_is_started_for_a_customer_who_took_the_consent_back(
    database: Database, clock: SetClock
) -> None:
    faults = Faults("mandate.record", errors.CoreBankUnavailable, 1)
    tale = Story(database, clock, before_commit=faults.strike)
    caller = await tale.consent()
    with pytest.raises(errors.CoreBankUnavailable) as away:
        await tale.place(caller)
    await revoke(tale.consents, tale, caller.consent_id)
    order = await until_called_off(tale, caller, away.value.extras["order_id"])
    assert order.status == "cancelled"
    ride = line(order, "ride")
    assert (ride.status, msgspec.to_builtins(ride.reason)) == (
        "declined",
        {"reason_family": "policy", "code": "consent.not_live"},
    )
    assert await tale.count(story.BANK_ACCOUNTS, customer_id="cus_lin") == 0
    assert await tale.bank.books_balance()


async def test_a_step_that_arrives_late_is_not_called_off_before(
    database: Database, clock: SetClock
) -> None:
    faults = Faults("account.open", errors.CoreBankUnknown, 2)
    tale = Story(database, clock, before_commit=faults.strike)
    caller = await tale.consent()
    with pytest.raises(errors.CoreBankUnknown) as unknown:
        await tale.place(caller)
    # The second sending comes long after the first; the quiet time counts from it.
    clock.advance(300)
    faults.left = 2
    assert await tale.orders.worker.step() == 0
    await revoke(tale.consents, tale, caller.consent_id)
    order_id = unknown.value.extras["order_id"]
    with pytest.raises(errors.CoreBankUnknown):
        await tale.place(caller)
    assert (await tale.orders.read(order_id, caller)).status == "activating"
    vault = line(await tale.orders.read(order_id, caller), "vault")
    await tale.bank.open_account(f"{vault.line_id}.open", customer_id="cus_lin", tier="T2")
    order = await ended(tale, caller, order_id)
    assert order.status == "cancelled"
    assert line(order, "vault").status == "compensated"
    assert await tale.count(story.BANK_ACCOUNTS, customer_id="cus_lin") == 0
    await tale.check_events()


async def ended(tale: Story, caller: Caller, order_id: str) -> Order:
    tale.clock.advance(10)
    assert await tale.orders.worker.step() == 1
    return await tale.orders.read(order_id, caller)
