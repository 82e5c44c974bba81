"""A mandate allows what the customer said, to whom they said, until it ends."""

import asyncio

import pytest

from contracts.v1.money import Money
from gateway.corebank.port import Declined, Done
from gateway.corebank.sandbox.service import SandboxBank
from tests.gateway.corebank.conftest import PAYEE, Customers, cny, op


async def test_a_ride_is_paid_to_the_mandates_payee(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=5_000)
    mandate = await customers.mandate(purse)
    paid = await customers.ride(purse, mandate, 300)
    assert isinstance(paid, Done)
    assert paid.outcome.amount == cny(300)
    assert paid.rules == ("CN-ACC-04", "CN-ACC-05", "TS-MANDATE-01")
    assert (await bank.capabilities(purse)).balance == cny(4_700)
    assert await bank.books_balance()


async def test_above_the_cap_per_debit_the_headroom_is_what_would_pass(
    customers: Customers,
) -> None:
    purse = await customers.account("T3", funded=50_000)
    mandate = await customers.mandate(purse)
    refused = await customers.ride(purse, mandate, 5_001)
    assert isinstance(refused, Declined)
    assert refused.code == "limit.per_debit"
    assert refused.headroom == cny(5_000)
    assert refused.rules == ("TS-MANDATE-01",)
    assert isinstance(await customers.ride(purse, mandate, 5_000), Done)


async def test_the_daily_cap_falls_and_comes_back(customers: Customers, clock) -> None:
    purse = await customers.account("T3", funded=50_000)
    mandate = await customers.mandate(purse, each=5_000, daily=8_000)
    assert isinstance(await customers.ride(purse, mandate, 5_000), Done)
    refused = await customers.ride(purse, mandate, 3_001)
    assert isinstance(refused, Declined)
    assert (refused.code, refused.headroom) == ("limit.mandate_day", cny(3_000))
    clock.advance(24 * 3600)
    assert isinstance(await customers.ride(purse, mandate, 3_001), Done)


async def test_money_that_is_not_there_is_refused_with_what_is(customers: Customers) -> None:
    purse = await customers.account("T3", funded=200)
    mandate = await customers.mandate(purse)
    refused = await customers.ride(purse, mandate, 201)
    assert isinstance(refused, Declined)
    assert (refused.code, refused.headroom) == ("balance.insufficient", cny(200))


async def test_an_ended_mandate_pays_nothing_and_stays_ended(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=5_000)
    mandate = await customers.mandate(purse)
    ended = await bank.end_mandate(op(), mandate_id=mandate)
    again = await bank.end_mandate(op(), mandate_id=mandate)
    assert isinstance(ended, Done)
    assert isinstance(again, Done)
    assert again.outcome == ended.outcome
    refused = await customers.ride(purse, mandate, 300)
    assert isinstance(refused, Declined)
    assert refused.code == "mandate.not_active"


async def test_a_mandate_is_for_one_account_and_one_payee(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=5_000)
    other = await customers.account("T3", funded=5_000)
    mandate = await customers.mandate(purse)
    for account, payee, code in (
        (other, PAYEE, "mandate.other_account"),
        (purse, "payee-else", "mandate.other_payee"),
    ):
        answer = await bank.debit(
            op(),
            account_id=account,
            mandate_id=mandate,
            amount=cny(100),
            payee_id=payee,
            remittance_information="",
        )
        assert isinstance(answer, Declined)
        assert answer.code == code
    unknown = await customers.ride(purse, "bmd_nobody", 100)
    assert isinstance(unknown, Declined)
    assert unknown.code == "mandate.unknown"


@pytest.mark.parametrize(
    ("each", "daily", "code"),
    [
        (cny(5_001), cny(20_000), "mandate.cap_not_allowed"),
        (cny(5_000), cny(20_001), "mandate.cap_not_allowed"),
        (cny(301), cny(300), "mandate.cap_not_allowed"),
        (cny(0), cny(300), "amount.not_positive"),
        (Money(100, "USD"), cny(300), "amount.currency"),
    ],
)
async def test_caps_beyond_the_design_are_refused(
    bank: SandboxBank, customers: Customers, each: Money, daily: Money, code: str
) -> None:
    purse = await customers.account("T3")
    answer = await bank.record_mandate(
        op(),
        customer_id="cus_lin",
        account_id=purse,
        payee_id=PAYEE,
        per_debit_cap=each,
        daily_cap=daily,
    )
    assert isinstance(answer, Declined)
    assert answer.code == code


async def test_nobody_records_a_mandate_on_another_customers_account(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3")
    answer = await bank.record_mandate(
        op(),
        customer_id="cus_zhao",
        account_id=purse,
        payee_id=PAYEE,
        per_debit_cap=cny(100),
        daily_cap=cny(100),
    )
    assert isinstance(answer, Declined)
    assert answer.code == "account.unknown"


async def test_parallel_rides_do_not_pass_the_daily_cap(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=50_000)
    mandate = await customers.mandate(purse, each=5_000, daily=8_000)
    answers = await asyncio.gather(*(customers.ride(purse, mandate, 5_000) for _ in range(4)))
    assert sum(isinstance(answer, Done) for answer in answers) == 1
    refused = [answer.code for answer in answers if isinstance(answer, Declined)]
    assert refused == ["limit.mandate_day"] * 3
    assert (await bank.capabilities(purse)).balance == cny(45_000)


async def test_a_ride_that_races_the_end_of_its_mandate_is_paid_before_it_or_not_at_all(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=5_000)
    mandate = await customers.mandate(purse)
    ended, *rides = await asyncio.gather(
        bank.end_mandate(op(), mandate_id=mandate),
        *(customers.ride(purse, mandate, 100) for _ in range(5)),
    )
    assert isinstance(ended, Done)
    paid = sum(isinstance(ride, Done) for ride in rides)
    assert (await bank.capabilities(purse)).balance == cny(5_000 - 100 * paid)
    late = await customers.ride(purse, mandate, 100)
    assert isinstance(late, Declined)
    assert late.code == "mandate.not_active"
