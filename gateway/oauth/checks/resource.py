"""Checks on a call to a resource: the token, what it is bound to, and what it allows."""

from gateway.oauth import challenges
from gateway.oauth.binding import stored_binding
from gateway.oauth.resources import ResourceRequest


def check_token_live(request: ResourceRequest) -> None:
    """FAPI 2.0 SP 5.3.4-3: known, not expired, and neither it nor what it rests on revoked."""
    row = request.token
    if not row.stands(request.at) or request.at >= row.expires_at:
        raise challenges.invalid_token("The access token is not live.")


def check_token_bound(request: ResourceRequest) -> None:
    """RFC 9449 section 7.1, RFC 8705 section 3: presented with what it is bound to."""
    row = request.token
    if stored_binding(row.jkt, row.x5t_s256) != request.presented:
        raise challenges.invalid_token("The access token is bound to another key.")


def check_token_scope(request: ResourceRequest) -> None:
    """FAPI 2.0 SP 5.3.4-4, RFC 6750 section 3.1: the route's scope is among the token's."""
    if request.wanted not in request.granted:
        raise challenges.insufficient_scope(request.wanted)
