"""Quotes: made for one order of one partner, kept for ten minutes, forgotten after a day."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from contracts import errors
from contracts.v1.quotes import Quote, QuotedDisclosure, QuoteRequest
from gateway.audit.service import Audit
from gateway.database import Database, Unit, sweep_out
from gateway.kit.caller import Caller
from gateway.kit.ids import digest, new_id
from gateway.products.package_files import PackageFile
from gateway.products.quotes import store
from gateway.products.quotes.facts import BUREAU_RULE, Told, read_facts
from gateway.products.quotes.pricing import check_ceiling, digest_without, priced
from gateway.products.quotes.shelf import Shelf, Shelved
from gateway.web.idempotency import Idempotency, fingerprint
from gateway.web.remembered import recall

OPERATION: Final = "quote.make"
LIFE: Final = timedelta(minutes=10)
# How often one order may be quoted in a day: enough to choose a plan, too few to probe prices.
QUOTES_MOST: Final = 20
COUNTED: Final = timedelta(days=1)
# Who may lend through whom, the ceiling of all costs, and that they are shown first.
RULES: Final = ("CN-LOAN-05", "CN-LOAN-06", "CN-LOAN-07", BUREAU_RULE)
_STATUS_CREATED: Final = 201
# Refusals of the request as such: its key is used up.
_REFUSALS: Final = (
    errors.InvalidField,
    errors.DirectFeedForbidden,
    errors.MemberForbidden,
    errors.PartnerNotListed,
    errors.QuoteReferred,
    errors.QuoteOutOfBounds,
)


class Quoted(msgspec.Struct, frozen=True):
    """A quote; ``body`` is the stored answer, the same bytes for every retry."""

    quote_id: str
    body: bytes
    replayed: bool


class _Asked(msgspec.Struct, frozen=True):
    """All that one call asks, as far as a repeated key must agree on it."""

    code: str
    request: QuoteRequest
    told: Told


class Quotes:
    """Makes quotes for partners and remembers them for ten minutes."""

    def __init__(
        self, database: Database, shelf: Shelf, idempotency: Idempotency, audit: Audit
    ) -> None:
        self._database = database
        self._shelf = shelf
        self._idempotency = idempotency
        self._audit = audit

    async def quote(
        self, code: str, request: QuoteRequest, told: Told, caller: Caller, key: str
    ) -> Quoted:
        """Prices the order under the component's plans, for the caller's customer if it has one.

        ``told`` are the members of the request that its shape does not name. Raises ``NotFound``
        for a package that the partner does not sell, ``InvalidField``, ``DirectFeedForbidden``,
        ``MemberForbidden``, ``PartnerNotListed``, ``QuoteReferred`` or ``QuoteOutOfBounds``,
        which are the key's outcome, and ``TooManyQuotes``, which leaves it free.
        """
        asked = _Asked(code, request, told)
        mark = fingerprint(OPERATION, asked, caller.consent_id or "")
        prior = await self._idempotency.find(caller, OPERATION, key, mark, caller.at)
        if prior is not None:
            if prior.status != _STATUS_CREATED:
                raise recall(prior.body, replayed=True)
            return Quoted(prior.resource_id, prior.body, replayed=True)
        shelved = await self._shelf.shelved(caller.partner_id, code, request.version)
        try:
            quote = _priced(shelved, request, told, caller.at)
        except _REFUSALS as refusal:
            unit = Unit("quote.refuse")
            body = self._idempotency.refuse(unit, caller, OPERATION, key, mark, "", refusal)
            self._note(unit, caller, "deny", shelved, asked, {"code": refusal.code})
            await self._database.commit(unit)
        else:
            return await self._keep(quote, shelved, asked, caller, key, mark)
        raise recall(body)

    async def _keep(
        self, quote: Quote, shelved: Shelved, asked: _Asked, caller: Caller, key: str, mark: str
    ) -> Quoted:
        body = msgspec.json.encode(quote)
        same = digest(f"{caller.partner_id}\n{quote.order_reference}")
        unit = Unit(OPERATION, locks=(same,))
        self._idempotency.start(unit, caller, OPERATION, key, mark, quote.quote_id, caller.at)
        terms = _terms_digest(quote)
        unit.add(
            store.VOID_OTHERS,
            expect=None,
            partner_id=caller.partner_id,
            order_reference=quote.order_reference,
            terms_digest=terms,
            at=caller.at,
        )
        unit.add(
            store.INSERT_QUOTE,
            otherwise=errors.TooManyQuotes(f"One order is quoted {QUOTES_MOST} times a day."),
            quote_id=quote.quote_id,
            partner_id=caller.partner_id,
            client_id=caller.client_id,
            order_reference=quote.order_reference,
            customer_id=caller.customer_id,
            terms_digest=terms,
            body=body.decode(),
            created_at=quote.created_at,
            expires_at=quote.expires_at,
            since=caller.at - COUNTED,
            most=QUOTES_MOST,
            sweep_at=quote.created_at + COUNTED,
        )
        self._idempotency.finish(unit, caller.client_id, key, _STATUS_CREATED, body, caller.at)
        yearly = {plan.plan: plan.apr for plan in quote.plans}
        detail = {"quote_id": quote.quote_id, "digest": quote.digest, "apr": yearly}
        self._note(unit, caller, "allow", shelved, asked, detail)
        await self._database.commit(unit)
        return Quoted(quote.quote_id, body, replayed=False)

    def _note(
        self,
        unit: Unit,
        caller: Caller,
        decision: str,
        shelved: Shelved,
        asked: _Asked,
        detail: Mapping[str, Any],
    ) -> None:
        self._audit.append(
            unit,
            action=OPERATION,
            actor=caller.actor,
            partner_id=caller.partner_id,
            client_id=caller.client_id,
            subject=caller.customer_id,
            resource=detail.get("quote_id"),
            decision=decision,
            rules=RULES,
            detail={
                "package": asked.code,
                "version": shelved.package.version,
                "component": asked.request.component,
                "reference": asked.request.order.reference,
                "amount": asked.request.order.amount,
                "interaction_id": caller.interaction_id,
                **detail,
            },
            at=caller.at,
        )

    async def sweep(self, at: datetime) -> None:
        """Forgets quotes that no order took, once they count no more."""
        await sweep_out(self._database, store.SWEEP_QUOTES, before=at)


def _priced(shelved: Shelved, request: QuoteRequest, told: Told, at: datetime) -> Quote:
    package = shelved.package
    facts = read_facts(told, package.data)
    part = next((part for part in package.component if part.id == request.component), None)
    if part is None or part.boundary == "BANK_ONLY":
        raise errors.InvalidField("The package has no such component.", field="component")
    if part.id in shelved.unlisted:
        raise errors.PartnerNotListed("Ask the bank to be listed.", rule="CN-LOAN-05")
    if part.boundary != "EMBED":
        raise errors.QuoteReferred("Send the customer to the bank's own pages for it.")
    plans = priced(package, request)
    check_ceiling(plans, shelved.ceiling)
    quote = Quote(
        quote_id=new_id("quo"),
        package=package.code,
        version=package.version,
        component=request.component,
        order_reference=request.order.reference,
        amount=request.order.amount,
        facts=facts,
        lender="bank",
        plans=plans,
        disclosures=_disclosures(package, request.component),
        created_at=at,
        expires_at=at + LIFE,
        digest="",
    )
    return msgspec.structs.replace(quote, digest=digest_without(quote))


def _disclosures(package: PackageFile, component: str) -> list[QuotedDisclosure]:
    return [
        QuotedDisclosure(text.code, text.version, text.digest)
        for text in package.disclosure
        if component in text.components
    ]


def _terms_digest(quote: Quote) -> str:
    """Over what the order itself says: another amount or fact is another order."""
    said: Sequence[object] = (quote.amount, quote.facts)
    return digest(msgspec.json.encode(said, order="deterministic").decode())
