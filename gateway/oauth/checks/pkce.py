"""The check that a code will be worth nothing to whoever steals it (RFC 7636)."""

import re

from contracts import errors
from gateway.oauth.requests import AuthenticatedRequest

# A SHA-256 in base64url is 43 characters, no more and no less.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def check_code_challenge(request: AuthenticatedRequest) -> None:
    """FAPI 2.0 SP 5.3.2.2-5: PKCE with S256; a missing method would mean plain (RFC 7636 4.3)."""
    if request.parameters.get("code_challenge_method") != "S256":
        raise errors.OAuthRefused("The code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(request.parameters.get("code_challenge", "")):
        raise errors.OAuthRefused("The code_challenge must be a SHA-256 in base64url.")
