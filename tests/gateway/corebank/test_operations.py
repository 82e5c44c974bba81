"""An operation happens once, whatever breaks between the bank and the gateway."""

import asyncio

import pytest

from contracts.errors import Conflict, CoreBankUnavailable, CoreBankUnknown
from contracts.v1.money import Money
from gateway.corebank.port import Declined, Done
from gateway.corebank.sandbox.service import SandboxBank
from tests.gateway.corebank.conftest import BankOf, Customers, cny, op


async def test_a_repeated_call_answers_the_record(bank: SandboxBank, customers: Customers) -> None:
    purse = await customers.account("T3", funded=5_000)
    mandate = await customers.mandate(purse)
    first = await customers.ride(purse, mandate, 300, "op_once")
    again = await customers.ride(purse, mandate, 300, "op_once")
    assert isinstance(first, Done)
    assert again == first
    assert await bank.outcome("op_once") == first
    assert (await bank.capabilities(purse)).balance == cny(4_700)


async def test_parallel_calls_with_one_id_move_money_once(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=5_000)
    mandate = await customers.mandate(purse)
    answers = await asyncio.gather(
        *(customers.ride(purse, mandate, 300, "op_once") for _ in range(8))
    )
    assert all(answer == answers[0] for answer in answers)
    assert (await bank.capabilities(purse)).balance == cny(4_700)
    assert await bank.books_balance()


async def test_a_refusal_is_an_outcome_too_and_stays(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=100)
    mandate = await customers.mandate(purse)
    refused = await customers.ride(purse, mandate, 300, "op_refused")
    assert isinstance(refused, Declined)
    await bank.top_up(op(), account_id=purse, amount=cny(5_000))
    assert await customers.ride(purse, mandate, 300, "op_refused") == refused
    assert await bank.outcome("op_refused") == refused


async def test_the_same_id_with_another_amount_is_a_conflict(customers: Customers) -> None:
    purse = await customers.account("T3", funded=5_000)
    mandate = await customers.mandate(purse)
    await customers.ride(purse, mandate, 300, "op_once")
    with pytest.raises(Conflict):
        await customers.ride(purse, mandate, 301, "op_once")


async def test_the_bank_never_saw_an_unknown_operation(bank: SandboxBank) -> None:
    assert await bank.outcome("op_never") is None


@pytest.mark.parametrize(
    ("amount", "code"),
    [(cny(0), "amount.not_positive"), (Money(100, "USD"), "amount.currency")],
)
async def test_amounts_that_are_none_are_declined(
    bank: SandboxBank, customers: Customers, amount: Money, code: str
) -> None:
    purse = await customers.account("T3")
    answer = await bank.top_up(op(), account_id=purse, amount=amount)
    assert isinstance(answer, Declined)
    assert answer.code == code


async def test_a_failure_before_the_commit_leaves_nothing(
    bank: SandboxBank, bank_of: BankOf, customers: Customers
) -> None:
    purse = await customers.account("T3")

    async def cut(kind: str, operation_id: str) -> None:
        raise CoreBankUnavailable(f"no line for {kind} {operation_id}")

    broken = await bank_of(before_commit=cut)
    with pytest.raises(CoreBankUnavailable):
        await broken.top_up("op_cut", account_id=purse, amount=cny(100))
    assert await bank.outcome("op_cut") is None
    assert (await bank.capabilities(purse)).balance == cny(0)


async def test_an_outcome_lost_after_the_commit_is_found_by_asking(
    bank: SandboxBank, bank_of: BankOf, customers: Customers
) -> None:
    purse = await customers.account("T3")

    async def lose(kind: str, operation_id: str) -> None:
        raise CoreBankUnknown(f"no answer for {kind} {operation_id}")

    broken = await bank_of(after_commit=lose)
    with pytest.raises(CoreBankUnknown):
        await broken.top_up("op_lost", account_id=purse, amount=cny(100))
    found = await bank.outcome("op_lost")
    assert isinstance(found, Done)
    assert found.outcome.amount == cny(100)
    # A retry under the same id is answered, not repeated.
    assert await broken.top_up("op_lost", account_id=purse, amount=cny(100)) == found
    assert (await bank.capabilities(purse)).balance == cny(100)


async def test_what_changes_between_decision_and_commit_is_seen(
    bank: SandboxBank, bank_of: BankOf, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=5_000)
    mandate = await customers.mandate(purse)

    async def end_it(kind: str, operation_id: str) -> None:
        await bank.end_mandate(f"{operation_id}:end", mandate_id=mandate)

    overtaken = Customers(await bank_of(before_commit=end_it))
    answer = await overtaken.ride(purse, mandate, 300)
    assert isinstance(answer, Declined)
    assert answer.code == "mandate.not_active"
    assert (await bank.capabilities(purse)).balance == cny(5_000)


async def test_money_that_arrives_while_an_account_closes_is_returned_too(
    bank: SandboxBank, bank_of: BankOf, customers: Customers
) -> None:
    purse = await customers.account("T3")

    async def top_up(kind: str, operation_id: str) -> None:
        await bank.top_up(f"{operation_id}:late", account_id=purse, amount=cny(700))

    overtaken = await bank_of(before_commit=top_up)
    closed = await overtaken.close_account(op(), account_id=purse)
    assert isinstance(closed, Done)
    assert closed.outcome.returned == cny(700)
    assert await bank.books_balance()


async def test_an_account_that_never_stands_still_ends_in_a_conflict(
    bank: SandboxBank, bank_of: BankOf, customers: Customers
) -> None:
    purse = await customers.account("T3")

    async def top_up(kind: str, operation_id: str) -> None:
        await bank.top_up(op(), account_id=purse, amount=cny(700))

    restless = await bank_of(before_commit=top_up)
    with pytest.raises(Conflict):
        await restless.close_account("op_restless", account_id=purse)
    assert await bank.outcome("op_restless") is None
    assert (await bank.capabilities(purse)).status == "active"
