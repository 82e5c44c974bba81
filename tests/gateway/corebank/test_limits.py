"""Limits hold on the bank's day and year, whatever the order, and headroom is exact."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.corebank.port import AccountCapabilities, Declined, Done
from gateway.corebank.sandbox.service import SandboxBank
from gateway.kit.clock import BANK_ZONE, bank_day
from gateway.rules.service import RuleBook
from tests.conftest import SetClock
from tests.gateway.corebank.conftest import BankOf, Customers, cny, op
from tests.packs import book_of, shipped_file, with_figure

RARE = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def refusal(answer: Any) -> tuple[str, int | None]:
    assert isinstance(answer, Declined), answer
    return answer.code, None if answer.headroom is None else answer.headroom.minor_units


async def test_ten_thousand_pass_and_one_fen_more_does_not(
    bank: SandboxBank, customers: Customers, clock: SetClock
) -> None:
    clock.at = datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC)  # 23:59:59 on the 24th in UTC+8
    vault = await customers.account("T2", funded=3_000_000)
    assert isinstance(await bank.pay(op(), account_id=vault, amount=cny(1_000_000)), Done)
    refused = await bank.pay(op(), account_id=vault, amount=cny(1))
    assert refusal(refused) == ("limit.day", 0)
    assert isinstance(refused, Declined)
    assert refused.rules == ("CN-ACC-03",)
    clock.advance(1)
    passed = await bank.pay(op(), account_id=vault, amount=cny(1_000_000))
    assert isinstance(passed, Done)
    assert passed.outcome.bank_day.isoformat() == "2026-11-25"


async def test_exempt_flows_use_nothing_of_the_limit(
    bank: SandboxBank, customers: Customers
) -> None:
    vault = await customers.account("T2", funded=12_000_000)
    bought = await bank.purchase_investment(op(), account_id=vault, amount=cny(5_000_000))
    returned = await bank.withdraw(op(), account_id=vault, amount=cny(5_000_000))
    assert isinstance(bought, Done)
    assert isinstance(returned, Done)
    room = await bank.capabilities(vault)
    assert room.outgoing is not None
    assert room.incoming is not None
    assert room.outgoing.day.left == cny(1_000_000)
    assert room.incoming.year.used == cny(0)
    assert await bank.books_balance()


async def test_two_parallel_payments_of_six_thousand_one_wins(
    bank: SandboxBank, customers: Customers
) -> None:
    vault = await customers.account("T2", funded=2_000_000)
    answers = await asyncio.gather(
        *(bank.pay(op(), account_id=vault, amount=cny(600_000)) for _ in range(2))
    )
    assert sorted(type(answer) is Done for answer in answers) == [False, True]
    loser = next(answer for answer in answers if isinstance(answer, Declined))
    assert refusal(loser) == ("limit.day", 400_000)
    assert (await bank.capabilities(vault)).balance == cny(1_400_000)
    assert await bank.books_balance()


async def test_money_is_not_taken_twice_by_parallel_withdrawals(
    bank: SandboxBank, customers: Customers
) -> None:
    vault = await customers.account("T2", funded=600)
    answers = await asyncio.gather(
        *(bank.withdraw(op(), account_id=vault, amount=cny(400)) for _ in range(3))
    )
    refused = [refusal(answer) for answer in answers if not isinstance(answer, Done)]
    assert refused == [("balance.insufficient", 200)] * 2
    assert (await bank.capabilities(vault)).balance == cny(200)


async def test_parallel_top_ups_do_not_pass_the_highest_balance(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3")
    answers = await asyncio.gather(
        *(bank.top_up(op(), account_id=purse, amount=cny(150_000)) for _ in range(3))
    )
    refused = [refusal(answer) for answer in answers if not isinstance(answer, Done)]
    assert refused == [("limit.balance", 50_000)] * 2
    assert (await bank.capabilities(purse)).balance == cny(150_000)


async def test_the_purse_never_holds_more_than_two_thousand(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=199_900)
    refused = await bank.top_up(op(), account_id=purse, amount=cny(101))
    assert refusal(refused) == ("limit.balance", 100)
    assert isinstance(refused, Declined)
    assert refused.rules == ("CN-ACC-04",)
    assert isinstance(await bank.top_up(op(), account_id=purse, amount=cny(100)), Done)


async def test_a_purse_spends_two_thousand_a_day_and_fifty_thousand_a_year(
    bank: SandboxBank, customers: Customers, clock: SetClock
) -> None:
    clock.at = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
    purse = await customers.account("T3")
    for _ in range(25):
        await bank.top_up(op(), account_id=purse, amount=cny(200_000))
        assert isinstance(await bank.pay(op(), account_id=purse, amount=cny(200_000)), Done)
        clock.advance(24 * 3600)
    await bank.top_up(op(), account_id=purse, amount=cny(200_000))
    assert refusal(await bank.pay(op(), account_id=purse, amount=cny(1))) == ("limit.year", 0)
    clock.at = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)  # New Year in UTC+8
    assert isinstance(await bank.pay(op(), account_id=purse, amount=cny(200_000)), Done)


async def test_what_the_bound_account_holds_is_not_told(bank: SandboxBank) -> None:
    opened = await bank.open_account(op(), customer_id="cus_wu", tier="T3")
    assert isinstance(opened, Done)
    purse = opened.outcome.account_id
    refused = await bank.top_up(op(), account_id=purse, amount=cny(5_000))
    assert refusal(refused) == ("balance.insufficient", None)
    assert isinstance(await bank.top_up(op(), account_id=purse, amount=cny(300)), Done)


async def test_money_from_strangers_waits_for_what_the_rule_asks(
    bank: SandboxBank, customers: Customers
) -> None:
    vault = await customers.account("T2")
    purse = await customers.account("T3")
    assert (await bank.capabilities(vault)).nonbound_inflow_needs == ("L4",)
    needs = (await bank.capabilities(purse)).nonbound_inflow_needs
    assert needs == ("bound_funded", "consent")
    for account in (vault, purse):
        answer = await bank.receive(op(), account_id=account, amount=cny(100))
        assert refusal(answer) == ("inflow.not_confirmed", None)
    await bank.confirm_in_person(vault)
    await bank.agree_inflow(purse)
    await bank.top_up(op(), account_id=purse, amount=cny(100))
    for account in (vault, purse):
        room = await bank.capabilities(account)
        assert room.nonbound_inflow == "open"
        assert isinstance(
            await bank.receive(op(), account_id=account, amount=room.next_credit), Done
        )
    assert refusal(await bank.receive(op(), account_id=vault, amount=cny(1))) == ("limit.day", 0)
    assert refusal(await bank.receive(op(), account_id=purse, amount=cny(1))) == (
        "limit.balance",
        0,
    )


async def test_investments_are_not_bought_from_a_purse(
    bank: SandboxBank, customers: Customers
) -> None:
    purse = await customers.account("T3", funded=1_000)
    answer = await bank.purchase_investment(op(), account_id=purse, amount=cny(100))
    assert refusal(answer) == ("account.purpose_not_allowed", None)


def lowered_from(day: date) -> RuleBook:
    return book_of(
        with_figure(shipped_file(), "CN-ACC-04", "balance_fen", 100_000, effective_from=day),
        "2026.12",
    )


async def test_tomorrows_cap_binds_tomorrow_and_a_fuller_purse_may_still_pay(
    bank_of: BankOf, clock: SetClock
) -> None:
    bank = await bank_of(rules=lowered_from(date(2026, 11, 25)))
    purse = await Customers(bank).account("T3", funded=150_000)
    assert (await bank.capabilities(purse)).next_top_up == cny(50_000)
    clock.advance(24 * 3600)
    room = await bank.capabilities(purse)
    assert room.next_top_up == cny(0)
    assert room.rule_pack == "2026.12"
    assert isinstance(await bank.pay(op(), account_id=purse, amount=cny(100)), Done)


STEP = st.tuples(
    st.sampled_from(["pay", "pay", "ride", "top_up", "receive", "withdraw", "invest"]),
    st.sampled_from(["exact", "over", "some"]),
    st.integers(1, 1_500_000),
    st.sampled_from([0, 60, 6 * 3600, 23 * 3600, 40 * 86400]),
)


async def attempt(
    customers: Customers, account: str, mandate: str, kind: str, amount: int
) -> Done | Declined:
    bank = customers.bank
    if kind == "ride":
        return await customers.ride(account, mandate, amount)
    call = bank.purchase_investment if kind == "invest" else getattr(bank, kind)
    return await call(op(), account_id=account, amount=cny(amount))


def most(room: AccountCapabilities, kind: str) -> int:
    """What the capabilities promise to the next movement of this kind, mandates aside."""
    if kind == "top_up":
        return room.next_top_up.minor_units
    if kind == "receive":
        return room.next_credit.minor_units
    if kind in ("withdraw", "invest"):
        return room.balance.minor_units if kind == "withdraw" or room.tier == "T2" else 0
    return room.next_debit.minor_units


@RARE
@given(tier=st.sampled_from(["T2", "T3"]), steps=st.lists(STEP, min_size=4, max_size=14))
async def test_no_sequence_passes_a_cap_and_headroom_is_exact(
    customers: Customers, clock: SetClock, tier: str, steps: list[Any]
) -> None:
    clock.at = datetime(2026, 12, 30, 9, 30, tzinfo=BANK_ZONE).astimezone(UTC)
    customer = await customers.fresh()
    bank = customers.bank
    account = await customers.account(tier, funded=200_000, customer_id=customer)
    mandate = await customers.mandate(account, customer=customer)
    await (bank.confirm_in_person if tier == "T2" else bank.agree_inflow)(account)
    caps = (1_000_000, 20_000_000) if tier == "T2" else (200_000, 5_000_000)
    spent: dict[str, int] = {}
    for kind, how, some, wait in steps:
        clock.advance(wait)
        room = await bank.capabilities(account)
        bound = most(room, kind) if kind != "ride" else min(most(room, kind), 5_000)
        if kind == "top_up" and tier == "T2":
            bound = min(bound, 30_000_000)
        amount = {"exact": bound, "over": bound + 1, "some": some}[how]
        answer = await attempt(customers, account, mandate, kind, amount)
        if kind not in ("ride", "top_up"):
            assert isinstance(answer, Done) == (0 < amount <= bound), (kind, amount, answer)
        if isinstance(answer, Declined) and answer.headroom is not None:
            # The refusal's own promise is kept on the spot.
            amount = answer.headroom.minor_units
            if amount:
                answer = await attempt(customers, account, mandate, kind, amount)
                assert isinstance(answer, Done), answer
        if isinstance(answer, Done) and kind in ("pay", "ride"):
            day = answer.outcome.bank_day
            for period, cap in ((day.isoformat(), caps[0]), (str(day.year), caps[1])):
                spent[period] = spent.get(period, 0) + amount
                assert spent[period] <= cap
        if tier == "T3":
            assert (await bank.capabilities(account)).balance.minor_units <= 200_000
    assert await bank.books_balance()


@RARE
@given(amounts=st.lists(st.integers(50_000, 700_000), min_size=2, max_size=6))
async def test_racing_payments_never_pass_the_day(customers: Customers, amounts: list[int]) -> None:
    customer = await customers.fresh()
    bank = customers.bank
    vault = await customers.account("T2", funded=5_000_000, customer_id=customer)
    answers = await asyncio.gather(
        *(bank.pay(op(), account_id=vault, amount=cny(amount)) for amount in amounts),
        return_exceptions=True,
    )
    paid = sum(answer.outcome.amount.minor_units for answer in answers if type(answer) is Done)
    room = await bank.capabilities(vault)
    assert paid <= 1_000_000
    assert room.outgoing is not None
    assert room.outgoing.day.used == cny(paid)
    assert room.balance == cny(5_000_000 - paid)
    assert await bank.books_balance()


@RARE
@given(seconds=st.integers(0, 400 * 86400))
def test_the_banks_day_rolls_at_midnight_in_utc_plus_eight(seconds: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert bank_day(at) == (at + timedelta(hours=8)).date()
