"""Authlib's refusals in the words of our one tree of errors."""

from authlib.oauth2 import OAuth2Error

from contracts import errors

_BY_CODE: dict[str, type[errors.OAuthRefused]] = {
    "invalid_request": errors.OAuthRefused,
    "invalid_client": errors.InvalidClient,
    "invalid_grant": errors.InvalidGrant,
    "unauthorized_client": errors.UnauthorizedClient,
    "unsupported_grant_type": errors.UnsupportedGrantType,
    "unsupported_response_type": errors.UnsupportedResponseType,
    "invalid_scope": errors.InvalidScope,
    "access_denied": errors.AccessDenied,
}


def refused(error: OAuth2Error) -> errors.OAuthRefused:
    """The same refusal as our error; a code we do not know is an invalid request."""
    kind = _BY_CODE.get(error.error or "", errors.OAuthRefused)
    return kind(error.description or "")
