"""A chapter: what one unit changes of a payment, written at its end under the holder's lease."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from contracts import errors
from contracts.v1 import payments as wire
from contracts.v1.money import Money
from gateway.accounts.service import Mandate, Mandates
from gateway.audit.service import Audit
from gateway.corebank.port import Posting
from gateway.database import Unit
from gateway.events.service import Events
from gateway.payments import refusals, states, store
from gateway.payments.store import PaymentRow
from gateway.web.idempotency import Idempotency
from gateway.web.remembered import remember

STATUS_CREATED = 201


class Held(msgspec.Struct, frozen=True):
    """A payment as last written, with the lease under which the holder may write it on."""

    payment: PaymentRow
    mandate: Mandate
    lease: str


class Stored(msgspec.Struct, frozen=True):
    """The outcome kept under the request's key."""

    status: int
    body: bytes


class Chapter:
    """Collects what one unit changes; nothing has happened before its commit."""

    def __init__(
        self,
        unit: Unit,
        held: Held,
        *,
        actor: str,
        at: datetime,
        mandates: Mandates,
        events: Events,
        audit: Audit,
        idempotency: Idempotency,
    ) -> None:
        unit.lock(held.payment.payment_id)
        self.unit = unit
        self.at = at
        self.payment = replace(held.payment, updated_at=at)
        self._held = held
        self._actor = actor
        self._mandates = mandates
        self._events = events
        self._audit = audit
        self._idempotency = idempotency

    def reserve(self, day: date) -> None:
        """Takes the amount out of the mandate's cap for the bank's ``day``."""
        self._mandates.reserve(self.unit, self._held.mandate, self.payment.amount, day)
        self.payment = replace(self.payment, reserved_on=day.isoformat())

    def release(self) -> None:
        """Gives back what is reserved, if anything is."""
        if self.payment.reserved_on is not None:
            day = date.fromisoformat(self.payment.reserved_on)
            self._mandates.release(self.unit, self.payment.mandate_id, self.payment.amount, day)
            self.payment = replace(self.payment, reserved_on=None)

    def mark_unknown(self) -> None:
        """The bank has not said what became of it."""
        if self.payment.status == "received":
            self._move("unknown")

    def settle(self, posting: Posting, rules: Sequence[str], rule_pack: str) -> Stored:
        """The money has moved: announces it and stores the answer."""
        if self.payment.reserved_on != posting.bank_day.isoformat():
            # Midnight passed on the way: the debit counts on the day the bank posted it.
            self.release()
            self._mandates.count(
                self.unit, self.payment.mandate_id, self.payment.amount, posting.bank_day
            )
        self.payment = replace(
            self.payment,
            reserved_on=posting.bank_day.isoformat(),
            posting_id=posting.posting_id,
            settled_at=posting.posted_at,
        )
        self._move("settled")
        self.note("allow", rules, rule_pack)
        stored = Stored(STATUS_CREATED, msgspec.json.encode(promised(self.payment)))
        return self._finish(stored)

    def decline(
        self, error: errors.GatewayError, rules: Sequence[str], rule_pack: str | None, code: str
    ) -> Stored:
        """The money will not move: gives the room back, announces it and stores the error."""
        self.release()
        reason = msgspec.json.encode(refusals.reason(error)).decode()
        self.payment = replace(self.payment, reason=reason)
        self._move("declined")
        self.note("deny", rules, rule_pack, code=code)
        body = remember(error, self.payment.interaction_id)
        return self._finish(Stored(error.status, body))

    def note(
        self, decision: str, rules: Sequence[str], rule_pack: str | None, **detail: Any
    ) -> None:
        """Adds the audit record of a decision on this payment."""
        payment = self.payment
        self._audit.append(
            self.unit,
            action="payment.debit",
            actor=self._actor,
            partner_id=payment.partner_id,
            client_id=payment.client_id,
            subject=payment.customer_id,
            resource=payment.payment_id,
            decision=decision,
            rules=rules,
            rule_pack=rule_pack,
            detail={
                "mandate_id": payment.mandate_id,
                "end_to_end_id": payment.end_to_end_id,
                "amount": Money(payment.amount, payment.currency),
                "status": payment.status,
                **detail,
            },
            at=self.at,
        )

    def insert(self, until: datetime, otherwise: type[Exception]) -> Held:
        """Writes a new payment; ``otherwise`` is raised where its ``end_to_end_id`` was used."""
        self.unit.add(
            store.INSERT,
            otherwise=otherwise,
            lease=self._held.lease,
            until=until,
            **msgspec.structs.asdict(self.payment),
        )
        return replace(self._held, payment=self.payment)

    def save(self, *, lease: str | None, until: datetime, due_at: datetime) -> Held:
        """Writes what changed; the unit is ``Stale`` for a holder who has lost the lease."""
        payment = self.payment
        self.unit.add(
            store.SAVE,
            payment_id=payment.payment_id,
            held=self._held.lease,
            status=payment.status,
            sequence=payment.sequence,
            reserved_on=payment.reserved_on,
            posting_id=payment.posting_id,
            reason=payment.reason,
            updated_at=payment.updated_at,
            settled_at=payment.settled_at,
            attempts=payment.attempts,
            lease=lease,
            until=until,
            due_at=due_at,
        )
        return replace(self._held, payment=payment)

    def _move(self, to: wire.PaymentStatus) -> None:
        event = states.event_of(self.payment.status, to)
        self.payment = replace(self.payment, status=to)
        if event is None:
            return
        # The events room counts the same: it numbers a resource's events one by one too.
        self.payment = replace(self.payment, sequence=self.payment.sequence + 1)
        self._events.record(
            self.unit,
            type=event,
            partner_id=self.payment.partner_id,
            resource_type="payment",
            resource_id=self.payment.payment_id,
            content=promised(self.payment),
            at=self.at,
        )

    def _finish(self, stored: Stored) -> Stored:
        payment = self.payment
        self._idempotency.finish(
            self.unit,
            payment.client_id,
            payment.idempotency_key,
            stored.status,
            stored.body,
            self.at,
        )
        return stored


def promised(payment: PaymentRow) -> wire.Payment:
    """The payment in the partner's words."""
    reason = None
    if payment.reason is not None:
        reason = msgspec.json.decode(payment.reason, type=wire.PaymentReason)
    return wire.Payment(
        payment_id=payment.payment_id,
        mandate_id=payment.mandate_id,
        end_to_end_id=payment.end_to_end_id,
        status=payment.status,
        instructed_amount=Money(payment.amount, payment.currency),
        created_at=payment.created_at,
        sequence=payment.sequence,
        settled_at=payment.settled_at,
        reason=reason,
    )
