"""Payments: debits under a customer's mandate, each of them once, and what became of them."""

from datetime import timedelta
from typing import Final

import msgspec

from contracts import errors
from contracts.v1 import payments as wire
from gateway.accounts.service import Mandate, Mandates
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.corebank.port import CoreBank
from gateway.database import Database, Unit
from gateway.events.service import Events
from gateway.kit import ids
from gateway.kit.caller import Caller
from gateway.kit.clock import Clock, bank_day
from gateway.oauth.service import check_money_factors
from gateway.payments import store
from gateway.payments.chapter import STATUS_CREATED, Held, Stored, promised
from gateway.payments.execution import Execution, in_flight
from gateway.payments.store import PaymentRow
from gateway.payments.worker import PaymentWorker
from gateway.rules.service import RuleBook
from gateway.web.idempotency import Idempotency, fingerprint
from gateway.web.remembered import recall

OPERATION: Final = "payment.debit"
# A lease only saves work: the bank acts once per payment and a lost lease writes nothing. So it
# may be shorter than a slow bank, and a retry after a crash need not wait long.
LEASE: Final = timedelta(seconds=5)


class Debited(msgspec.Struct, frozen=True):
    """A settled payment; ``body`` is the stored answer, the same bytes for every retry."""

    payment: wire.Payment
    body: bytes
    replayed: bool


class _Twin(Exception):
    """The mandate has a payment with this ``end_to_end_id`` already."""


class Payments:
    """Debits mandates, reads payments, and brings every payment that was begun to its end."""

    def __init__(
        self,
        database: Database,
        core: CoreBank,
        *,
        consents: Consents,
        mandates: Mandates,
        events: Events,
        audit: Audit,
        idempotency: Idempotency,
        clock: Clock,
        bank_clock: Clock,
        rules: RuleBook,
        lease: timedelta = LEASE,
    ) -> None:
        """``bank_clock`` tells the bank's day."""
        self._database = database
        self._bank_clock = bank_clock
        self._rules = rules
        self._mandates = mandates
        self._audit = audit
        self._idempotency = idempotency
        self._execution = Execution(
            database,
            core,
            consents,
            mandates,
            events,
            audit,
            idempotency,
            clock,
            bank_clock=bank_clock,
            lease=lease,
        )
        self.worker = PaymentWorker(self._execution)

    async def debit(
        self, mandate_id: str, request: wire.DebitRequest, caller: Caller, idempotency_key: str
    ) -> Debited:
        """Debits the account behind the mandate, once, or raises why not.

        With the key of an earlier request: its outcome, byte for byte, a refusal included, or the
        payment taken up where it stands. Every refusal by the mandate or the bank is such an
        outcome; ``NotFound``, ``InvalidField`` and ``Conflict`` leave the key free. Refusals say
        the ``headroom`` where an amount is the matter.

        Raises ``NotFound``, ``MandateNotLive``, ``InvalidField``, ``LimitExceeded`` and its
        kinds, ``BalanceInsufficient``, ``PaymentDeclined``, ``Conflict`` naming the payment that
        has the ``end_to_end_id``, ``InsufficientUserAuthentication`` (the key stays free),
        ``RequestInFlight``, ``CoreBankUnavailable`` (nothing was done,
        the retry will) or ``CoreBankUnknown`` (the retry will tell).
        """
        # The consent is part of it: a key must not fetch what another customer's consent gave.
        mark = fingerprint(OPERATION, request, mandate_id, caller.consent_id or "")
        prior = await self._idempotency.find(caller, OPERATION, idempotency_key, mark, caller.at)
        if prior is None:
            held = await self._begin(mandate_id, request, caller, idempotency_key, mark)
        elif prior.done:
            return _answered(Stored(prior.status, prior.body), replayed=True)
        else:
            held = await self._execution.take(prior.resource_id)
        stored = await self._execution.drive(
            held, caller.actor, fresh=prior is None, asked_for=True
        )
        return _answered(stored, replayed=False)

    async def read(self, payment_id: str, caller: Caller) -> wire.Payment:
        """The payment as it stands; another consent's answers as one that does not exist."""
        payment = await self._database.find(
            store.FIND_OF,
            payment_id=payment_id,
            partner_id=caller.partner_id,
            consent_id=caller.consent_id,
        )
        if payment is None:
            raise errors.NotFound
        return promised(payment)

    async def _begin(
        self,
        mandate_id: str,
        request: wire.DebitRequest,
        caller: Caller,
        key: str,
        mark: str,
    ) -> Held:
        mandate = await self._mandates.fetch(mandate_id, caller)
        today = bank_day(self._bank_clock.now())
        check_money_factors(self._rules, caller, mandate.acr or "", on=today)
        error = await self._objection(mandate, request)
        if error is not None:
            raise await self._refused(mandate, request, caller, key, mark, error)
        payment = _received(mandate, request, caller, key)

        def start(unit: Unit) -> None:
            self._idempotency.start(
                unit, caller, OPERATION, key, mark, payment.payment_id, caller.at
            )

        try:
            return await self._execution.begin(
                Held(payment, mandate, ids.new_id("lease")),
                start,
                actor=caller.actor,
                at=caller.at,
                otherwise=_Twin,
            )
        except _Twin:
            raise await self._taken(mandate_id, request.end_to_end_id) from None
        except errors.LimitMandateDay:
            error = await self._execution.day_limit(mandate)
        except errors.MandateNotLive:
            error = _ended()
        raise await self._refused(mandate, request, caller, key, mark, error)

    async def _objection(
        self, mandate: Mandate, request: wire.DebitRequest
    ) -> errors.Refused | None:
        """Why there will be no payment at all; ``InvalidField`` for what is no amount of it."""
        amount = request.instructed_amount
        if amount.currency != mandate.currency:
            raise errors.InvalidField(
                f"The mandate is in {mandate.currency}.", field="instructed_amount.currency"
            )
        if amount.minor_units == 0:
            raise errors.InvalidField(
                "The amount must be above zero.", field="instructed_amount.minor_units"
            )
        if mandate.status != "active":
            return _ended()
        if amount.minor_units > mandate.per_debit_cap:
            return await self._execution.debit_limit(mandate)
        return None

    async def _refused(
        self,
        mandate: Mandate,
        request: wire.DebitRequest,
        caller: Caller,
        key: str,
        mark: str,
        error: errors.GatewayError,
    ) -> errors.GatewayError:
        """Records a refusal that leaves no payment behind, and stores it as the key's outcome.

        Returns it as every retry will get it; raises ``RequestInFlight`` for a faster twin.
        """
        unit = Unit("payment.refuse")
        body = self._idempotency.refuse(
            unit, caller, OPERATION, key, mark, mandate.mandate_id, error
        )
        self._audit.append(
            unit,
            action=OPERATION,
            actor=caller.actor,
            partner_id=caller.partner_id,
            client_id=caller.client_id,
            subject=mandate.customer_id,
            resource=mandate.mandate_id,
            decision="deny",
            rules=error.extras.get("rules", ()),
            detail={
                "code": error.code,
                "end_to_end_id": request.end_to_end_id,
                "amount": request.instructed_amount,
                "channel": caller.channel,
                "interaction_id": caller.interaction_id,
            },
            at=caller.at,
        )
        await self._database.commit(unit)
        return recall(body)

    async def _taken(self, mandate_id: str, end_to_end_id: str) -> errors.GatewayError:
        twin = await self._database.find(
            store.FIND_TWIN, mandate_id=mandate_id, end_to_end_id=end_to_end_id
        )
        if twin is None:
            return in_flight()
        return errors.Conflict(
            "The mandate has a payment with this end_to_end_id.", payment_id=twin.payment_id
        )


def _answered(stored: Stored, *, replayed: bool) -> Debited:
    if stored.status == STATUS_CREATED:
        payment = msgspec.json.decode(stored.body, type=wire.Payment)
        return Debited(payment, stored.body, replayed)
    raise recall(stored.body, replayed=replayed)


def _ended() -> errors.Refused:
    return errors.MandateNotLive("The mandate has ended.")


def _received(mandate: Mandate, request: wire.DebitRequest, caller: Caller, key: str) -> PaymentRow:
    return PaymentRow(
        payment_id=ids.new_id("pay"),
        mandate_id=mandate.mandate_id,
        partner_id=mandate.partner_id,
        client_id=caller.client_id,
        consent_id=mandate.consent_id,
        customer_id=mandate.customer_id,
        end_to_end_id=request.end_to_end_id,
        amount=request.instructed_amount.minor_units,
        currency=request.instructed_amount.currency,
        remittance_information=request.remittance_information,
        status="received",
        sequence=0,
        reserved_on=None,
        posting_id=None,
        reason=None,
        idempotency_key=key,
        interaction_id=caller.interaction_id,
        created_at=caller.at,
        updated_at=caller.at,
        settled_at=None,
        attempts=0,
    )
