"""Checks on scope: sent, registered for the client, and of the kind the grant can give."""

from contracts import errors
from gateway.oauth.requests import AuthenticatedRequest
from gateway.oauth.scopes import CLIENT_SCOPES, split_scope


def check_scope_registered(request: AuthenticatedRequest) -> None:
    """RFC 6749 section 3.3: a client asks for nothing it is not registered for."""
    asked = split_scope(request.parameters.get("scope", ""))
    if not asked:
        raise errors.InvalidScope("The scope is missing.")
    if not asked <= request.client.scopes:
        raise errors.InvalidScope("The client is not registered for the scope.")


def check_client_scope(request: AuthenticatedRequest) -> None:
    """RFC 6749 section 4.4: a client gets by itself only what needs no customer."""
    if request.form.get("grant_type") != "client_credentials":
        return
    check_scope_registered(request)
    if not split_scope(request.form["scope"]) <= CLIENT_SCOPES:
        raise errors.InvalidScope("The scope holds something that needs a customer's consent.")
