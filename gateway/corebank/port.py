"""What the gateway asks of any core bank, and the shapes in which a bank answers."""

from datetime import date, datetime
from typing import Generic, Literal, Protocol, TypeVar

import msgspec

from contracts.v1.money import Money

Tier = Literal["T1", "T2", "T3"]
KycLevel = Literal["L0", "L1", "L2", "L3", "L4"]
AccountStatus = Literal["active", "restricted", "closed"]

# Why a bank says no. The list is closed and only ever grows: rooms above map it to their errors.
DeclineCode = Literal[
    "customer.unknown",
    "customer.blocked",
    "customer.under_age",
    "identity.level_too_low",
    "identity.bound_account_missing",
    "identity.bound_account_not_t1",
    "identity.bound_account_mismatch",
    "account.tier_not_available_online",
    "account.too_many",
    "account.unknown",
    "account.not_active",
    "account.purpose_not_allowed",
    "mandate.unknown",
    "mandate.not_active",
    "mandate.other_account",
    "mandate.other_payee",
    "mandate.cap_not_allowed",
    "amount.not_positive",
    "amount.currency",
    "limit.per_debit",
    "limit.mandate_day",
    "limit.day",
    "limit.year",
    "limit.balance",
    "balance.insufficient",
    "inflow.not_confirmed",
]


class BoundAccount(msgspec.Struct, frozen=True):
    """The customer's own account that feeds the others; its number is masked (CN-PFI-03)."""

    number_masked: str
    account_class: Tier


class BankCustomer(msgspec.Struct, frozen=True):
    """A customer as the bank knows them; ``age`` is in full years on the bank's day.

    ``open_t2`` and ``open_t3`` let an order be refused before anything is asked (CN-ACC-02).
    """

    customer_id: str
    name_zh: str
    name_en: str
    kyc_level: KycLevel
    age: int
    bound_account: BoundAccount | None
    open_t2: int
    open_t3: int


class CustomerFacts(msgspec.Struct, frozen=True):
    """All that may be known of a customer before an order: enough to say what is missing.

    Neither who they are nor what the bank thinks of them: a list, a segment or a score belongs to
    the bank's decision on the order. ``bound_class`` is the tier of the bound account, if any.
    """

    kyc_level: KycLevel
    age: int
    bound_class: Tier | None
    open_t2: int
    open_t3: int


class OpenedAccount(msgspec.Struct, frozen=True):
    """An account that was opened; the number is masked six and four."""

    account_id: str
    customer_id: str
    tier: Tier
    number_masked: str
    opened_at: datetime


class RecordedMandate(msgspec.Struct, frozen=True):
    """A customer's standing authority for debits to one payee, as the bank holds it."""

    mandate_id: str
    account_id: str
    payee_id: str
    per_debit_cap: Money
    daily_cap: Money
    recorded_at: datetime


class Posting(msgspec.Struct, frozen=True):
    """Money that moved, in balanced legs; ``bank_day`` is the UTC+8 day it counts on."""

    posting_id: str
    account_id: str
    amount: Money
    bank_day: date
    posted_at: datetime


class ClosedAccount(msgspec.Struct, frozen=True):
    """An account that was closed; what was left on it went back to the bound account."""

    account_id: str
    returned: Money
    closed_at: datetime


class EndedMandate(msgspec.Struct, frozen=True):
    """A mandate under which no further debit is accepted."""

    mandate_id: str
    ended_at: datetime


Outcome = TypeVar("Outcome", covariant=True)


class Done(msgspec.Struct, Generic[Outcome], frozen=True):
    """The operation took effect, once; ``rules`` are those it was checked against."""

    operation_id: str
    outcome: Outcome
    rules: tuple[str, ...]
    rule_pack: str
    at: datetime


class Declined(msgspec.Struct, frozen=True):
    """The operation definitely had no effect and never will under this ``operation_id``.

    ``headroom`` is the largest amount that the same operation would have been accepted for at
    ``at``; ``None`` where no amount would help. The money on a bound account is never told.
    """

    operation_id: str
    code: DeclineCode
    detail: str
    headroom: Money | None
    rules: tuple[str, ...]
    rule_pack: str
    at: datetime


AnyOutcome = OpenedAccount | RecordedMandate | Posting | ClosedAccount | EndedMandate


class Room(msgspec.Struct, frozen=True):
    """One sum of a limit: its cap, what is used of it, and what the next movement may add."""

    cap: Money
    used: Money
    left: Money


class LegRoom(msgspec.Struct, frozen=True):
    """Money in or money out, on the bank's day and in the bank's year (UTC+8)."""

    day: Room
    year: Room


class AccountCapabilities(msgspec.Struct, frozen=True):
    """What an account can do at ``as_of``; every figure is exactly what the bank would accept.

    ``outgoing`` and ``incoming`` are ``None`` where the tier has no such sum, ``balance_room``
    where it has no highest balance. Transfers with the bound account are outside both legs.
    ``next_debit`` counts limits and balance, not a mandate's own caps; ``next_top_up`` counts
    limits only, since the money on the bound account is the customer's own affair;
    ``next_credit`` is zero while ``nonbound_inflow`` is closed (CN-ACC-06), and
    ``nonbound_inflow_needs`` says what would open it.
    """

    account_id: str
    tier: Tier
    status: AccountStatus
    balance: Money
    outgoing: LegRoom | None
    incoming: LegRoom | None
    balance_room: Room | None
    next_debit: Money
    next_top_up: Money
    next_credit: Money
    nonbound_inflow: Literal["open", "closed"]
    nonbound_inflow_needs: tuple[str, ...]
    rules: tuple[str, ...]
    rule_pack: str
    bank_day: date
    as_of: datetime


class CoreBank(Protocol):
    """A bank. Every operation that takes an ``operation_id`` is idempotent by it.

    A repeated call answers the recorded outcome; the same id with other arguments raises
    ``contracts.errors.Conflict``. ``CoreBankUnavailable`` means that nothing was sent,
    ``CoreBankUnknown`` that the bank may or may not have acted: ask ``outcome`` before retrying.
    """

    async def sign_in(self, login: str, passcode: str) -> BankCustomer | None:
        """The customer, or ``None``: unknown and wrong are not told apart and cost the same work.

        The pages count failures, of passcode and second factor together (TS-SIGN-01); a bank that
        counts by itself too answers ``None`` while it locks.
        """
        ...

    async def login_owner(self, login: str) -> str | None:
        """The customer id behind a login, to count and record a failure, never for a page."""
        ...

    async def customer(self, customer_id: str) -> BankCustomer | None:
        """The customer as of now, or ``None``."""
        ...

    async def facts(self, customer_id: str) -> CustomerFacts | None:
        """What a question before an order may know of the customer; ``None`` for an unknown one.

        Whatever lists the customer is on, the answer and the time it takes are the same.
        """
        ...

    async def open_account(
        self, operation_id: str, *, customer_id: str, tier: Tier
    ) -> Done[OpenedAccount] | Declined:
        """Opens a tier-2 or tier-3 account (CN-ACC-01, CN-ACC-02, CN-ACC-07)."""
        ...

    async def close_account(
        self, operation_id: str, *, account_id: str
    ) -> Done[ClosedAccount] | Declined:
        """Returns what is left to the bound account, ends the mandates and closes the account."""
        ...

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
        """Records a customer's authority for small debits without a passcode (TS-MANDATE-01)."""
        ...

    async def end_mandate(
        self, operation_id: str, *, mandate_id: str
    ) -> Done[EndedMandate] | Declined:
        """Ends a mandate; effective for the next debit. One that has ended stays ended."""
        ...

    async def top_up(
        self, operation_id: str, *, account_id: str, amount: Money
    ) -> Done[Posting] | Declined:
        """Moves money from the customer's bound account (exempt from both legs, CN-ACC-03)."""
        ...

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
        """Pays the mandate's payee (CN-ACC-03, CN-ACC-05 and the mandate's own caps)."""
        ...

    async def outcome(self, operation_id: str) -> Done[AnyOutcome] | Declined | None:
        """What became of an operation; ``None``: the bank never saw it."""
        ...

    async def capabilities(self, account_id: str) -> AccountCapabilities:
        """Tier, balance and headroom now; ``contracts.errors.NotFound`` for an unknown account."""
        ...
