"""Events: one envelope, a sequence per resource, and the content of every type."""

from typing import Annotated, Any, Literal

import msgspec

from contracts.v1.names import Code, Id, Moment, Sequence

EventType = Literal[
    "order.received",
    "order.active",
    "order.compensating",
    "order.cancelled",
    "order.line_active",
    "order.line_referred",
    "order.line_failed",
    "order.line_compensated",
    "account.opened",
    "account.closed",
    "mandate.active",
    "mandate.ended",
    "purse.topped_up",
    "payment.settled",
    "payment.declined",
    "consent.granted",
    "consent.narrowed",
    "consent.paused",
    "consent.resumed",
    "consent.revoked",
    "endpoint.test",
]


class EventResource(msgspec.Struct, frozen=True):
    """What the event is about."""

    type: Annotated[Code, msgspec.Meta(examples=["order"])]
    id: Id


class Event(msgspec.Struct, frozen=True):
    """One thing that happened; ``sequence`` has no gaps within a resource."""

    id: Id
    type: EventType
    timestamp: Moment
    sequence: Sequence
    resource: EventResource
    data: Annotated[
        dict[str, Any], msgspec.Meta(description="The resource as it was after the change.")
    ]


class EventPage(msgspec.Struct, frozen=True):
    """A page of the feed; pass ``next`` as ``after`` to go on."""

    events: list[Event]
    next: Annotated[
        str, msgspec.Meta(max_length=20, description="Where the following page begins.")
    ]
    more: bool
