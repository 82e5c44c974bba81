"""Fan-out: each event becomes one delivery for each endpoint, in the unit that dispatches it."""

from datetime import datetime

import msgspec
import structlog

from gateway.database import Database, Stale, Unit
from gateway.events.service import Events, RecordedEvent
from gateway.webhooks import store
from gateway.webhooks.service import DialectKeys, FindDialect
from gateway.webhooks.signing import CONTENT_TYPE, STANDARD_VOICE
from gateway.webhooks.store import EndpointRow

BATCH_EVENTS = 50
TRIES = 3

journal = structlog.get_logger("tessera.webhooks")


class Message(msgspec.Struct, frozen=True):
    """What a delivery carries on every attempt, or why it can carry nothing."""

    content_type: str
    body: str
    fault: str | None = None


class Fanout:
    """Takes events that nobody has dispatched and owes them to the endpoints of their partner.

    Needs no lease: the unit gives each event its place in the feed and is undone if another
    process has done so, so of two that take the same events exactly one has happened. An event
    is never half fanned out, and its deliveries have one body for all time.
    """

    def __init__(
        self,
        database: Database,
        *,
        events: Events,
        find_dialect: FindDialect,
        dialect_key: DialectKeys,
    ) -> None:
        self._database = database
        self._events = events
        self._find_dialect = find_dialect
        self._dialect_key = dialect_key

    async def step(self, now: datetime) -> int:
        """Dispatch the oldest waiting events; returns how many."""
        for _ in range(TRIES):
            events = await self._events.undispatched(BATCH_EVENTS)
            if not events:
                return 0
            try:
                await self._database.commit(await self._compose(events, now))
            except Stale:
                # Another process met the same events first: look at what is left.
                continue
            return len(events)
        return 0

    async def _compose(self, events: list[RecordedEvent], now: datetime) -> Unit:
        unit = Unit("webhook.fan_out")
        self._events.place(unit, events)
        endpoints: dict[str, list[EndpointRow]] = {}
        for event in events:
            partner_id = event.partner_id
            if partner_id not in endpoints:
                endpoints[partner_id] = await self._database.all(
                    store.FIND_ENDPOINTS, partner_id=partner_id
                )
            for endpoint in endpoints[partner_id]:
                message = await self._message(event, endpoint, now)
                if message is not None:
                    _owe(unit, event, endpoint, message, now)
        return unit

    async def _message(
        self, event: RecordedEvent, endpoint: EndpointRow, now: datetime
    ) -> Message | None:
        if endpoint.status != "active":
            return None
        if endpoint.voice == STANDARD_VOICE:
            return Message(CONTENT_TYPE, event.body)
        dialect = self._find_dialect(endpoint.voice)
        if dialect is None:
            return Message("", "", "the dialect is not installed")
        if not dialect.announces(event.type):
            return None
        key = await self._dialect_key(endpoint.partner_id, endpoint.voice)
        if key is None:
            return Message("", "", "no key of the partner is live for the dialect")
        try:
            announced = dialect.announce(
                msgspec.json.decode(event.body), key.private_key_pem, key.client_id, now
            )
        except Exception as error:  # noqa: BLE001 - one event must not hold up all others
            journal.error("webhook.unspeakable", event_id=event.event_id, exc_info=error)
            return Message("", "", "the dialect could not say this event")
        return Message(announced.content_type, announced.body.decode())


def _owe(
    unit: Unit, event: RecordedEvent, endpoint: EndpointRow, message: Message, now: datetime
) -> None:
    unit.add(
        store.INSERT_DELIVERY,
        # None when the endpoint has ended since it was read.
        expect=None,
        endpoint_id=endpoint.endpoint_id,
        event_id=event.event_id,
        content_type=message.content_type,
        body=message.body,
        status="pending" if message.fault is None else "abandoned",
        at=now,
        ended_at=None if message.fault is None else now,
        outcome=message.fault,
    )
