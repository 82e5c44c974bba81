"""The steps that put a line in place at the bank, or take it away again, one operation each."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Protocol

import msgspec
from msgspec.structs import replace

from contracts.v1.money import Money
from gateway.accounts.service import Account, Accounts, Mandate, Mandates, Origin
from gateway.corebank.port import (
    ClosedAccount,
    CoreBank,
    Declined,
    Done,
    EndedMandate,
    OpenedAccount,
    Posting,
    RecordedMandate,
    Tier,
)
from gateway.database import Unit
from gateway.events.service import Events
from gateway.orders.store import LineRow, OrderRow
from gateway.products.service import ComponentTypes


class Case(msgspec.Struct, frozen=True):
    """A line with the order around it."""

    order: OrderRow
    line: LineRow
    lines: Sequence[LineRow]

    @property
    def origin(self) -> Origin:
        """Whose account or mandate the line makes."""
        return Origin(
            partner_id=self.order.partner_id,
            client_id=self.order.client_id,
            consent_id=self.order.consent_id,
            customer_id=self.order.customer_id,
            order_id=self.order.order_id,
            component=self.line.component,
        )


class Step(Protocol):
    """One operation at the bank, and what it leaves on our side once it is done."""

    name: str

    async def ask(self, operation_id: str, case: Case) -> Done[Any] | Declined:
        """Asks the bank; the same case and id always ask the very same thing."""
        ...

    async def record(self, unit: Unit, case: Case, outcome: Any, at: datetime) -> LineRow:
        """Adds our side of a done operation to ``unit``; returns the line as it then is."""
        ...


class Broken(Exception):
    """The order's own rows contradict each other: a bug, never a caller's doing."""


def operation_id(line: LineRow, step: Step) -> str:
    """The operation's id at the bank: a resumed step repeats it, so the bank acts once."""
    return f"{line.line_id}.{step.name}"


class OpenAccount:
    """Opens an account of one tier."""

    name = "open"

    def __init__(self, core: CoreBank, accounts: Accounts, tier: Tier) -> None:
        self._core = core
        self._accounts = accounts
        self._tier: Final = tier

    async def ask(self, operation_id: str, case: Case) -> Done[OpenedAccount] | Declined:
        """See ``Step.ask``."""
        return await self._core.open_account(
            operation_id, customer_id=case.order.customer_id, tier=self._tier
        )

    async def record(self, unit: Unit, case: Case, outcome: OpenedAccount, at: datetime) -> LineRow:
        """See ``Step.record``."""
        account_id = self._accounts.opened(unit, case.origin, outcome, at)
        return replace(case.line, account_id=account_id)


class TopUp:
    """Moves the agreed sum from the customer's bound account to the line's account."""

    name = "top_up"

    def __init__(self, core: CoreBank, accounts: Accounts, events: Events) -> None:
        self._core = core
        self._accounts = accounts
        self._events = events

    async def ask(self, operation_id: str, case: Case) -> Done[Posting] | Declined:
        """See ``Step.ask``."""
        account = await _account(self._accounts, case.line)
        return await self._core.top_up(
            operation_id, account_id=account.bank_account_id, amount=_top_up(case.line)
        )

    async def record(self, unit: Unit, case: Case, outcome: Posting, at: datetime) -> LineRow:
        """See ``Step.record``."""
        account = await _account(self._accounts, case.line)
        self._events.record(
            unit,
            type="purse.topped_up",
            partner_id=case.order.partner_id,
            resource_type="account",
            resource_id=account.account_id,
            content={
                "account_id": account.account_id,
                "order_id": case.order.order_id,
                "amount": outcome.amount,
                "bank_day": outcome.bank_day,
            },
            at=at,
        )
        return replace(case.line, topped_up=outcome.amount.minor_units)


class CloseAccount:
    """Closes the line's account; the bank returns what is on it to the bound account."""

    name = "close"

    def __init__(self, core: CoreBank, accounts: Accounts) -> None:
        self._core = core
        self._accounts = accounts

    async def ask(self, operation_id: str, case: Case) -> Done[ClosedAccount] | Declined:
        """See ``Step.ask``."""
        account = await _account(self._accounts, case.line)
        return await self._core.close_account(operation_id, account_id=account.bank_account_id)

    async def record(self, unit: Unit, case: Case, outcome: ClosedAccount, at: datetime) -> LineRow:
        """See ``Step.record``."""
        account = await _account(self._accounts, case.line)
        if account.status == "active":
            self._accounts.closed(unit, account, at)
        return case.line


class RecordMandate:
    """Records the customer's authority for debits by the partner, within the agreed caps."""

    name = "record"

    def __init__(self, core: CoreBank, accounts: Accounts, mandates: Mandates) -> None:
        self._core = core
        self._accounts = accounts
        self._mandates = mandates

    async def ask(self, operation_id: str, case: Case) -> Done[RecordedMandate] | Declined:
        """See ``Step.ask``."""
        agreed = case.line.agreed
        if agreed.per_debit_cap is None or agreed.daily_cap is None:
            raise Broken(f"line {case.line.line_id} has no caps")
        account = await _account(self._accounts, _funding(case))
        return await self._core.record_mandate(
            operation_id,
            customer_id=case.order.customer_id,
            account_id=account.bank_account_id,
            payee_id=case.order.partner_id,
            per_debit_cap=agreed.per_debit_cap,
            daily_cap=agreed.daily_cap,
        )

    async def record(
        self, unit: Unit, case: Case, outcome: RecordedMandate, at: datetime
    ) -> LineRow:
        """See ``Step.record``."""
        account = await _account(self._accounts, _funding(case))
        mandate_id = self._mandates.recorded(unit, case.origin, account.account_id, outcome, at)
        return replace(case.line, mandate_id=mandate_id)


class EndMandate:
    """Ends the line's mandate."""

    name = "end"

    def __init__(self, core: CoreBank, mandates: Mandates) -> None:
        self._core = core
        self._mandates = mandates

    async def ask(self, operation_id: str, case: Case) -> Done[EndedMandate] | Declined:
        """See ``Step.ask``."""
        mandate = await self._mandate(case.line)
        return await self._core.end_mandate(operation_id, mandate_id=mandate.bank_mandate_id)

    async def record(self, unit: Unit, case: Case, outcome: EndedMandate, at: datetime) -> LineRow:
        """See ``Step.record``."""
        mandate = await self._mandate(case.line)
        if mandate.status == "active":
            self._mandates.ended(unit, mandate, at)
        return case.line

    async def _mandate(self, line: LineRow) -> Mandate:
        found = await self._mandates.find(line.mandate_id) if line.mandate_id else None
        if found is None:
            raise Broken(f"line {line.line_id} has no mandate")
        return found


class Kind(msgspec.Struct, frozen=True):
    """How lines of one component type come to be and how they are undone.

    ``draws`` says that the line debits another line's account, within caps of the customer's.
    """

    opening: Step
    undoing: Step
    money: Step | None = None
    draws: bool = False


class Kinds:
    """What the gateway can activate, by the kind and tier of the component's type."""

    REFERRED: ClassVar[str] = "REFER"

    def __init__(
        self,
        core: CoreBank,
        accounts: Accounts,
        mandates: Mandates,
        events: Events,
        types: ComponentTypes,
    ) -> None:
        """``types`` says of each component type how it is carried out."""
        top_up = TopUp(core, accounts, events)
        close = CloseAccount(core, accounts)
        tiers: tuple[Tier, ...] = ("T2", "T3")
        self._types: Final = types
        self._kinds: Final[dict[tuple[str, str | None], Kind]] = {
            ("account", tier): Kind(OpenAccount(core, accounts, tier), close, top_up)
            for tier in tiers
        }
        self._kinds["mandate", None] = Kind(
            RecordMandate(core, accounts, mandates), EndMandate(core, mandates), draws=True
        )

    def fits(self, line: LineRow, components: Collection[str]) -> bool:
        """Whether the line can be activated in an order of these components."""
        if line.boundary == self.REFERRED:
            return True
        kind = self._find(line.type)
        if kind is None or not kind.draws:
            return kind is not None
        agreed = line.agreed
        has_caps = agreed.per_debit_cap is not None and agreed.daily_cap is not None
        return has_caps and line.funded_by in components

    def known(self, line: LineRow) -> bool:
        """Whether there is code that carries the line out, in whichever order it is."""
        return line.boundary == self.REFERRED or self.carries_out(line.type)

    def carries_out(self, component_type: str) -> bool:
        """Whether there is code for the type, where the partner does more than refer to it."""
        return self._find(component_type) is not None

    def kind(self, line: LineRow) -> Kind | None:
        """How to activate the line; ``None`` for one that the partner only refers."""
        if line.boundary == self.REFERRED:
            return None
        kind = self._find(line.type)
        if kind is None:
            raise Broken(f"line {line.line_id} is of a type that nothing carries out")
        return kind

    def _find(self, component_type: str) -> Kind | None:
        found = self._types.find(component_type)
        return None if found is None else self._kinds.get((found.kind, found.tier))

    def step(self, line: LineRow) -> Step:
        """The step that the line is on."""
        kind = self.kind(line)
        steps = () if kind is None else (kind.opening, kind.money, kind.undoing)
        for step in steps:
            if step is not None and step.name == line.step:
                return step
        raise Broken(f"line {line.line_id} is on no step")


def wants_money(line: LineRow) -> bool:
    """Whether the customer agreed to a top-up that has not happened."""
    agreed = line.agreed.top_up
    return line.topped_up is None and agreed is not None and agreed.minor_units > 0


def stands(line: LineRow) -> bool:
    """Whether the line has something at the bank that undoing would take away."""
    return line.account_id is not None or line.mandate_id is not None


def _top_up(line: LineRow) -> Money:
    agreed = line.agreed.top_up
    if agreed is None:
        raise Broken(f"line {line.line_id} has no top-up")
    return agreed


def _funding(case: Case) -> LineRow:
    for line in case.lines:
        if line.component == case.line.funded_by:
            return line
    raise Broken(f"line {case.line.line_id} has no account to debit")


async def _account(accounts: Accounts, line: LineRow) -> Account:
    found = await accounts.find(line.account_id) if line.account_id else None
    if found is None:
        raise Broken(f"line {line.line_id} has no account")
    return found
