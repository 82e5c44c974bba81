"""Movements of money on tiered accounts, each checked against every limit it counts in."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from contracts.v1.money import Money
from gateway.corebank.port import DeclineCode, Declined, Done, Posting
from gateway.corebank.sandbox import ledger, store
from gateway.corebank.sandbox.limits import (
    INFLOW_RULE,
    MANDATE_RULE,
    Bound,
    Flow,
    Sum,
    acceptable,
    passed,
)
from gateway.corebank.sandbox.office import BackOffice, Moment
from gateway.corebank.sandbox.operations import Operation, Verdict
from gateway.database import Unit
from gateway.kit import ids

_REFUSALS: dict[DeclineCode, str] = {
    "limit.per_debit": "The amount is above the mandate's cap per debit.",
    "limit.mandate_day": "The mandate's cap for the bank's day would be passed.",
    "limit.day": "The account's limit for the bank's day would be passed.",
    "limit.year": "The account's limit for the bank's year would be passed.",
    "limit.balance": "The account's highest balance would be passed.",
    "balance.insufficient": "There is not enough money for the amount.",
}


class No(msgspec.Struct, frozen=True):
    """A refusal that no smaller amount would change."""

    code: DeclineCode
    detail: str
    rules: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """How money would move: what bounds it, the legs it has, the sums it counts in.

    ``mandate_id`` is the mandate that must still be active when it does, ``funds`` says that the
    account gets money from its bound account (CN-ACC-06 asks whether it ever did).
    """

    bounds: Sequence[Bound]
    legs: tuple[ledger.Leg, ...]
    sums: Sequence[Sum]
    rules: tuple[str, ...] = ()
    mandate_id: str | None = None
    funds: bool = False


Planner = Callable[[Moment, store.StandingRow], Awaitable[Plan | No]]


class MovementDesk:
    """Top-ups, debits, transfers, purchases and incoming money."""

    def __init__(self, office: BackOffice) -> None:
        self._office = office

    async def top_up(
        self, operation_id: str, account_id: str, amount: Money
    ) -> Done[Posting] | Declined:
        """See ``CoreBank.top_up``."""

        async def plan(moment: Moment, standing: store.StandingRow) -> Plan | No:
            if standing.bound_account_id is None:
                return No("identity.bound_account_missing", "The customer has no bound account.")
            funds = Bound("balance.insufficient", standing.bound_balance or 0, told=False)
            return Plan(
                [*moment.limits.bounds_in(standing, "bound_account"), funds],
                (
                    ledger.Leg(standing.bound_account_id, -amount.minor_units),
                    _arriving(moment, standing, amount),
                ),
                moment.limits.sums(standing, "in", "bound_account"),
                funds=True,
            )

        asked = {"account_id": account_id, "amount": amount}
        return await self._move(Operation(operation_id, "top_up", asked), amount, plan)

    async def debit(
        self,
        operation_id: str,
        account_id: str,
        mandate_id: str,
        amount: Money,
        payee_id: str,
        remittance_information: str,
    ) -> Done[Posting] | Declined:
        """See ``CoreBank.debit``."""

        async def plan(moment: Moment, standing: store.StandingRow) -> Plan | No:
            mandate = await self._office.database.find(
                store.FIND_MANDATE, mandate_id=mandate_id, day=moment.limits.day
            )
            if mandate is None:
                return No("mandate.unknown", "There is no such mandate.")
            if mandate.account_id != account_id:
                return No("mandate.other_account", "The mandate is for another account.")
            if mandate.payee_id != payee_id:
                return No("mandate.other_payee", "The mandate is for another payee.")
            if mandate.status != "active":
                return No("mandate.not_active", "The mandate has ended.")
            limits = moment.limits
            return Plan(
                [*limits.bounds_under(mandate), *limits.bounds_out(standing, "spend")],
                (
                    ledger.Leg(account_id, -amount.minor_units),
                    ledger.internal(ledger.payee_account(payee_id), amount.minor_units),
                ),
                (limits.mandate_sum(mandate), *limits.sums(standing, "out", "spend")),
                rules=(MANDATE_RULE,),
                mandate_id=mandate_id,
            )

        asked = {
            "account_id": account_id,
            "mandate_id": mandate_id,
            "amount": amount,
            "payee_id": payee_id,
            "remittance_information": remittance_information,
        }
        return await self._move(Operation(operation_id, "debit", asked), amount, plan)

    async def withdraw(
        self, operation_id: str, account_id: str, amount: Money
    ) -> Done[Posting] | Declined:
        """Moves money back to the bound account; outside both legs (CN-ACC-03)."""

        async def plan(moment: Moment, standing: store.StandingRow) -> Plan | No:
            if standing.bound_account_id is None:
                return No("identity.bound_account_missing", "The customer has no bound account.")
            to = ledger.Leg(standing.bound_account_id, amount.minor_units)
            return _leaving(moment, standing, amount, "bound_account", to)

        asked = {"account_id": account_id, "amount": amount}
        return await self._move(Operation(operation_id, "withdraw", asked), amount, plan)

    async def pay(
        self, operation_id: str, account_id: str, amount: Money
    ) -> Done[Posting] | Declined:
        """Transfers money to an account elsewhere that is not bound; counted on the way out."""

        async def plan(moment: Moment, standing: store.StandingRow) -> Plan | No:
            to = ledger.internal(ledger.ELSEWHERE, amount.minor_units)
            return _leaving(moment, standing, amount, "transfer", to)

        asked = {"account_id": account_id, "amount": amount}
        return await self._move(Operation(operation_id, "pay", asked), amount, plan)

    async def purchase_investment(
        self, operation_id: str, account_id: str, amount: Money
    ) -> Done[Posting] | Declined:
        """Buys one of the bank's own investment products from tier 2; outside both legs."""

        async def plan(moment: Moment, standing: store.StandingRow) -> Plan | No:
            if standing.tier != "T2":
                detail = "Investments are bought from a tier-2 account."
                return No("account.purpose_not_allowed", detail)
            to = ledger.internal(ledger.INVESTMENTS, amount.minor_units)
            return _leaving(moment, standing, amount, "invest_purchase", to)

        asked = {"account_id": account_id, "amount": amount}
        return await self._move(Operation(operation_id, "invest", asked), amount, plan)

    async def receive(
        self, operation_id: str, account_id: str, amount: Money
    ) -> Done[Posting] | Declined:
        """Takes in money from an account that is not bound (CN-ACC-03, CN-ACC-06)."""

        async def plan(moment: Moment, standing: store.StandingRow) -> Plan | No:
            if moment.limits.inflow_needs(standing):
                detail = "The account takes in money from the bound account only."
                return No("inflow.not_confirmed", detail, (INFLOW_RULE,))
            return Plan(
                moment.limits.bounds_in(standing, "transfer"),
                (
                    ledger.internal(ledger.ELSEWHERE, -amount.minor_units),
                    _arriving(moment, standing, amount),
                ),
                moment.limits.sums(standing, "in", "transfer"),
                rules=(INFLOW_RULE,),
            )

        asked = {"account_id": account_id, "amount": amount}
        return await self._move(Operation(operation_id, "receive", asked), amount, plan)

    async def _move(
        self, operation: Operation, amount: Money, plan: Planner
    ) -> Done[Posting] | Declined:
        async def decide() -> Verdict:
            moment = self._office.moment()
            wrong = self._office.wrong_amount(operation, moment, amount)
            if wrong is not None:
                return wrong
            standing = await self._office.standing(operation.arguments["account_id"], moment)
            if standing is None:
                return self._office.unknown_account(operation, moment)
            if standing.status != "active":
                return self._office.not_active(operation, moment)
            planned = await plan(moment, standing)
            if isinstance(planned, No):
                return self._office.declined(
                    operation, moment, planned.code, planned.detail, *planned.rules
                )
            return self._bounded(operation, moment, amount, planned) or self._posted(
                operation, moment, standing, amount, planned
            )

        answer: Done[Posting] | Declined = await self._office.operations.run(operation, decide)
        return answer

    def _bounded(
        self, operation: Operation, moment: Moment, amount: Money, plan: Plan
    ) -> Verdict | None:
        bound = passed(plan.bounds, amount.minor_units)
        if bound is None:
            return None
        return self._office.declined(
            operation,
            moment,
            bound.code,
            _REFUSALS[bound.code],
            *bound.rules,
            headroom=acceptable(plan.bounds) if bound.told else None,
        )

    def _posted(
        self,
        operation: Operation,
        moment: Moment,
        standing: store.StandingRow,
        amount: Money,
        plan: Plan,
    ) -> Verdict:
        posting = Posting(ids.new_id("pst"), standing.account_id, amount, moment.day, moment.at)
        unit = Unit(f"bank.{operation.kind}")
        entry = ledger.Entry(
            posting_id=posting.posting_id,
            operation_id=operation.operation_id,
            kind=operation.kind,
            legs=plan.legs,
            sums=plan.sums,
            units=amount.minor_units,
            remittance_information=operation.arguments.get("remittance_information", ""),
        )
        ledger.post(unit, entry, moment.at)
        if plan.mandate_id is not None:
            unit.lock(plan.mandate_id)
            unit.add(store.TOUCH_MANDATE, mandate_id=plan.mandate_id, at=moment.at)
        if plan.funds:
            unit.add(store.MARK_BOUND_FUNDED, account_id=standing.account_id, at=moment.at)
        rules = moment.limits.rules(standing, *plan.rules)
        return self._office.done(operation, moment, posting, unit, rules)


def _arriving(moment: Moment, standing: store.StandingRow, amount: Money) -> ledger.Leg:
    cap = moment.limits.balance_cap(standing.tier)
    return ledger.Leg(standing.account_id, amount.minor_units, cap)


def _leaving(
    moment: Moment, standing: store.StandingRow, amount: Money, flow: Flow, to: ledger.Leg
) -> Plan:
    return Plan(
        moment.limits.bounds_out(standing, flow),
        (ledger.Leg(standing.account_id, -amount.minor_units), to),
        moment.limits.sums(standing, "out", flow),
    )
