"""Qualifications: one partner's question about a package, answered and put on record."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final, Protocol

import msgspec

from contracts import errors
from contracts.v1.consents import PACKAGE_ORDER_TYPE
from contracts.v1.qualifications import Condition, Qualification, QualificationRequest
from gateway.audit.service import Audit
from gateway.corebank.port import CustomerFacts
from gateway.database import Database, Unit
from gateway.kit.caller import Caller
from gateway.kit.clock import BANK_ZONE, bank_day
from gateway.products.component_files import ComponentEntry
from gateway.products.component_types import ComponentTypes
from gateway.products.details import CURRENCY
from gateway.products.package_files import PackageFile
from gateway.products.qualification.judging import Case, Judgement, judge
from gateway.products.qualification.missing import MissingTable
from gateway.rules.service import RuleBook

OPERATION: Final = "package.qualify"
# Facts of a person grow old; the bank's day ends for everybody.
LIFE: Final = timedelta(minutes=10)


class Sold(Protocol):
    """Whoever knows what a partner may sell; `gateway.products.service.Catalogue` does."""

    async def sold(self, code: str, partner_id: str, version: str | None) -> PackageFile:
        """The version, or the newest, as the partner sells it; ``NotFound`` when there is none."""
        ...


class FactsOfCustomers(Protocol):
    """The one question of the core-bank port that is asked here."""

    async def facts(self, customer_id: str) -> CustomerFacts | None:
        """See ``CoreBank.facts``."""
        ...


class OrderBook(Protocol):
    """What only the room of orders knows, which stands above this one."""

    def carries_out(self, component_type: str) -> bool:
        """Whether a line of that type, unless it is only referred, can be ordered at all."""
        ...

    async def is_live(self, consent_id: str, package: str) -> bool:
        """Whether the consent carries an order for the package that was not cancelled."""
        ...


class Qualifications:
    """Answers whether a package can be taken; reads the same whatever is known of a customer."""

    def __init__(
        self,
        database: Database,
        catalogue: Sold,
        bank: FactsOfCustomers,
        orders: OrderBook,
        audit: Audit,
        *,
        types: ComponentTypes,
        rules: RuleBook,
        table: MissingTable,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._bank = bank
        self._orders = orders
        self._audit = audit
        self._types = types
        self._rules = rules
        self._table = table

    async def qualify(
        self, code: str, request: QualificationRequest, caller: Caller
    ) -> Qualification:
        """Answers for anybody, or for the caller's customer if it has one.

        Raises ``ConsentMismatch`` for a customer whose consent is not for the package: it serves no
        other purpose (CN-PIPL-01). ``NotFound`` for what the partner does not sell,
        ``InvalidField`` for a component that it does not sell or for another currency, and
        ``CoreBankUnavailable``, which only a question about a customer can meet.
        """
        consented = _consented(code, caller)
        package = await self._catalogue.sold(code, caller.partner_id, request.version or consented)
        if consented not in {None, package.version}:
            raise errors.ConsentMismatch("The consent is for another version of the package.")
        amount = request.context.amount
        if amount is not None and amount.currency != CURRENCY:
            raise errors.InvalidField(f"It must be in {CURRENCY}.", field="context.amount")
        case = await self._case(package, _wanted(package, request.components), request, caller)
        on = bank_day(caller.at)
        judgement = judge(
            case,
            types=self._types,
            rules=self._rules,
            table=self._table,
            carries_out=self._orders.carries_out,
            on=on,
        )
        unit = Unit(OPERATION)
        self._note(unit, judgement, package, request, caller)
        await self._database.commit(unit)
        return _said(case, judgement, self._rules.version(on=on), caller.at)

    async def _case(
        self,
        package: PackageFile,
        parts: Sequence[ComponentEntry],
        request: QualificationRequest,
        caller: Caller,
    ) -> Case:
        case = Case(package=package, parts=parts, context=request.context)
        if caller.customer_id is None or caller.consent_id is None:
            return case
        return msgspec.structs.replace(
            case,
            about_customer=True,
            facts=await self._bank.facts(caller.customer_id),
            is_live=await self._orders.is_live(caller.consent_id, package.code),
        )

    def _note(
        self,
        unit: Unit,
        judgement: Judgement,
        package: PackageFile,
        request: QualificationRequest,
        caller: Caller,
    ) -> None:
        detail: Mapping[str, Any] = {
            "package": package.code,
            "version": package.version,
            "context": request.context,
            "outcome": judgement.outcome,
            "missing": [lack.code for lack in judgement.missing],
            "lines": {line.component: line.outcome for line in judgement.lines},
            "interaction_id": caller.interaction_id,
        }
        self._audit.append(
            unit,
            action=OPERATION,
            actor=caller.actor,
            partner_id=caller.partner_id,
            client_id=caller.client_id,
            subject=caller.customer_id,
            resource=caller.consent_id,
            decision="deny" if judgement.outcome == "not_available" else "allow",
            rules=judgement.rules,
            detail=dict(detail),
            at=caller.at,
        )


def _consented(code: str, caller: Caller) -> str | None:
    """The version that the customer's consent names; ``None`` where there is no customer."""
    if caller.customer_id is None:
        return None
    for entry in caller.authorization_details:
        if entry.get("type") == PACKAGE_ORDER_TYPE and entry.get("package") == code:
            return str(entry.get("version"))
    raise errors.ConsentMismatch("The consent is not for this package.")


def _wanted(package: PackageFile, named: Sequence[str] | None) -> list[ComponentEntry]:
    """The components asked for, in their order; every refusal is that of an unknown one."""
    parts = {part.id: part for part in package.component}
    if named is None:
        return list(parts.values())
    if not parts.keys() >= set(named):
        raise errors.InvalidField("The package has no such component.", field="components")
    wanted = [part for part in parts.values() if part.required or part.id in named]
    there = {part.id for part in wanted}
    for part in wanted:
        if part.draws_on is not None and part.draws_on not in there:
            raise errors.InvalidField(
                f"{part.id} needs the component {part.draws_on}.", field="components"
            )
    return wanted


def _said(case: Case, judgement: Judgement, rule_pack: str, at: datetime) -> Qualification:
    midnight = datetime.combine(bank_day(at) + timedelta(days=1), time(), BANK_ZONE)
    return Qualification(
        package=case.package.code,
        version=case.package.version,
        about="customer" if case.about_customer else "anybody",
        outcome=judgement.outcome,
        missing=judgement.missing,
        lines=judgement.lines,
        conditions=[
            Condition(entry.code, entry.text.localised(), entry.checked_by)
            for entry in case.package.eligibility.condition
        ],
        rule_pack=rule_pack,
        # Whole seconds, so that its length says nothing either.
        valid_until=min((at + LIFE).replace(microsecond=0), midnight.astimezone(at.tzinfo)),
    )
