"""Checks on rich authorization requests (RFC 9396)."""

from contracts import errors
from gateway.oauth.requests import AuthenticatedRequest
from gateway.oauth.scopes import split_scope


def check_details_registered(request: AuthenticatedRequest) -> None:
    """RFC 9396 section 10: only the types the client is registered for."""
    types = request.client.client.authorization_details_types
    for entry in request.details or ():
        if entry["type"] not in types:
            raise errors.InvalidAuthorizationDetails("The client may not ask for a type in it.")


def check_details(request: AuthenticatedRequest) -> None:
    """RFC 9396 section 5: one entry that cannot be granted refuses the whole request."""
    if request.details is not None:
        scope = split_scope(request.parameters.get("scope", ""))
        request.catalogue.check_details(request.details, scope, request.client.client)
