"""Activation: carries an order forward at the bank, one durable step after another.

The step to come is written down before the bank is asked, together with what the last one left.
So a crash anywhere leaves an order that says which operation may have happened, and whoever takes
it up next asks the bank about that operation before anything else.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from contracts import errors
from contracts.v1 import orders as wire
from gateway.audit.service import Audit
from gateway.consents.service import Consents, is_live
from gateway.corebank.port import CoreBank, Declined, Done
from gateway.database import Database, Stale, Unit
from gateway.events.service import Events
from gateway.kit import ids
from gateway.kit.clock import Clock
from gateway.orders import reasons, store
from gateway.orders.chapter import Chapter, Held, promised
from gateway.orders.progress import Progress
from gateway.orders.steps import Case, Kinds, Step, operation_id
from gateway.orders.store import LineRow
from gateway.web.idempotency import Idempotency

_STATUS_CREATED: Final = 201
# How often one request asks the bank for the same operation before it lets somebody else.
_ASKS_MOST: Final = 2
_PATIENCE_MOST: Final = timedelta(minutes=5)
# How long an operation that the bank says it never saw may still be on its way there.
_QUIET: Final = timedelta(minutes=2)

_Answer = Done[Any] | Declined


class Outcome(msgspec.Struct, frozen=True):
    """An order that rests, with the bytes that answer its request and every retry."""

    order: wire.Order
    body: bytes


class _ConsentEnded(Exception):
    """The bank never saw the operation, will not any more, and the customer no longer wants it."""


class _Early(Exception):
    """The operation may not be sent again, and it is too early to say that it never arrives."""


class Activation:
    """Takes orders under a lease and carries them on until they rest."""

    def __init__(
        self,
        database: Database,
        core: CoreBank,
        consents: Consents,
        events: Events,
        audit: Audit,
        idempotency: Idempotency,
        clock: Clock,
        *,
        kinds: Kinds,
        hosted_url: str,
        lease: timedelta,
    ) -> None:
        self._database = database
        self._core = core
        self._consents = consents
        self._events = events
        self._audit = audit
        self._idempotency = idempotency
        self._clock = clock
        self._kinds = kinds
        self._progress = Progress(kinds, hosted_url)
        self._lease = lease

    async def begin(
        self,
        held: Held,
        prepare: Callable[[Chapter], None],
        *,
        unit: Unit,
        actor: str,
        at: datetime,
        otherwise: Exception,
    ) -> Held:
        """Writes a new order with its first step; ``prepare`` adds what else the unit records."""
        chapter = self._chapter(unit, held, actor, at)
        chapter.begin()
        prepare(chapter)
        chapter.move_order("activating")
        self._progress.advance(chapter)
        self._conclude(chapter)
        held = chapter.insert(at + self._lease, otherwise)
        await self._database.commit(chapter.unit)
        return held

    async def take(self, order_id: str) -> Held:
        """Takes an order that nobody carries; ``RequestInFlight`` while somebody does."""
        now = self._clock.now()
        lease = ids.new_id("lease")
        unit = Unit("order.take", locks=(order_id,))
        unit.add(
            store.TAKE,
            otherwise=in_flight(),
            order_id=order_id,
            lease=lease,
            until=now + self._lease,
            now=now,
        )
        order = unit.ask(store.FIND_ORDER, order_id=order_id)
        lines = unit.ask(store.FIND_LINES, order_id=order_id)
        answer = await self._database.commit(unit)
        return Held(answer[order][0], tuple(answer[lines]), lease)

    async def claim(self) -> list[Held]:
        """Takes orders that are due and that nobody carries, at most a handful."""
        now = self._clock.now()
        lease = ids.new_id("lease")
        unit = Unit("order.claim")
        slot = unit.ask(store.CLAIM, lease=lease, until=now + self._lease, now=now)
        claimed = (await self._database.commit(unit))[slot]
        held = []
        for found in claimed:
            order = await self._database.find(store.FIND_ORDER, order_id=found.order_id)
            lines = await self._database.all(store.FIND_LINES, order_id=found.order_id)
            if order is not None:
                held.append(Held(order, tuple(lines), lease))
        return held

    async def drive(self, held: Held, actor: str, *, fresh: bool) -> Outcome:
        """Carries the order on until it rests.

        ``fresh`` says that the step under way was written by this very call, so the bank cannot
        have seen it. Raises ``CoreBankUnavailable`` or ``CoreBankUnknown`` when the bank does not
        let it go on (the order stays and a worker goes on later), ``RequestInFlight`` when
        somebody else carries it meanwhile.
        """
        seen = not fresh
        asks = 0
        while not held.rests:
            line = _under_way(held)
            case = Case(held.order, line, held.lines)
            step = self._kinds.step(line)
            asks += 1
            try:
                answer = await self._answer(case, step, seen=seen)
            except _ConsentEnded:
                held = await self._turn(held, actor, case, step, None)
            except errors.CoreBankUnknown as unknown:
                seen = True
                held = await self._mark_unknown(held, actor, line)
                if asks >= _ASKS_MOST:
                    await self._let_go(held)
                    raise _not_yet(errors.CoreBankUnknown, held) from unknown
                continue
            except (_Early, errors.Unavailable, errors.Conflict) as unavailable:
                # The bank's Conflict is a row that kept changing under it: nothing was done.
                await self._let_go(held)
                kind = errors.CoreBankUnknown if seen else errors.CoreBankUnavailable
                raise _not_yet(kind, held) from unavailable
            else:
                held = await self._turn(held, actor, case, step, answer)
            seen = False
            asks = 0
        order = promised(held.order, held.lines)
        return Outcome(order, _encoded(order))

    async def _answer(self, case: Case, step: Step, *, seen: bool) -> _Answer:
        operation = operation_id(case.line, step)
        if seen:
            known = await self._core.outcome(operation)
            if known is not None:
                return known
            if case.order.status == "activating" and not await self._may_start(case):
                early = self._clock.now() < case.order.updated_at + _QUIET
                raise _Early if early else _ConsentEnded
        return await step.ask(operation, case)

    async def _may_start(self, case: Case) -> bool:
        consent = await self._consents.find(case.order.consent_id)
        return consent is not None and is_live(consent, self._clock.now())

    async def _turn(
        self, held: Held, actor: str, case: Case, step: Step, answer: _Answer | None
    ) -> Held:
        """One unit: what the step came to, and the next step; no answer means never started."""
        chapter = self._chapter(Unit("order.turn"), held, actor, self._clock.now())
        line = case.line
        if line.status == "unknown":
            line = chapter.move_line(line, "activating")
        undoing = line.status == "compensating"
        if isinstance(answer, Done):
            self._note(chapter, line, step, "allow", answer)
            case = Case(held.order, line, held.lines)
            recorded = await step.record(chapter.unit, case, answer.outcome, chapter.at)
            self._progress.settle(chapter, recorded)
        elif isinstance(answer, Declined):
            self._note(chapter, line, step, "deny", answer)
            kept = reasons.NOT_UNDONE if undoing else reasons.REASONS[answer.code]
            self._progress.refuse(chapter, line, kept)
        else:
            self._progress.refuse(chapter, line, reasons.CONSENT_ENDED)
        self._progress.advance(chapter, may_start=await self._may_start(case))
        return await self._close(chapter)

    async def _mark_unknown(self, held: Held, actor: str, line: LineRow) -> Held:
        if line.status == "compensating":
            return held
        # Also for a line that is unknown already: the quiet time counts from the last sending.
        chapter = self._chapter(Unit("order.unknown"), held, actor, self._clock.now())
        if line.status == "activating":
            chapter.move_line(line, "unknown")
        return await self._close(chapter)

    async def _close(self, chapter: Chapter) -> Held:
        self._conclude(chapter)
        held = chapter.save(chapter.at + self._lease)
        try:
            await self._database.commit(chapter.unit)
        except Stale:
            raise in_flight() from None
        return held

    def _conclude(self, chapter: Chapter) -> None:
        """Stores the answer for the placing request once the order has come to rest."""
        order = chapter.order
        if order.status not in ("active", "cancelled"):
            return
        chapter.note("order.conclude", "allow" if order.status == "active" else "deny")
        self._idempotency.finish(
            chapter.unit,
            order.client_id,
            order.idempotency_key,
            _STATUS_CREATED,
            _encoded(chapter.promised()),
            chapter.at,
        )

    async def _let_go(self, held: Held) -> None:
        """Frees the order for a retry at once and for a worker after a growing pause."""
        now = self._clock.now()
        pause = min(timedelta(seconds=2 ** min(held.order.attempts, 20)), _PATIENCE_MOST)
        unit = Unit("order.let_go", locks=(held.order.order_id,))
        unit.add(
            store.LET_GO,
            expect=None,
            order_id=held.order.order_id,
            held=held.lease,
            now=now,
            due_at=now + pause,
        )
        await self._database.commit(unit)

    def _chapter(self, unit: Unit, held: Held, actor: str, at: datetime) -> Chapter:
        return Chapter(unit, held, actor=actor, at=at, events=self._events, audit=self._audit)

    def _note(
        self, chapter: Chapter, line: LineRow, step: Step, decision: str, answer: _Answer
    ) -> None:
        chapter.note(
            f"order.{step.name}",
            decision,
            rules=answer.rules,
            rule_pack=answer.rule_pack,
            detail={
                "line_id": line.line_id,
                "component": line.component,
                "operation_id": answer.operation_id,
                **({"code": answer.code} if isinstance(answer, Declined) else {}),
            },
        )


def in_flight() -> errors.GatewayError:
    """Somebody carries the order at this moment."""
    return errors.RequestInFlight("The order is being carried out.").with_headers(Retry_After="1")


def _not_yet(kind: type[errors.Unavailable], held: Held) -> errors.GatewayError:
    detail = "The order is kept and goes on when the bank answers."
    return kind(detail, order_id=held.order.order_id).with_headers(Retry_After="1")


def _under_way(held: Held) -> LineRow:
    return next(line for line in held.lines if line.step is not None)


def _encoded(order: wire.Order) -> bytes:
    return msgspec.json.encode(order)
