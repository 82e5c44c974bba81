"""The check on where the answer goes."""

from contracts import errors
from gateway.oauth.requests import AuthenticatedRequest


def check_redirect_uri(request: AuthenticatedRequest) -> None:
    """FAPI 2.0 SP 5.3.2.2-6 and -7: always sent, and exactly one that is registered."""
    redirect_uri = request.parameters.get("redirect_uri")
    if redirect_uri is None:
        raise errors.OAuthRefused("The redirect_uri is missing.")
    if not request.client.check_redirect_uri(redirect_uri):
        raise errors.OAuthRefused("The redirect_uri is not registered for this client.")
