"""Checks on a call to a resource: the token, what it is bound to, and what it allows."""

from gateway.oauth import challenges
from gateway.oauth.binding import stored_binding
from gateway.oauth.resources import ResourceRequest


def check_token_live(request: ResourceRequest) -> None:
    """FAPI 2.0 SP 5.3.4-3: known, not expired, and neither it nor what it rests on revoked."""
    row = request.token
    if not row.stands(request.at) or request.at >= row.expires_at:
        scheme = stored_binding(row.jkt, row.x5t_s256).token_type
        raise challenges.invalid_token("The access token is not live.", scheme=scheme)


def check_token_bound(request: ResourceRequest) -> None:
    """RFC 9449 section 7.1, RFC 8705 section 3: presented with what it is bound to.

    The challenge names the scheme of the token, which is not always the one that was tried: a
    token bound to a DPoP key is nobody's bearer token (RFC 9449 section 7.2).
    """
    bound = stored_binding(request.token.jkt, request.token.x5t_s256)
    if bound == request.presented:
        return
    if request.presented is not None and bound.method == request.presented.method:
        what = "key" if bound.method == "jkt" else "certificate"
        description = f"The access token is bound to another {what}."
    elif bound.method == "jkt":
        description = "The access token is used with the DPoP scheme and a proof."
    else:
        description = "The access token is used as Bearer, with its certificate over mutual TLS."
    raise challenges.invalid_token(description, scheme=bound.token_type)


def check_token_scope(request: ResourceRequest) -> None:
    """FAPI 2.0 SP 5.3.4-4, RFC 6750 section 3.1: the route's scope is among the token's."""
    if request.wanted not in request.granted:
        bound = stored_binding(request.token.jkt, request.token.x5t_s256)
        raise challenges.insufficient_scope(request.wanted, bound)
