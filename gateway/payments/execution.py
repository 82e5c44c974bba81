"""Execution: asks the bank for a debit once, finds out what became of it, and writes that down.

The payment is durable before the bank is asked, under an id that is the operation's at the bank.
Whoever takes a payment up after a crash asks the bank about that operation before anything else.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from contracts import errors
from contracts.v1.money import Money
from gateway.accounts.service import Mandate, Mandates
from gateway.audit.service import Audit
from gateway.consents.service import Consents, is_live
from gateway.corebank.port import CoreBank, Declined, Done, Posting
from gateway.database import Database, Stale, Unit
from gateway.events.service import Events
from gateway.kit import ids
from gateway.kit.clock import Clock, bank_day
from gateway.payments import refusals, store
from gateway.payments.chapter import Chapter, Held, Stored
from gateway.payments.store import PaymentRow
from gateway.web.idempotency import Idempotency

# How often one request asks the bank for the same debit before it lets somebody else.
_ASKS_MOST: Final = 2
_PATIENCE_MOST: Final = timedelta(minutes=5)
# How long a debit that the bank says it never saw may still be on its way there.
_QUIET: Final = timedelta(minutes=2)
# A debit that never reached the bank waits for a retry with its key as long as that may come.
_PARKED: Final = timedelta(hours=24)

_Answer = Done[Any] | Declined


class _Ended(Exception):
    """The bank never saw the debit, and it may no longer be made."""

    def __init__(self, error: errors.Refused) -> None:
        super().__init__(error.code)
        self.error = error


class _Early(Exception):
    """The debit may not be sent, and it is too early to say that it never will be."""


class Execution:
    """Takes payments under a lease and brings them to rest."""

    def __init__(
        self,
        database: Database,
        core: CoreBank,
        consents: Consents,
        mandates: Mandates,
        events: Events,
        audit: Audit,
        idempotency: Idempotency,
        clock: Clock,
        *,
        bank_clock: Clock,
        lease: timedelta,
    ) -> None:
        self._database = database
        self._core = core
        self._consents = consents
        self._mandates = mandates
        self._events = events
        self._audit = audit
        self._idempotency = idempotency
        self._clock = clock
        self._bank_clock = bank_clock
        self._lease = lease

    def day(self) -> date:
        """The bank's day now, on which mandates count."""
        return bank_day(self._bank_clock.now())

    async def begin(
        self,
        held: Held,
        start: Callable[[Unit], None],
        *,
        actor: str,
        at: datetime,
        otherwise: type[Exception],
    ) -> Held:
        """Writes a new payment with its share of the daily cap; ``start`` claims the key.

        Raises ``otherwise`` where the mandate knows the ``end_to_end_id``, and what
        ``Mandates.reserve`` raises.
        """
        written = held

        async def compose() -> Unit:
            nonlocal written
            unit = Unit("payment.receive")
            start(unit)
            chapter = self._chapter(unit, held, actor, at)
            chapter.reserve(self.day())
            written = chapter.insert(at + self._lease, otherwise)
            return unit

        await self._database.settle(compose)
        return written

    async def take(self, payment_id: str) -> Held:
        """Takes a payment that nobody carries; ``RequestInFlight`` while somebody does."""
        now = self._clock.now()
        lease = ids.new_id("lease")
        unit = Unit("payment.take", locks=(payment_id,))
        slot = unit.ask(
            store.TAKE, payment_id=payment_id, lease=lease, until=now + self._lease, now=now
        )
        taken = (await self._database.commit(unit))[slot]
        if not taken:
            raise in_flight()
        return await self._held(taken[0], lease)

    async def claim(self) -> list[Held]:
        """Takes payments that are due and that nobody carries, at most a handful."""
        now = self._clock.now()
        lease = ids.new_id("lease")
        unit = Unit("payment.claim")
        slot = unit.ask(store.CLAIM, lease=lease, until=now + self._lease, now=now)
        claimed = (await self._database.commit(unit))[slot]
        return [await self._held(payment, lease) for payment in claimed]

    async def drive(self, held: Held, actor: str, *, fresh: bool, asked_for: bool) -> Stored:
        """Finds out what becomes of the payment and stores it.

        ``fresh``: written by this very call, so the bank cannot have seen it. ``asked_for``: a
        caller with a live consent waits for it; without one, the consent is asked again before
        anything is sent. Raises ``CoreBankUnavailable`` when nothing was done, ``CoreBankUnknown``
        while the outcome is open, ``RequestInFlight`` when somebody else carries it meanwhile.
        """
        may_have_it = not fresh
        # Its room is reserved before it is sent and kept until the bank has answered.
        sent = not fresh and held.payment.reserved_on is not None
        for _ in range(_ASKS_MOST):
            try:
                answer = await self._core.outcome(_operation(held)) if may_have_it else None
                if answer is None:
                    may_have_it = False
                    held = await self._prepare(held, actor, asked_for=asked_for)
                    answer = await self._debit(held)
            except _Ended as ended:
                return await self._decline(held, actor, ended.error)
            except _Early:
                break
            except errors.CoreBankUnknown:
                may_have_it = sent = True
                held = await self._mark_unknown(held, actor)
            except (errors.Unavailable, errors.Conflict) as unavailable:
                # The bank's Conflict is a row that kept changing under it: nothing was done.
                # An earlier sending may be on its way all the same, whatever the bank has seen.
                if may_have_it or sent:
                    break
                await self._park(held, actor)
                raise _not_yet(errors.CoreBankUnavailable, held) from unavailable
            else:
                return await self._conclude(held, actor, answer)
        await self._let_go(held, actor)
        raise _not_yet(errors.CoreBankUnknown, held)

    async def _debit(self, held: Held) -> Done[Posting] | Declined:
        payment, mandate = held.payment, held.mandate
        return await self._core.debit(
            _operation(held),
            account_id=mandate.bank_account_id,
            mandate_id=mandate.bank_mandate_id,
            amount=Money(payment.amount, payment.currency),
            payee_id=mandate.payee_id,
            remittance_information=payment.remittance_information,
        )

    async def _prepare(self, held: Held, actor: str, *, asked_for: bool) -> Held:
        """Makes sure that the debit may be sent: wanted, and within the mandate's day."""
        if not asked_for:
            error = await self._objection(held)
            if error is not None:
                raise _Early if self._clock.now() < _judged_at(held.payment) else _Ended(error)
        if held.payment.reserved_on is not None:
            return held
        chapter = self._chapter(Unit("payment.reserve"), held, actor, self._clock.now())
        chapter.reserve(self.day())
        until = chapter.at + self._lease
        reserved = chapter.save(lease=held.lease, until=until, due_at=until)
        try:
            await self._commit(chapter)
        except errors.LimitMandateDay:
            limit = await self.day_limit(held.mandate, payment_id=held.payment.payment_id)
            raise _Ended(limit) from None
        except errors.MandateNotLive:
            raise _Ended(errors.MandateNotLive(payment_id=held.payment.payment_id)) from None
        return reserved

    async def day_limit(self, mandate: Mandate, **extras: Any) -> errors.Refused:
        """The refusal by the mandate's daily cap, with what it still allows today."""
        cap = Money(mandate.daily_cap, mandate.currency)
        room = await self._room(mandate)
        return refusals.by_mandate(errors.LimitMandateDay, cap, room, **extras)

    async def debit_limit(self, mandate: Mandate) -> errors.Refused:
        """The refusal by the mandate's cap per debit, with what it allows now."""
        cap = Money(mandate.per_debit_cap, mandate.currency)
        return refusals.by_mandate(errors.LimitPerDebit, cap, await self._room(mandate))

    async def _room(self, mandate: Mandate) -> Money | None:
        """What the next debit would be accepted for; ``None`` when the bank cannot be asked."""
        try:
            bank = await self._core.capabilities(mandate.bank_account_id)
        except errors.Unavailable:
            return None
        return await self._bounded(mandate, bank.next_debit, 0)

    async def _objection(self, held: Held) -> errors.Refused | None:
        """Why nobody may send the debit any more, on behalf of a caller who has gone."""
        payment = held.payment
        if payment.reserved_on is None:
            return errors.PaymentDeclined(
                "The bank could not be reached and nobody asked again.",
                payment_id=payment.payment_id,
            )
        consent = await self._consents.find(payment.consent_id)
        if consent is None or not (
            is_live(consent, self._clock.now()) and consent.reaches(held.mandate.component)
        ):
            return errors.ConsentNotLive(payment_id=payment.payment_id)
        if held.mandate.status != "active":
            return errors.MandateNotLive(payment_id=payment.payment_id)
        return None

    async def _conclude(self, held: Held, actor: str, answer: _Answer) -> Stored:
        chapter = self._chapter(Unit("payment.conclude"), held, actor, self._clock.now())
        if isinstance(answer, Declined):
            error = refusals.refusal(
                answer.code,
                held.payment.payment_id,
                await self._headroom(held, answer.headroom),
                answer.rules,
            )
            stored = chapter.decline(error, answer.rules, answer.rule_pack, answer.code)
        else:
            stored = chapter.settle(answer.outcome, answer.rules, answer.rule_pack)
        return await self._rest(chapter, stored)

    async def _headroom(self, held: Held, told: Money | None) -> Money | None:
        """What a debit instead of this one would be accepted for, by bank and mandate."""
        if told is None:
            return None
        held_today = held.payment.reserved_on == self.day().isoformat()
        return await self._bounded(held.mandate, told, held.payment.amount if held_today else 0)

    async def _bounded(self, mandate: Mandate, told: Money, returning: int) -> Money:
        left = await self._mandates.left(mandate, self.day()) + returning
        bounds = (told.minor_units, mandate.per_debit_cap, left)
        return Money(max(min(bounds), 0), told.currency)

    async def _decline(self, held: Held, actor: str, error: errors.Refused) -> Stored:
        chapter = self._chapter(Unit("payment.conclude"), held, actor, self._clock.now())
        stored = chapter.decline(error, error.extras.get("rules", ()), None, error.code)
        return await self._rest(chapter, stored)

    async def _rest(self, chapter: Chapter, stored: Stored) -> Stored:
        chapter.save(lease=None, until=chapter.at, due_at=chapter.at)
        await self._commit(chapter)
        return stored

    async def _mark_unknown(self, held: Held, actor: str) -> Held:
        chapter = self._chapter(Unit("payment.unknown"), held, actor, self._clock.now())
        chapter.mark_unknown()
        until = chapter.at + self._lease
        marked = chapter.save(lease=held.lease, until=until, due_at=until)
        await self._commit(chapter)
        return marked

    async def _let_go(self, held: Held, actor: str) -> None:
        """Frees the payment for a retry at once and for a worker after a growing pause."""
        if held.payment.reserved_on is None:
            await self._park(held, actor)
            return
        chapter = self._chapter(Unit("payment.let_go"), held, actor, self._clock.now())
        attempts = held.payment.attempts
        chapter.payment = replace(held.payment, attempts=attempts + 1)
        pause = min(timedelta(seconds=2 ** min(attempts, 20)), _PATIENCE_MOST)
        chapter.save(lease=None, until=chapter.at, due_at=chapter.at + pause)
        await self._commit(chapter)

    async def _park(self, held: Held, actor: str) -> None:
        """Nothing was sent: only a retry with the key may send it, never a worker by itself."""
        chapter = self._chapter(Unit("payment.park"), held, actor, self._clock.now())
        chapter.release()
        chapter.save(lease=None, until=chapter.at, due_at=held.payment.created_at + _PARKED)
        await self._commit(chapter)

    async def _commit(self, chapter: Chapter) -> None:
        try:
            await self._database.commit(chapter.unit)
        except Stale:
            raise in_flight() from None

    async def _held(self, payment: PaymentRow, lease: str) -> Held:
        mandate = await self._mandates.find(payment.mandate_id)
        if mandate is None:
            raise LookupError(f"payment {payment.payment_id} has no mandate")
        return Held(payment, mandate, lease)

    def _chapter(self, unit: Unit, held: Held, actor: str, at: datetime) -> Chapter:
        return Chapter(
            unit,
            held,
            actor=actor,
            at=at,
            mandates=self._mandates,
            events=self._events,
            audit=self._audit,
            idempotency=self._idempotency,
        )


def in_flight() -> errors.GatewayError:
    """Somebody is finding out what becomes of the payment at this moment."""
    return errors.RequestInFlight("The payment is being carried out.").with_headers(Retry_After="1")


def _judged_at(payment: PaymentRow) -> datetime:
    """When a debit that the bank never saw, and nobody may send any more, is given up."""
    if payment.reserved_on is None:
        return payment.created_at + _PARKED
    return payment.updated_at + _QUIET


def _operation(held: Held) -> str:
    return held.payment.payment_id


def _not_yet(kind: type[errors.Unavailable], held: Held) -> errors.GatewayError:
    return kind(payment_id=held.payment.payment_id).with_headers(Retry_After="1")
