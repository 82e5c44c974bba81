"""Checks on the client: one, live, and authenticated in one way."""

from contracts import errors
from gateway.oauth.requests import AuthenticatedRequest
from gateway.onboarding.service import level_of


def check_client_live(request: AuthenticatedRequest) -> None:
    """A suspended client, or one of a suspended partner, is refused everywhere."""
    if not request.client.is_live:
        raise errors.InvalidClient("The client is not active.")


def check_single_authentication(request: AuthenticatedRequest) -> None:
    """RFC 6749 section 2.3: no second way of authenticating beside the registered one."""
    if request.has_authorization or "client_secret" in request.form:
        raise errors.OAuthRefused("The client must authenticate in one way only.")


def check_client_named_once(request: AuthenticatedRequest) -> None:
    """RFC 7521 section 4.2: a `client_id` in the form names the client that was proved."""
    named = request.form.get("client_id", request.client.client_id)
    if named != request.client.client_id:
        raise errors.InvalidClient("The client_id is not the assertion's client.")


def check_a2_authentication(request: AuthenticatedRequest) -> None:
    """CN-API-03: with a scope of level A2, only by a method that the rule in force names."""
    client = request.client
    if client.authentication_method in request.a2_methods:
        return
    if any(level_of(scope) == "A2" for scope in client.scopes):
        allowed = ", ".join(sorted(request.a2_methods))
        raise errors.InvalidClient(
            f"A client with scopes of level A2 must authenticate with {allowed}."
        )
