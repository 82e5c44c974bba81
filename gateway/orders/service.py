"""Orders: a customer takes a package; the consent decides what is in it, the bank what becomes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from contracts import errors
from contracts.v1 import orders as wire
from contracts.v1.consents import PACKAGE_ORDER_TYPE, PackageOrderDetail
from gateway.accounts.service import Accounts, Mandates
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.corebank.port import CoreBank
from gateway.database import Database, Unit
from gateway.events.service import Events
from gateway.kit import ids
from gateway.kit.caller import Caller
from gateway.kit.clock import Clock, bank_day
from gateway.oauth.service import check_money_factors
from gateway.orders import store
from gateway.orders.activation import Activation, in_flight
from gateway.orders.chapter import Chapter, Held, promised
from gateway.orders.eligibility import objection
from gateway.orders.lines import planned
from gateway.orders.quoted import scheduled, take
from gateway.orders.read import check_read, record_of, recorded
from gateway.orders.steps import Kinds, wants_money
from gateway.orders.store import LineRow, OrderRow
from gateway.orders.worker import OrderWorker
from gateway.products.service import Catalogue, DisclosureRules, NamedQuotes, Plan
from gateway.rules.service import RuleBook
from gateway.web.idempotency import Idempotency, fingerprint
from gateway.web.remembered import recall

OPERATION: Final = "order.place"
_STATUS_CREATED: Final = 201
# Refusals of the request as such: no order comes of it, and its key is used up.
_REFUSALS: Final = (
    errors.ConsentMismatch,
    errors.OrderNotEligible,
    errors.PackageNotOrderable,
    errors.PartnerNotListed,
    errors.QuoteNotUsable,
    errors.OrderExists,
    errors.DisclosureStale,
)
# A lease only saves work: operations repeat under one id and a lost lease writes nothing. So it
# may be shorter than a slow bank, and a retry after a crash need not wait long.
LEASE: Final = timedelta(seconds=5)


class Placed(msgspec.Struct, frozen=True):
    """An order that rests; ``body`` is the stored answer, the same bytes for every retry."""

    order: wire.Order
    body: bytes
    replayed: bool


class Orders:
    """Places orders, reads them, and brings every order that was begun to its end."""

    def __init__(
        self,
        database: Database,
        core: CoreBank,
        *,
        catalogue: Catalogue,
        consents: Consents,
        accounts: Accounts,
        mandates: Mandates,
        events: Events,
        audit: Audit,
        idempotency: Idempotency,
        clock: Clock,
        rules: RuleBook,
        disclosures: DisclosureRules,
        quotes: NamedQuotes,
        hosted_url: str,
        lease: timedelta = LEASE,
    ) -> None:
        """``hosted_url`` is where the bank's pages live."""
        self._database = database
        self._core = core
        self._catalogue = catalogue
        self._audit = audit
        self._idempotency = idempotency
        self._consents = consents
        self._rules = rules
        self._disclosures = disclosures
        self._quotes = quotes
        self._kinds = Kinds(core, accounts, mandates, events, catalogue.types)
        self._activation = Activation(
            database,
            core,
            consents,
            events,
            audit,
            idempotency,
            clock,
            kinds=self._kinds,
            hosted_url=hosted_url,
            lease=lease,
        )
        self.worker = OrderWorker(self._activation)

    async def place(
        self, request: wire.OrderRequest, caller: Caller, idempotency_key: str
    ) -> Placed:
        """Places the order that the caller's consent allows, and carries it to its end.

        With the key of an earlier request: its answer, byte for byte, a refusal included, or the
        order taken up where it stands. An order whose required line was refused is answered as
        ``cancelled``, with the reason on its line. Raises ``ConsentMismatch``,
        ``OrderNotEligible``, ``PackageNotOrderable``, ``DisclosureStale``, ``QuoteMismatch``,
        ``QuoteExpired`` or ``OrderExists``, which leave no order and are the key's outcome;
        ``InsufficientUserAuthentication``, which leaves the key free; ``RequestInFlight``,
        ``CoreBankUnavailable`` or ``CoreBankUnknown``.
        """
        # The consent is part of it: a key must not fetch what another customer's consent gave.
        mark = fingerprint(OPERATION, request, caller.consent_id or "")
        prior = await self._idempotency.find(caller, OPERATION, idempotency_key, mark, caller.at)
        if prior is None:
            held = await self._begin(request, caller, idempotency_key, mark)
        elif prior.done:
            if prior.status != _STATUS_CREATED:
                raise recall(prior.body, replayed=True)
            order = msgspec.json.decode(prior.body, type=wire.Order)
            return Placed(order, prior.body, replayed=True)
        else:
            held = await self._activation.take(prior.resource_id)
        outcome = await self._activation.drive(held, caller.actor, fresh=prior is None)
        return Placed(outcome.order, outcome.body, replayed=False)

    async def read(self, order_id: str, caller: Caller) -> wire.Order:
        """The order as it stands; another consent's answers as one that does not exist."""
        order = await self._database.find(
            store.FIND_ORDER_OF,
            order_id=order_id,
            partner_id=caller.partner_id,
            consent_id=caller.consent_id,
        )
        if order is None:
            raise errors.NotFound
        lines = await self._database.all(store.FIND_LINES, order_id=order_id)
        return promised(order, lines)

    def carries_out(self, component_type: str) -> bool:
        """Whether a line of that type, unless it is only referred, can be ordered at all."""
        return self._kinds.carries_out(component_type)

    async def is_live(self, consent_id: str, package: str) -> bool:
        """Whether the consent carries an order for the package that was not cancelled."""
        found = await self._database.find(store.FIND_LIVE, consent_id=consent_id, package=package)
        return found is not None

    async def _begin(self, request: wire.OrderRequest, caller: Caller, key: str, mark: str) -> Held:
        try:
            order = _new_order(request, caller, key)
            plan = await self._catalogue.plan(request.package, request.version, caller.partner_id)
            if plan is None:
                raise errors.ConsentMismatch("There is no such package and version.")
            lines = self._lines(plan, request, caller, order.order_id)
            order, rules = await self._read(lines, order)
            await self._check_factors(lines, order, caller)
            await self._admit(plan, order.customer_id)
            lines = await self._scheduled(lines, order)
            held = Held(order, lines, ids.new_id("lease"))
            return await self._write(held, caller, mark, rules)
        except _REFUSALS as refusal:
            body = await self._refused(refusal, request, caller, key, mark)
        raise recall(body)

    async def _read(
        self, lines: Sequence[LineRow], order: OrderRow
    ) -> tuple[OrderRow, tuple[str, ...]]:
        """The order with what its customer read, and the rules that asked for it."""
        package = self._catalogue.find(order.package, order.version)
        assert package is not None, "its plan was found"
        agreed = [
            text
            for text in await self._consents.read_for(order.consent_id)
            if (text.package, text.version) == (order.package, order.version)
        ]
        components = {line.component for line in lines}
        reading = self._disclosures.reading(package, components, on=bank_day(order.created_at))
        check_read(reading, agreed)
        return msgspec.structs.replace(order, disclosures=record_of(agreed)), reading.rules

    async def _check_factors(
        self, lines: Sequence[LineRow], order: OrderRow, caller: Caller
    ) -> None:
        if not any(map(wants_money, lines)):
            return
        consent = await self._consents.find(order.consent_id)
        approved = "" if consent is None else consent.acr
        check_money_factors(self._rules, caller, approved, on=bank_day(caller.at))

    async def _write(self, held: Held, caller: Caller, mark: str, rules: Sequence[str]) -> Held:
        order = held.order
        key = order.idempotency_key
        unit = Unit("order.place")
        self._idempotency.start(unit, caller, OPERATION, key, mark, order.order_id, caller.at)

        def prepare(chapter: Chapter) -> None:
            chapter.note(
                OPERATION,
                "allow",
                rules=rules,
                detail={
                    "consent_id": order.consent_id,
                    "disclosures": [text.digest for text in recorded(order.disclosures)],
                    "package": order.package,
                    "version": order.version,
                    "components": [line.component for line in held.lines],
                    "channel": caller.channel,
                    "interaction_id": caller.interaction_id,
                },
            )
            take(self._quotes, chapter.unit, held.lines, order)

        try:
            return await self._activation.begin(
                held,
                prepare,
                unit=unit,
                actor=caller.actor,
                at=caller.at,
                otherwise=errors.OrderExists(),
            )
        except errors.OrderExists:
            raise await self._existing(order, in_flight()) from None
        except errors.QuoteNotUsable as refusal:
            raise await self._existing(order, refusal) from None

    async def _scheduled(self, lines: Sequence[LineRow], order: OrderRow) -> Sequence[LineRow]:
        try:
            return await scheduled(self._quotes, lines, order)
        except errors.QuoteNotUsable as refusal:
            raise await self._existing(order, refusal) from None

    async def _refused(
        self,
        refusal: errors.GatewayError,
        request: wire.OrderRequest,
        caller: Caller,
        key: str,
        mark: str,
    ) -> bytes:
        """Records a refusal that leaves no order behind, and stores it as the key's outcome.

        Raises ``RequestInFlight`` for a faster twin.
        """
        unit = Unit("order.refuse")
        body = self._idempotency.refuse(
            unit, caller, OPERATION, key, mark, caller.consent_id or "", refusal
        )
        self._audit.append(
            unit,
            action=OPERATION,
            actor=caller.actor,
            partner_id=caller.partner_id,
            client_id=caller.client_id,
            subject=caller.customer_id,
            resource=caller.consent_id,
            decision="deny",
            detail={
                "code": refusal.code,
                "package": request.package,
                "version": request.version,
                "reference": request.reference,
                "channel": caller.channel,
                "interaction_id": caller.interaction_id,
            },
            at=caller.at,
        )
        await self._database.commit(unit)
        return body

    async def _existing(
        self, order: OrderRow, otherwise: errors.GatewayError
    ) -> errors.GatewayError:
        """That the consent carries an order, which tells more than that its quote is taken."""
        found = await self._database.find(
            store.FIND_LIVE, consent_id=order.consent_id, package=order.package
        )
        if found is None:
            # It was cancelled in between, so the same request may well succeed now.
            return otherwise
        return errors.OrderExists(
            "The consent carries an order for this package.", order_id=found.order_id
        )

    async def _admit(self, plan: Plan, customer_id: str) -> None:
        """Raises ``OrderNotEligible`` where the bank's record of the customer rules them out.

        Only the record is read; nothing is asked to be verified or opened (CN-ACC-02).
        """
        try:
            customer = await self._core.customer(customer_id)
        except errors.Unavailable:
            # Whoever is not eligible is refused by the bank too, line by line.
            return
        reason = None if customer is None else objection(plan, customer)
        if reason is not None:
            raise errors.OrderNotEligible(
                reason_family=reason.reason_family, reason_code=reason.code
            )

    def _lines(
        self, plan: Plan, request: wire.OrderRequest, caller: Caller, order_id: str
    ) -> Sequence[LineRow]:
        details = [
            msgspec.convert(detail, PackageOrderDetail)
            for detail in caller.authorization_details
            if detail.get("type") == PACKAGE_ORDER_TYPE
            and detail.get("package") == request.package
            and detail.get("version") == request.version
        ]
        if not details:
            raise errors.ConsentMismatch("The consent is not for this package and version.")
        lines = planned(order_id, plan, details)
        components = {line.component for line in lines}
        for line in lines:
            if line.component in plan.unlisted:
                raise errors.PartnerNotListed(
                    "Credit is for partners on the bank's published list (CN-LOAN-05).",
                    component=line.component,
                )
            if not self._kinds.known(line):
                raise errors.PackageNotOrderable(
                    "Offer the package without it, or wait until the bank says it can be ordered.",
                    component=line.component,
                )
            if not self._kinds.fits(line, components):
                raise errors.OrderNotEligible(
                    "A component of the package is not available.", component=line.component
                )
        return lines


def _new_order(request: wire.OrderRequest, caller: Caller, key: str) -> OrderRow:
    if caller.consent_id is None or caller.customer_id is None:
        raise errors.ConsentMismatch("The token carries no customer's consent.")
    return OrderRow(
        order_id=ids.new_id("ord"),
        partner_id=caller.partner_id,
        client_id=caller.client_id,
        customer_id=caller.customer_id,
        subject=caller.subject,
        consent_id=caller.consent_id,
        package=request.package,
        version=request.version,
        reference=request.reference,
        status="received",
        sequence=0,
        idempotency_key=key,
        created_at=caller.at,
        updated_at=caller.at,
        attempts=0,
    )
