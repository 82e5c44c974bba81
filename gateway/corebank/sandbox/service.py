"""The sandbox bank behind the core-bank port: real books, invented people."""

from contracts import errors
from contracts.v1.money import Money
from gateway.corebank.port import (
    AccountCapabilities,
    AnyOutcome,
    BankCustomer,
    ClosedAccount,
    CustomerFacts,
    Declined,
    Done,
    EndedMandate,
    OpenedAccount,
    Posting,
    RecordedMandate,
    Tier,
)
from gateway.corebank.sandbox import ledger, store
from gateway.corebank.sandbox.accounts import AccountDesk
from gateway.corebank.sandbox.capabilities import capabilities
from gateway.corebank.sandbox.enrolment import EnrolmentDesk
from gateway.corebank.sandbox.mandates import MandateDesk
from gateway.corebank.sandbox.movements import MovementDesk
from gateway.corebank.sandbox.office import BackOffice
from gateway.corebank.sandbox.operations import Interruption, Operations, no_fault
from gateway.corebank.sandbox.personas import Persona
from gateway.corebank.sandbox.sign_in import PasscodeHash, SignInDesk
from gateway.database import Database, Statement, Unit
from gateway.kit.clock import Clock
from gateway.rules.service import RuleBook


class SandboxBank:
    """A ``CoreBank`` on the gateway's own database, for every deployment that is not live.

    ``clock`` is the bank's business time. The interruptions are where tests break the line: they
    are awaited with the kind and id of an operation between its decision and its commit (once a
    try) and after it is durable, and may raise ``CoreBankUnavailable`` or ``CoreBankUnknown``.
    """

    def __init__(
        self,
        database: Database,
        rules: RuleBook,
        clock: Clock,
        *,
        passcodes: PasscodeHash | None = None,
        before_commit: Interruption = no_fault,
        after_commit: Interruption = no_fault,
    ) -> None:
        operations = Operations(database, before_commit=before_commit, after_commit=after_commit)
        office = BackOffice(database, rules, clock, operations)
        hashes = passcodes or PasscodeHash()
        self._office = office
        self._operations = operations
        self._sign_in = SignInDesk(office, hashes)
        self._accounts = AccountDesk(office)
        self._mandates = MandateDesk(office)
        self._movements = MovementDesk(office)
        self._enrolment = EnrolmentDesk(office, hashes, self._accounts)

    async def sign_in(self, login: str, passcode: str) -> BankCustomer | None:
        """See ``CoreBank.sign_in``."""
        return await self._sign_in.sign_in(login, passcode)

    async def login_owner(self, login: str) -> str | None:
        """See ``CoreBank.login_owner``."""
        return await self._sign_in.login_owner(login)

    async def customer(self, customer_id: str) -> BankCustomer | None:
        """See ``CoreBank.customer``."""
        return await self._sign_in.customer(customer_id)

    async def facts(self, customer_id: str) -> CustomerFacts | None:
        """See ``CoreBank.facts``."""
        return await self._sign_in.facts(customer_id)

    async def open_account(
        self, operation_id: str, *, customer_id: str, tier: Tier
    ) -> Done[OpenedAccount] | Declined:
        """See ``CoreBank.open_account``."""
        return await self._accounts.open_account(operation_id, customer_id, tier)

    async def close_account(
        self, operation_id: str, *, account_id: str
    ) -> Done[ClosedAccount] | Declined:
        """See ``CoreBank.close_account``."""
        return await self._accounts.close_account(operation_id, account_id)

    async def record_mandate(
        self,
        operation_id: str,
        *,
        customer_id: str,
        account_id: str,
        payee_id: str,
        per_debit_cap: Money,
        daily_cap: Money,
    ) -> Done[RecordedMandate] | Declined:
        """See ``CoreBank.record_mandate``."""
        return await self._mandates.record_mandate(
            operation_id, customer_id, account_id, payee_id, per_debit_cap, daily_cap
        )

    async def end_mandate(
        self, operation_id: str, *, mandate_id: str
    ) -> Done[EndedMandate] | Declined:
        """See ``CoreBank.end_mandate``."""
        return await self._mandates.end_mandate(operation_id, mandate_id)

    async def top_up(
        self, operation_id: str, *, account_id: str, amount: Money
    ) -> Done[Posting] | Declined:
        """See ``CoreBank.top_up``."""
        return await self._movements.top_up(operation_id, account_id, amount)

    async def debit(
        self,
        operation_id: str,
        *,
        account_id: str,
        mandate_id: str,
        amount: Money,
        payee_id: str,
        remittance_information: str,
    ) -> Done[Posting] | Declined:
        """See ``CoreBank.debit``."""
        return await self._movements.debit(
            operation_id, account_id, mandate_id, amount, payee_id, remittance_information
        )

    async def outcome(self, operation_id: str) -> Done[AnyOutcome] | Declined | None:
        """See ``CoreBank.outcome``."""
        return await self._operations.outcome(operation_id)

    async def capabilities(self, account_id: str) -> AccountCapabilities:
        """See ``CoreBank.capabilities``."""
        moment = self._office.moment()
        standing = await self._office.standing(account_id, moment)
        if standing is None:
            raise errors.NotFound("There is no such account.")
        return capabilities(standing, moment, self._office.rule_pack(moment))

    async def withdraw(
        self, operation_id: str, *, account_id: str, amount: Money
    ) -> Done[Posting] | Declined:
        """Moves money back to the bound account; not yet part of the port."""
        return await self._movements.withdraw(operation_id, account_id, amount)

    async def pay(
        self, operation_id: str, *, account_id: str, amount: Money
    ) -> Done[Posting] | Declined:
        """Pays an account elsewhere that is not bound; not yet part of the port."""
        return await self._movements.pay(operation_id, account_id, amount)

    async def purchase_investment(
        self, operation_id: str, *, account_id: str, amount: Money
    ) -> Done[Posting] | Declined:
        """Buys an investment product of the bank's own; not yet part of the port."""
        return await self._movements.purchase_investment(operation_id, account_id, amount)

    async def receive(
        self, operation_id: str, *, account_id: str, amount: Money
    ) -> Done[Posting] | Declined:
        """Takes in money from an account that is not bound; not yet part of the port."""
        return await self._movements.receive(operation_id, account_id, amount)

    async def agree_inflow(self, account_id: str) -> None:
        """The customer agrees that a tier-3 account takes money from others (CN-ACC-06)."""
        await self._mark(store.AGREE_INFLOW, account_id)

    async def confirm_in_person(self, account_id: str) -> None:
        """The customer has been seen in person for a tier-2 account (CN-ACC-06)."""
        await self._mark(store.CONFIRM_IN_PERSON, account_id)

    async def seed(self, personas: tuple[Persona, ...]) -> None:
        """Enrols the personas that the bank does not know yet; safe to call at every start."""
        await self._enrolment.seed(personas)

    async def books_balance(self) -> bool:
        """Every posting sums to zero and every balance is the sum of its legs."""
        return not await ledger.discrepancies(self._office.database)

    async def _mark(self, statement: Statement, account_id: str) -> None:
        unit = Unit("bank.account.mark", locks=(account_id,))
        missing = errors.NotFound("There is no such account.")
        unit.add(statement, otherwise=missing, account_id=account_id, at=self._office.moment().at)
        await self._office.database.commit(unit)


async def ever_enrolled(database: Database) -> bool:
    """Whether the database holds, or ever held, a sandbox customer: live must refuse it."""
    return await database.find(store.ANY_CUSTOMER) is not None
