"""Checks on a pushed authorization request as a whole."""

from contracts import errors
from gateway.oauth.requests import AuthenticatedRequest

STATE_LIMIT_CHARACTERS = 2000


def check_no_request_uri(request: AuthenticatedRequest) -> None:
    """RFC 9126 section 2.1: a reference cannot be pushed."""
    if "request_uri" in request.form:
        raise errors.OAuthRefused("A request_uri cannot be pushed.")


def check_no_request_object(request: AuthenticatedRequest) -> None:
    """RFC 9101 section 6.3: request objects are not read yet, so one is not silently ignored."""
    if "request" in request.form:
        raise errors.OAuthRefused("Request objects are not supported.")


def check_grant_registered(request: AuthenticatedRequest) -> None:
    """RFC 6749 section 4.1.2.1: the client must be registered for the code grant."""
    if not request.client.check_grant_type("authorization_code"):
        raise errors.UnauthorizedClient("The client is not registered for authorization_code.")


def check_response_type(request: AuthenticatedRequest) -> None:
    """FAPI 2.0 SP 5.3.2.2-1: only the code flow."""
    response_type = request.parameters.get("response_type")
    if response_type is None:
        raise errors.OAuthRefused("The response_type is missing.")
    if response_type != "code":
        raise errors.UnsupportedResponseType("The response_type must be code.")


def check_response_mode(request: AuthenticatedRequest) -> None:
    """Answers travel in the query; asking for another way is refused, not ignored."""
    if request.parameters.get("response_mode", "query") != "query":
        raise errors.OAuthRefused("The response_mode must be query.")


def check_state_length(request: AuthenticatedRequest) -> None:
    """FAPI 2.0 SP 5.3.2.2 note 4: a state comes back intact, so it must fit in an address."""
    if len(request.parameters.get("state", "")) > STATE_LIMIT_CHARACTERS:
        raise errors.OAuthRefused(f"The state is longer than {STATE_LIMIT_CHARACTERS}.")
