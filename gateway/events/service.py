"""Events: one line in the unit of every change, and the feed that tells a partner all of them.

**Sequence.** Events of one resource are numbered 1, 2, 3 ... without gaps. The number is assigned
by the insert, under the lock on the resource that `record` adds to the unit.

**Position.** The feed needs one order that a reader can walk without missing anything. The order
of insertion is not it: of two units under way at once on PostgreSQL, the one that inserted first
may become visible last, behind a reader that has already passed. So an event has no position
until it is dispatched. `place` assigns positions in a unit that holds the lock `event-feed`; all
processes share that lock, and PostgreSQL makes a unit visible before it lets go of its locks. So
positions become visible in their own order, and whoever has seen position n has seen, or could
have seen, every position below n. The price is that the feed shows an event when the dispatcher
has met it, which is moments after the commit.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, get_args

import msgspec

from contracts import errors
from contracts.v1.events import Event, EventPage, EventResource, EventType
from gateway.database import Database, Unit
from gateway.events import store
from gateway.events.store import RecordedEvent
from gateway.kit.ids import new_id

__all__ = ["FEED_PAGE_MOST", "Events", "RecordedEvent"]

FEED_PAGE_MOST = 200
FEED_LOCK = "event-feed"
_HIGHEST_POSITION = 2**63 - 1
_TYPES = frozenset(get_args(EventType))
_EVENT = msgspec.json.Decoder(Event)


class _Head(msgspec.Struct):
    id: str
    type: str
    timestamp: datetime


class _Tail(msgspec.Struct):
    resource: EventResource
    data: Any


class Events:
    """Records events, places them in the feed, and reads the feed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listener: Callable[[], None] | None = None

    def listen(self, listener: Callable[[], None]) -> None:
        """Calls ``listener`` whenever this process has made an event durable.

        It only saves waiting: what it misses, the dispatcher's next look finds.
        """
        self._listener = listener

    def record(
        self,
        unit: Unit,
        *,
        type: str,
        partner_id: str,
        resource_type: str,
        resource_id: str,
        content: msgspec.Struct | dict[str, Any],
        at: datetime,
    ) -> str:
        """Add an event to the unit of the change it tells, and return its id.

        The unit is made to lock the resource. An event type outside the contract is a bug and
        raises `ValueError`.
        """
        if type not in _TYPES:
            raise ValueError(f"{type} is not an event of the contract")
        event_id = new_id("evt")
        head = msgspec.json.encode(_Head(event_id, type, at))[:-1] + b',"sequence":'
        tail = msgspec.json.encode(_Tail(EventResource(resource_type, resource_id), content))
        unit.lock(resource_id)
        unit.add(
            store.INSERT_EVENT,
            event_id=event_id,
            partner_id=partner_id,
            type=type,
            resource_type=resource_type,
            resource_id=resource_id,
            head=head.decode(),
            tail="," + tail[1:].decode(),
            recorded_at=at,
        )
        if self._listener is not None:
            unit.after(self._listener)
        return event_id

    async def undispatched(self, limit: int) -> list[RecordedEvent]:
        """The oldest events that have no place in the feed yet."""
        return await self._database.all(store.FIND_UNDISPATCHED, limit=limit)

    def place(self, unit: Unit, events: Sequence[RecordedEvent]) -> None:
        """Give the events the next positions of the feed, in the order given.

        The unit raises `Stale` when another dispatcher has placed one of them: then none of the
        unit has happened, so an event is fanned out by exactly one unit.
        """
        unit.lock(FEED_LOCK)
        for event in events:
            unit.add(store.PLACE_EVENT, event_id=event.event_id)

    async def feed(self, partner_id: str, after: str, limit: int) -> EventPage:
        """The partner's events behind the position `after`, at most `limit`, oldest first.

        `after` is empty for the beginning, else the `next` of an earlier page. Walking the pages
        gives every event of the partner exactly once.
        """
        if not 1 <= limit <= FEED_PAGE_MOST:
            raise errors.InvalidField(
                f"limit must be between 1 and {FEED_PAGE_MOST}.", field="limit"
            )
        rows = await self._database.all(
            store.FIND_FEED, partner_id=partner_id, after=_position(after), limit=limit + 1
        )
        shown = rows[:limit]
        following = str(shown[-1].position) if shown else after
        events = [_EVENT.decode(row.body) for row in shown]
        return EventPage(events=events, next=following, more=len(rows) > limit)


def _position(after: str) -> int:
    if not after:
        return 0
    if after.isascii() and after.isdigit() and int(after[:20]) <= _HIGHEST_POSITION:
        return int(after)
    raise errors.InvalidField("after must be the next of an earlier page.", field="after")
