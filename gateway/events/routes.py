"""A partner reads the feed: every event there was, also those that no endpoint received."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from contracts.v1.events import EventPage
from gateway.events.service import FEED_PAGE_MOST, Events
from gateway.kit.caller import Caller

_After = Annotated[
    str,
    QueryParameter(
        name="after",
        max_length=20,
        description="The `next` of the page before; without it the feed begins at its beginning.",
    ),
]
_Limit = Annotated[
    int,
    QueryParameter(name="limit", ge=1, le=FEED_PAGE_MOST, description="Events on a page, at most."),
]


def event_routes(events: Events) -> list[HTTPRouteHandler]:
    """The native routes of this room; the roof puts its guard before them."""

    @get(
        "/v1/events",
        opt={"scope": "event.subscribe"},
        operation_id="list_events",
        summary="Read the feed of events",
        tags=["Events"],
    )
    async def list_events(
        request: Request[Any, Any, Any], after: _After = "", limit: _Limit = 50
    ) -> EventPage:
        """The partner's events in feed order; walking the pages misses none."""
        caller: Caller = request.state.caller
        return await events.feed(caller.partner_id, after, limit)

    return [list_events]
