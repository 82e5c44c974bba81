"""Checks on the partner's risk assessment (CN-API-02): without one, nothing of level A2."""

from contracts import errors
from gateway.oauth.assessed_levels import assessed_scopes
from gateway.oauth.requests import AuthenticatedRequest
from gateway.oauth.resources import ResourceRequest
from gateway.oauth.scopes import split_scope

_RENEW = "The bank renews it with: tessera partner assess."


def check_assessment(request: AuthenticatedRequest) -> None:
    """CN-API-02: neither a request nor a token for scopes that the partner may not use now.

    `invalid_scope` (RFC 6749 section 5.2), because a request for less would be granted; the code
    or refresh token stays as it is and works again once the assessment is renewed.
    """
    if request.client.client.is_assessed(request.at):
        return
    held = assessed_scopes(_asked(request), request.assessed_levels)
    if held:
        raise errors.InvalidScope(
            f"The risk assessment of the partner has expired or is missing, which {', '.join(held)}"
            f" needs. {_RENEW}",
            rule="CN-API-02",
        )


def check_partner_assessed(request: ResourceRequest) -> None:
    """CN-API-02: with the assessment's end, routes of level A2 end on the very next call."""
    if request.token.is_assessed(request.at):
        return
    if assessed_scopes((request.wanted,), request.assessed_levels):
        raise errors.AssessmentExpired(_RENEW, rule="CN-API-02")


def _asked(request: AuthenticatedRequest) -> frozenset[str]:
    """The scope that the request would lead to, by what is its own client's.

    A code has its scope whatever the form says; a refresh may ask for less (RFC 6749 section 6).
    """
    code, refresh, client_id = request.code, request.refresh, request.client.client_id
    if code is not None and code.client_id == client_id:
        return split_scope(code.scope)
    if "scope" in request.parameters:
        return split_scope(request.parameters["scope"])
    if refresh is not None and refresh.client_id == client_id:
        return split_scope(refresh.scope)
    return frozenset()
