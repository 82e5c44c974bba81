"""The check on the authentication behind a token (RFC 9470): as sure and as recent as needed."""

from datetime import timedelta

from gateway.oauth import challenges
from gateway.oauth.binding import stored_binding
from gateway.oauth.identity.assurance import factors
from gateway.oauth.resources import ResourceRequest


def check_token_authentication(request: ResourceRequest) -> None:
    """RFC 9470 section 3: what the route declares beside its scope, and what to ask for else."""
    row = request.token
    acr = max_age = None
    if request.acr is not None and factors(row.acr) < factors(request.acr):
        acr = request.acr
    if request.max_age is not None:
        signed_in_at = row.authenticated_at
        oldest = timedelta(seconds=request.max_age)
        if signed_in_at is None or request.at - signed_in_at > oldest:
            max_age = request.max_age
    if acr is not None or max_age is not None:
        raise challenges.insufficient_authentication(
            acr, max_age=max_age, scheme=stored_binding(row.jkt, row.x5t_s256).token_type
        )
