"""Quotes that others name: judged whole at each step from the pushed request to the order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from contracts import errors
from contracts.v1.consents import PACKAGE_ORDER_TYPE, PackageOrderDetail
from contracts.v1.quotes import QuotedPlan
from gateway.database import Database, Unit
from gateway.products.quotes import store
from gateway.products.quotes.store import QuoteRow


class NamedQuotes:
    """Judges entries of authorization details against the quotes that they name.

    Every method raises ``QuoteMismatch`` for a quote that is not the partner's or the customer's,
    that was given up or taken, or that differs from the entry in anything, and ``QuoteExpired``
    for one whose time is over. Entries without a quote are passed over, at no cost.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check(
        self, details: Sequence[Mapping[str, Any]], *, partner_id: str, at: datetime
    ) -> None:
        """Judges what a partner asks for; whose it will be is not known yet."""
        for entry in _naming(details):
            await self._judged(entry, partner_id, at)

    async def bind(
        self,
        unit: Unit,
        details: Sequence[Mapping[str, Any]],
        *,
        partner_id: str,
        customer_id: str,
        at: datetime,
    ) -> None:
        """Judges what the customer approves, and makes the quotes theirs in ``unit``."""
        for entry in _naming(details):
            row, _ = await self._judged(entry, partner_id, at, customer_id)
            unit.lock(row.quote_id)
            unit.add(
                store.BIND,
                otherwise=_lost,
                quote_id=row.quote_id,
                customer_id=customer_id,
                at=at,
            )

    async def schedule_digest(
        self,
        entry: PackageOrderDetail,
        *,
        partner_id: str,
        customer_id: str,
        reference: str,
        at: datetime,
    ) -> str | None:
        """The digest of the plan that an order would take, if its entry names a quote."""
        if entry.quote is None:
            return None
        row, plan = await self._judged(entry, partner_id, at, customer_id)
        if row.quoted.order_reference != reference:
            raise _mismatch("The quote is for an order with another reference.")
        return plan.digest

    def take(
        self, unit: Unit, quote_id: str, *, order_id: str, customer_id: str, at: datetime
    ) -> None:
        """Gives the quote to the order in ``unit``; of two orders one wins."""
        unit.lock(quote_id)
        unit.add(
            store.TAKE,
            otherwise=_lost,
            quote_id=quote_id,
            order_id=order_id,
            customer_id=customer_id,
            at=at,
        )

    async def _judged(
        self,
        entry: PackageOrderDetail,
        partner_id: str,
        at: datetime,
        customer_id: str | None = None,
    ) -> tuple[QuoteRow, QuotedPlan]:
        row = await self._database.find(store.FIND_QUOTE, quote_id=entry.quote)
        # Another partner's answers as one that does not exist.
        if row is None or row.partner_id != partner_id:
            raise _mismatch("There is no such quote.")
        if customer_id is not None and row.customer_id not in (None, customer_id):
            raise _mismatch("The quote is for another customer.")
        if row.voided_at is not None:
            raise _mismatch("The order was quoted anew with another amount or facts.")
        if row.order_id is not None:
            raise _mismatch("An order has taken the quote.")
        if at >= row.expires_at:
            raise errors.QuoteExpired("A quote holds for ten minutes.", quote_id=row.quote_id)
        return row, _plan(row, entry)


def _naming(details: Sequence[Mapping[str, Any]]) -> list[PackageOrderDetail]:
    return [
        msgspec.convert(entry, PackageOrderDetail)
        for entry in details
        if "quote" in entry and entry.get("type") == PACKAGE_ORDER_TYPE
    ]


def _plan(row: QuoteRow, entry: PackageOrderDetail) -> QuotedPlan:
    quoted = row.quoted
    asked = (entry.package, entry.version, entry.component)
    if asked != (quoted.package, quoted.version, quoted.component):
        raise _mismatch("The quote is for another package, version or component.")
    if entry.amount != quoted.amount:
        raise _mismatch("The quote is for another amount.")
    plan = next((plan for plan in quoted.plans if plan.plan == entry.plan), None)
    if plan is None:
        raise _mismatch("The quote has no such plan.")
    return plan


def _mismatch(why: str) -> errors.QuoteMismatch:
    return errors.QuoteMismatch(why)


def _lost() -> errors.QuoteMismatch:
    return errors.QuoteMismatch("Meanwhile the quote was used or given up, or its time is over.")
