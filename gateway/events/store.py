"""The statements of the event table."""

import msgspec

from gateway.database import Query, Statement


class RecordedEvent(msgspec.Struct, frozen=True):
    """An event as it was recorded; `body` is the one text that every delivery carries."""

    event_id: str
    partner_id: str
    type: str
    resource_type: str
    resource_id: str
    sequence: int
    body: str


class FeedRow(msgspec.Struct, frozen=True):
    """A place in the feed."""

    position: int
    body: str


# The sequence enters the text where it is assigned, so that the text is written once and is final.
INSERT_EVENT = Statement(
    """
    insert into event (event_id, partner_id, type, resource_type, resource_id, sequence, body,
        recorded_at)
    select :event_id, :partner_id, :type, :resource_type, :resource_id, following.sequence,
        :head || cast(following.sequence as text) || :tail, :recorded_at
    from (
        select coalesce(max(sequence), 0) + 1 as sequence from event
        where resource_id = :resource_id
    ) as following
    """
)
FIND_UNDISPATCHED = Query(
    """
    select event_id, partner_id, type, resource_type, resource_id, sequence, body from event
    where position is null order by ordinal limit :limit
    """,
    RecordedEvent,
)
PLACE_EVENT = Statement(
    """
    update event set position = (select coalesce(max(position), 0) + 1 from event)
    where event_id = :event_id and position is null
    """
)
FIND_FEED = Query(
    """
    select position, body from event
    where partner_id = :partner_id and position > :after order by position limit :limit
    """,
    FeedRow,
)
