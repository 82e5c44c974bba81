"""A call to a resource as the checks see it, and which checks it passes, in order."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from gateway.oauth.assessed_levels import STRICTEST
from gateway.oauth.binding import Binding
from gateway.oauth.store import AccessTokenRow


class ResourceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A call with the token that it brought, and what it proved to hold."""

    method: str
    # The scope that the route asks for, and all that the token has now.
    wanted: str
    granted: frozenset[str]
    token: AccessTokenRow
    # The key of the proof or the certificate of the handshake, if either was there.
    presented: Binding | None
    # How surely and how recently the customer must have signed in; ``None``: however it was.
    acr: str | None = None
    max_age: int | None = None
    # The levels that need a risk assessment of the partner, by the rule pack in force.
    assessed_levels: frozenset[str] = STRICTEST
    at: datetime


ResourceCheck = Callable[[ResourceRequest], None]
