"""Who may have an account, how many, and what closing one leaves."""

import asyncio

import pytest

from contracts.errors import NotFound
from gateway.corebank.port import Declined, Done
from gateway.corebank.sandbox.personas import load_personas
from gateway.corebank.sandbox.service import SandboxBank, ever_enrolled
from gateway.database import Database
from tests.gateway.corebank.conftest import Customers, cny, op


async def test_an_identified_adult_opens_both_tiers(bank: SandboxBank) -> None:
    for tier in ("T2", "T3"):
        answer = await bank.open_account(op(), customer_id="cus_lin", tier=tier)
        assert isinstance(answer, Done)
        assert answer.outcome.tier == tier
        assert "CN-ACC-02" in answer.rules
        assert answer.rule_pack == "2026.08"
    customer = await bank.customer("cus_lin")
    assert customer is not None
    assert (customer.open_t2, customer.open_t3) == (1, 1)


@pytest.mark.parametrize(
    ("customer", "tier", "code", "rule"),
    [
        ("lin", "T1", "account.tier_not_available_online", "CN-ACC-01"),
        ("qian", "T2", "account.too_many", "CN-ACC-02"),
        ("sun", "T2", "identity.bound_account_not_t1", "CN-ACC-07"),
        ("sun", "T3", "identity.bound_account_not_t1", "CN-ACC-07"),
        ("he", "T2", "identity.bound_account_mismatch", "CN-ACC-07"),
        ("tong", "T3", "customer.under_age", "TS-AGE-01"),
        ("zhou", "T2", "identity.level_too_low", "TS-KYC-01"),
    ],
)
async def test_the_bank_declines_with_code_and_rule(
    bank: SandboxBank, customer: str, tier: str, code: str, rule: str
) -> None:
    answer = await bank.open_account(op(), customer_id=f"cus_{customer}", tier=tier)
    assert isinstance(answer, Declined)
    assert answer.code == code
    assert answer.rules == (rule,)
    assert answer.headroom is None


async def test_a_stranger_has_no_account(bank: SandboxBank) -> None:
    answer = await bank.open_account(op(), customer_id="cus_nobody", tier="T2")
    assert isinstance(answer, Declined)
    assert answer.code == "customer.unknown"


async def test_who_is_identified_at_l2_may_open_tier_3(bank: SandboxBank) -> None:
    assert isinstance(await bank.open_account(op(), customer_id="cus_zhou", tier="T3"), Done)


async def test_seven_parallel_openings_give_five_accounts(bank: SandboxBank) -> None:
    answers = await asyncio.gather(
        *(bank.open_account(op(), customer_id="cus_lin", tier="T3") for _ in range(7))
    )
    refused = [answer for answer in answers if isinstance(answer, Declined)]
    assert [answer.code for answer in refused] == ["account.too_many"] * 2
    sixth = await bank.open_account(op(), customer_id="cus_lin", tier="T3")
    assert isinstance(sixth, Declined)


async def test_closing_returns_the_money_and_makes_room(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=5_000)
    mandate = await customers.mandate(purse)
    closed = await bank.close_account(op(), account_id=purse)
    assert isinstance(closed, Done)
    assert closed.outcome.returned == cny(5_000)
    assert (await bank.capabilities(purse)).status == "closed"
    assert (await bank.capabilities(purse)).next_debit == cny(0)
    after = await customers.ride(purse, mandate, 100)
    assert isinstance(after, Declined)
    assert after.code == "account.not_active"
    customer = await bank.customer("cus_lin")
    assert customer is not None
    assert customer.open_t3 == 0
    assert await bank.books_balance()


async def test_a_ride_that_races_the_closing_is_paid_or_refused_never_lost(
    bank: SandboxBank, customers: Customers
) -> None:
    for _ in range(4):
        purse = await customers.account("T3", funded=5_000)
        mandate = await customers.mandate(purse)
        ride, closed = await asyncio.gather(
            customers.ride(purse, mandate, 300), bank.close_account(op(), account_id=purse)
        )
        assert isinstance(closed, Done)
        paid = 300 if isinstance(ride, Done) else 0
        assert closed.outcome.returned == cny(5_000 - paid)
        assert (await bank.capabilities(purse)).balance == cny(0)
    assert await bank.books_balance()


async def test_closing_twice_under_two_ids_is_done_once(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=5_000)
    first = await bank.close_account(op(), account_id=purse)
    again = await bank.close_account(op(), account_id=purse)
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert again.outcome.closed_at == first.outcome.closed_at
    assert again.outcome.returned == cny(0)
    assert (await bank.customer("cus_lin")).open_t3 == 0  # type: ignore[union-attr]


async def test_an_unknown_account_has_no_capabilities(bank: SandboxBank) -> None:
    with pytest.raises(NotFound):
        await bank.capabilities("acc_nobody")
    # The bound account is the customer's own affair: nobody reads it here.
    with pytest.raises(NotFound):
        await bank.capabilities("bound_lin")


async def test_seeding_again_changes_nothing(bank: SandboxBank) -> None:
    before = await bank.customer("cus_qian")
    await asyncio.gather(bank.seed(load_personas()), bank.seed(load_personas()))
    assert await bank.customer("cus_qian") == before
    assert before is not None
    assert before.open_t2 == 5
    assert await bank.books_balance()


async def test_a_database_tells_whether_it_ever_held_personas(database: Database) -> None:
    assert not await ever_enrolled(database)


async def test_a_seeded_database_says_so(bank: SandboxBank, database: Database) -> None:
    assert await ever_enrolled(database)
