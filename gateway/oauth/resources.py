"""A call to a resource as the checks see it, and which checks it passes, in order."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from gateway.oauth.binding import Binding
from gateway.oauth.store import AccessTokenRow


class ResourceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A call whose proof or certificate verified, with the token that it brought."""

    method: str
    # The scope that the route asks for, and all that the token has now.
    wanted: str
    granted: frozenset[str]
    token: AccessTokenRow
    presented: Binding
    at: datetime


ResourceCheck = Callable[[ResourceRequest], None]
