"""A seeded sandbox bank, and short ways to a customer with accounts."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from contracts.v1.money import Money
from gateway.corebank.port import Declined, Done, OpenedAccount, RecordedMandate, Tier
from gateway.corebank.sandbox.personas import Persona, load_personas
from gateway.corebank.sandbox.service import SandboxBank
from gateway.corebank.sandbox.sign_in import PasscodeHash
from gateway.database import Database
from gateway.kit import ids
from gateway.rules.service import load_book
from tests.conftest import SetClock

PAYEE = "payee-travel"


def cny(minor_units: int) -> Money:
    return Money(minor_units, "CNY")


def op() -> str:
    return ids.new_id("op")


class Customers:
    """Accounts and mandates in a line each, on a bank of the test's own."""

    def __init__(self, bank: SandboxBank) -> None:
        self.bank = bank

    async def fresh(self, bound_balance: int = 100_000_000) -> str:
        """A customer nobody has used, so that examples of one test do not meet."""
        lin = load_personas()[0]
        login = f"g-{ids.new_id('x')[2:22]}"
        persona: Persona = msgspec.structs.replace(lin, login=login, bound_balance=bound_balance)
        await self.bank.seed((persona,))
        return persona.customer_id

    async def account(self, tier: Tier, funded: int = 0, customer_id: str = "cus_lin") -> str:
        opened = await self.bank.open_account(op(), customer_id=customer_id, tier=tier)
        assert isinstance(opened, Done), opened
        account: OpenedAccount = opened.outcome
        if funded:
            answer = await self.bank.top_up(op(), account_id=account.account_id, amount=cny(funded))
            assert isinstance(answer, Done), answer
        return account.account_id

    async def mandate(
        self, account_id: str, each: int = 5_000, daily: int = 20_000, customer: str = "cus_lin"
    ) -> str:
        recorded = await self.bank.record_mandate(
            op(),
            customer_id=customer,
            account_id=account_id,
            payee_id=PAYEE,
            per_debit_cap=cny(each),
            daily_cap=cny(daily),
        )
        assert isinstance(recorded, Done), recorded
        mandate: RecordedMandate = recorded.outcome
        return mandate.mandate_id

    async def ride(
        self, account_id: str, mandate_id: str, amount: int, operation_id: str = ""
    ) -> Done | Declined:
        return await self.bank.debit(
            operation_id or op(),
            account_id=account_id,
            mandate_id=mandate_id,
            amount=cny(amount),
            payee_id=PAYEE,
            remittance_information="Line 2",
        )


BankOf = Callable[..., Awaitable[SandboxBank]]


@pytest.fixture(scope="session")
def passcodes() -> PasscodeHash:
    return PasscodeHash(memory_kib=64)


@pytest.fixture
async def bank_of(database: Database, clock: SetClock, passcodes: PasscodeHash) -> BankOf:
    """Builds a seeded bank; keyword arguments go to it (interruptions, another rule pack)."""

    async def build(**named: object) -> SandboxBank:
        rules = named.pop("rules", None) or load_book()
        bank = SandboxBank(database, rules, clock, passcodes=passcodes, **named)
        await bank.seed(load_personas())
        return bank

    return build


@pytest.fixture
async def bank(bank_of: BankOf) -> SandboxBank:
    return await bank_of()


@pytest.fixture
def customers(bank: SandboxBank) -> Customers:
    return Customers(bank)
