"""Checks on a pushed authorization request as a whole."""

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.oauth.answers import RESPONSE_MODES, SIGNED_MODES
from gateway.oauth.requests import AuthenticatedRequest

STATE_LIMIT_CHARACTERS = 2000


def check_no_request_uri(request: AuthenticatedRequest) -> None:
    """RFC 9126 section 2.1: a reference cannot be pushed."""
    if "request_uri" in request.form:
        raise errors.OAuthRefused("A request_uri cannot be pushed.")


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
    """FAPI 2.0 MS 5.4.1-1: a mode that exists and that the client is registered for.

    Without one, `query` is meant (RFC 6749 section 4.1.2); a client registered for signed answers
    must say so in each request, since it would not know what to do with another kind.
    """
    mode = request.parameters.get("response_mode", "query")
    if mode not in RESPONSE_MODES:
        raise errors.OAuthRefused(f"The response_mode must be one of {', '.join(RESPONSE_MODES)}.")
    if mode not in _registered_modes(request.client.client.metadata):
        signed = "signed, as query.jwt" if mode not in SIGNED_MODES else "plain, as query"
        raise errors.OAuthRefused(f"The client is registered for answers that are {signed}.")


def check_state_length(request: AuthenticatedRequest) -> None:
    """FAPI 2.0 SP 5.3.2.2 note 4: a state comes back intact, so it must fit in an address."""
    if len(request.parameters.get("state", "")) > STATE_LIMIT_CHARACTERS:
        raise errors.OAuthRefused(f"The state is longer than {STATE_LIMIT_CHARACTERS}.")


def _registered_modes(metadata: ClientMetadata) -> frozenset[str]:
    """JARM section 3: whoever names an algorithm for its answers gets no other than signed ones."""
    if metadata.response_modes:
        modes = frozenset[str](metadata.response_modes)
        # One mode with two names.
        return modes | SIGNED_MODES if modes & SIGNED_MODES else modes
    if metadata.authorization_signed_response_alg is not None:
        return SIGNED_MODES
    return frozenset(RESPONSE_MODES)
