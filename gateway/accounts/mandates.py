"""Mandates: a customer's authority for small debits, and what a day has used of each."""

from datetime import date, datetime
from typing import Any

from contracts import errors
from contracts.v1.money import Money
from gateway.accounts import store
from gateway.accounts.origin import Origin
from gateway.accounts.reach import reaches
from gateway.accounts.states import MANDATE_BEGINS, MANDATE_MOVES
from gateway.accounts.store import Mandate
from gateway.corebank.port import RecordedMandate
from gateway.database import Database, Unit
from gateway.events.service import Events
from gateway.kit import ids
from gateway.kit.caller import Caller


class Mandates:
    """Keeps mandates and their daily counters; every change joins the caller's unit."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events

    def recorded(
        self, unit: Unit, origin: Origin, account_id: str, bank: RecordedMandate, at: datetime
    ) -> str:
        """Adds a mandate that the bank has recorded; returns the partner's id for it."""
        mandate_id = ids.new_id("man")
        unit.lock(mandate_id)
        unit.add(
            store.INSERT_MANDATE,
            mandate_id=mandate_id,
            bank_mandate_id=bank.mandate_id,
            account_id=account_id,
            partner_id=origin.partner_id,
            client_id=origin.client_id,
            consent_id=origin.consent_id,
            customer_id=origin.customer_id,
            order_id=origin.order_id,
            component=origin.component,
            payee_id=bank.payee_id,
            per_debit_cap=bank.per_debit_cap.minor_units,
            daily_cap=bank.daily_cap.minor_units,
            currency=bank.per_debit_cap.currency,
            recorded_at=at,
        )
        content = {
            "mandate_id": mandate_id,
            "account_id": account_id,
            "order_id": origin.order_id,
            "component": origin.component,
            "status": "active",
            "per_debit_cap": bank.per_debit_cap,
            "daily_cap": bank.daily_cap,
        }
        self._announce(unit, MANDATE_BEGINS, origin.partner_id, mandate_id, content, at)
        return mandate_id

    def ended(self, unit: Unit, mandate: Mandate, at: datetime) -> None:
        """Ends an active mandate: no debit that commits after the unit is accepted."""
        unit.lock(mandate.mandate_id)
        unit.add(
            store.END_MANDATE, mandate_id=mandate.mandate_id, from_="active", to="ended", at=at
        )
        content = {
            "mandate_id": mandate.mandate_id,
            "account_id": mandate.account_id,
            "order_id": mandate.order_id,
            "component": mandate.component,
            "status": "ended",
            "per_debit_cap": Money(mandate.per_debit_cap, mandate.currency),
            "daily_cap": Money(mandate.daily_cap, mandate.currency),
        }
        event = MANDATE_MOVES["active", "ended"]
        self._announce(unit, event, mandate.partner_id, mandate.mandate_id, content, at)

    async def find(self, mandate_id: str) -> Mandate | None:
        """The mandate, whoever's it is; for work that no caller asked for."""
        return await self._database.find(store.FIND_MANDATE, mandate_id=mandate_id)

    async def fetch(self, mandate_id: str, caller: Caller) -> Mandate:
        """The mandate under the caller's own consent; any other answers as one that is not.

        So does the mandate of a component that the customer has taken out of the consent.
        """
        mandate = await self._database.find(
            store.FIND_MANDATE_OF,
            mandate_id=mandate_id,
            partner_id=caller.partner_id,
            consent_id=caller.consent_id,
        )
        if mandate is None or not reaches(caller, mandate.component):
            raise errors.NotFound
        return mandate

    async def left(self, mandate: Mandate, day: date) -> int:
        """What the daily cap still allows on the bank's ``day``, in minor units."""
        row = await self._database.find(
            store.FIND_USED, mandate_id=mandate.mandate_id, bank_day=day.isoformat()
        )
        return mandate.daily_cap - (0 if row is None else row.used)

    def reserve(self, unit: Unit, mandate: Mandate, amount: int, day: date) -> None:
        """Takes ``amount`` of the day's cap, if the mandate is active at the commit.

        The unit raises ``MandateNotLive`` or ``LimitMandateDay`` where that is not so; the
        second carries no headroom, because only a fresh read can tell it.
        """
        unit.lock(mandate.mandate_id)
        unit.add(store.STILL_ACTIVE, otherwise=errors.MandateNotLive, mandate_id=mandate.mandate_id)
        self._ensure_day(unit, mandate.mandate_id, day)
        unit.add(
            store.RESERVE,
            otherwise=errors.LimitMandateDay,
            mandate_id=mandate.mandate_id,
            bank_day=day.isoformat(),
            amount=amount,
            daily_cap=mandate.daily_cap,
        )

    def release(self, unit: Unit, mandate_id: str, amount: int, day: date) -> None:
        """Gives back what was reserved for a debit that will not happen."""
        unit.lock(mandate_id)
        unit.add(store.RELEASE, mandate_id=mandate_id, bank_day=day.isoformat(), amount=amount)

    def count(self, unit: Unit, mandate_id: str, amount: int, day: date) -> None:
        """Counts a debit that the bank has accepted on ``day``, whatever was reserved before."""
        unit.lock(mandate_id)
        self._ensure_day(unit, mandate_id, day)
        unit.add(store.COUNT, mandate_id=mandate_id, bank_day=day.isoformat(), amount=amount)

    def _ensure_day(self, unit: Unit, mandate_id: str, day: date) -> None:
        unit.add(store.ENSURE_DAY, expect=None, mandate_id=mandate_id, bank_day=day.isoformat())

    def _announce(
        self,
        unit: Unit,
        event: str,
        partner_id: str,
        mandate_id: str,
        content: dict[str, Any],
        at: datetime,
    ) -> None:
        self._events.record(
            unit,
            type=event,
            partner_id=partner_id,
            resource_type="mandate",
            resource_id=mandate_id,
            content=content,
            at=at,
        )
