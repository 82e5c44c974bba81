"""The webhook worker: dispatches events and delivers what is due, each endpoint at its own pace."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from gateway.audit.service import Audit
from gateway.database import Database, Stale, Unit
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.webhooks import store
from gateway.webhooks.attempts import Attempt, Courier
from gateway.webhooks.fanout import Fanout
from gateway.webhooks.lanes import Lanes
from gateway.webhooks.retries import STANDARD_RETRY_SECONDS, next_due
from gateway.webhooks.service import FindDialect
from gateway.webhooks.signing import STANDARD_VOICE
from gateway.webhooks.store import DeliveryRow, EndpointRow

# Longer than an attempt can last; after it a delivery of a dead process is taken again.
LEASE = timedelta(seconds=60)
POLL_SECONDS = 0.5
FAILURE_PAUSE_SECONDS = 2.0
STOP_GRACE_SECONDS = 3.0
ENDS = {"arrived": "delivered", "failed": "exhausted", "gone": "abandoned"}

journal = structlog.get_logger("tessera.webhooks")


class WebhookWorker:
    """Run one in every process; several share the work through claims and leases.

    A delivery is made at least once: a process that dies between an attempt and its record leaves
    the claim, and when the lease runs out another makes the attempt again, with the same id and
    body. An endpoint that is slow or down occupies its own lane only.
    """

    def __init__(
        self,
        database: Database,
        *,
        fanout: Fanout,
        courier: Courier,
        audit: Audit,
        find_dialect: FindDialect,
        clock: Clock,
        chance: Callable[[], float] = random.random,
        stop_grace_seconds: float = STOP_GRACE_SECONDS,
    ) -> None:
        self._database = database
        self._fanout = fanout
        self._courier = courier
        self._audit = audit
        self._find_dialect = find_dialect
        self._clock = clock
        self._chance = chance
        self._stop_grace_seconds = stop_grace_seconds
        self._lanes = Lanes()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def nudge(self) -> None:
        """Something was committed: look now instead of at the next poll."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; attempts under way then get a few seconds to end."""
        watch = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set():
                self._wake.clear()
                pause = POLL_SECONDS
                try:
                    if await self._turn():
                        continue
                except Exception as error:  # noqa: BLE001 - the worker outlives every failure
                    journal.error("webhook.turn_failed", exc_info=error)
                    pause = FAILURE_PAUSE_SECONDS
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), pause)
        finally:
            watch.cancel()
            await self._end_attempts()

    async def step(self) -> int:
        """One turn with its attempts, to their end; returns how many events and attempts."""
        count = await self._turn()
        if self._tasks:
            await asyncio.wait(self._tasks)
        return count

    async def _turn(self) -> int:
        """Dispatch events, claim what is due and start its attempts; returns how many of both."""
        dispatched = await self._fanout.step(self._clock.now())
        return dispatched + await self._claim()

    async def _claim(self) -> int:
        now = self._clock.now()
        due = await self._database.all(store.FIND_DUE_ENDPOINTS, now=now)
        admitted = self._lanes.admit([endpoint.endpoint_id for endpoint in due])
        if not admitted:
            return 0
        claim_id = new_id("clm")
        unit = Unit("webhook.claim")
        for endpoint_id, limit in admitted.items():
            unit.ask(
                store.CLAIM_DELIVERIES,
                endpoint_id=endpoint_id,
                limit=limit,
                now=now,
                until=now + LEASE,
                claim_id=claim_id,
            )
        claimed = await self._database.commit(unit)
        by_id = {endpoint.endpoint_id: endpoint for endpoint in due}
        for endpoint_id, deliveries in zip(admitted, claimed, strict=True):
            for delivery in sorted(deliveries, key=lambda row: row.ordinal):
                self._start(by_id[endpoint_id], delivery, claim_id)
        return sum(map(len, claimed))

    def _start(self, endpoint: EndpointRow, delivery: DeliveryRow, claim_id: str) -> None:
        self._lanes.enter(endpoint.endpoint_id)
        task = asyncio.create_task(self._deliver(endpoint, delivery, claim_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, endpoint: EndpointRow, delivery: DeliveryRow, claim_id: str) -> None:
        arrived = False
        try:
            started_at, ticks = self._clock.now(), time.monotonic()
            attempt = await self._courier.attempt(endpoint, delivery, started_at)
            arrived = attempt.verdict == "arrived"
            milliseconds = round((time.monotonic() - ticks) * 1000)
            unit = self._outcome(endpoint, delivery, claim_id, attempt)
            unit.add(
                store.INSERT_ATTEMPT,
                ordinal=delivery.ordinal,
                number=delivery.attempts + 1,
                started_at=started_at,
                milliseconds=milliseconds,
                answer_status=attempt.status,
                outcome=attempt.outcome,
            )
            await self._database.commit(unit)
            if attempt.verdict == "gone":
                await self._disable(endpoint, attempt.outcome)
        except Stale:
            # The lease had run out: whoever took the delivery since records its outcome.
            journal.warning("webhook.claim_lost", delivery=delivery.ordinal)
        except Exception as error:  # noqa: BLE001 - the delivery is taken again after its lease
            journal.error("webhook.attempt_failed", delivery=delivery.ordinal, exc_info=error)
        finally:
            if self._lanes.leave(endpoint.endpoint_id, arrived=arrived):
                self._wake.set()

    def _outcome(
        self, endpoint: EndpointRow, delivery: DeliveryRow, claim_id: str, attempt: Attempt
    ) -> Unit:
        """The unit that ends the delivery, or makes it due again."""
        now = self._clock.now()
        unit = Unit("webhook.outcome")
        due_at = self._due_again(endpoint, delivery, attempt, now)
        if due_at is not None:
            unit.add(
                store.DEFER_DELIVERY,
                ordinal=delivery.ordinal,
                claim_id=claim_id,
                due_at=due_at,
                outcome=attempt.outcome,
            )
        else:
            unit.add(
                store.END_DELIVERY,
                ordinal=delivery.ordinal,
                claim_id=claim_id,
                status=ENDS[attempt.verdict],
                at=now,
                outcome=attempt.outcome,
            )
        return unit

    def _due_again(
        self, endpoint: EndpointRow, delivery: DeliveryRow, attempt: Attempt, now: datetime
    ) -> datetime | None:
        if attempt.verdict != "failed":
            return None
        schedule: tuple[int, ...] = STANDARD_RETRY_SECONDS
        if endpoint.voice != STANDARD_VOICE:
            dialect = self._find_dialect(endpoint.voice)
            schedule = dialect.retry_seconds if dialect else STANDARD_RETRY_SECONDS
        return next_due(schedule, delivery.attempts + 1, now, attempt.retry_after, self._chance())

    async def _disable(self, endpoint: EndpointRow, reason: str) -> None:
        """Stop telling an endpoint that wants no more; `Stale` if somebody has done so."""
        now = self._clock.now()
        unit = Unit("webhook.disable", locks=(endpoint.partner_id,))
        unit.add(store.DISABLE_ENDPOINT, endpoint_id=endpoint.endpoint_id, at=now, reason=reason)
        unit.add(
            store.ABANDON_DELIVERIES,
            expect=None,
            endpoint_id=endpoint.endpoint_id,
            at=now,
            outcome="the endpoint was disabled",
        )
        self._audit.append(
            unit,
            action="webhook_endpoint.disable",
            actor="system",
            partner_id=endpoint.partner_id,
            resource=endpoint.endpoint_id,
            detail={"reason": reason},
            at=now,
        )
        with suppress(Stale):
            await self._database.commit(unit)

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _end_attempts(self) -> None:
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=self._stop_grace_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
