"""Checks on how a pushed request asks for the customer's authentication (OpenID Connect Core)."""

from contracts import errors
from gateway.oauth.identity.asking import (
    read_acr_values,
    read_login_hint,
    read_max_age,
    read_prompt,
)
from gateway.oauth.identity.claims import parse_claims
from gateway.oauth.requests import AuthenticatedRequest

NONCE_LONGEST = 512
UI_LOCALES_LONGEST = 256


def check_nonce_length(request: AuthenticatedRequest) -> None:
    """FAPI 2.0 SP 5.3.2.2-14: a nonce comes back whole, so one too long is refused, not cut."""
    if len(request.parameters.get("nonce", "")) > NONCE_LONGEST:
        raise errors.OAuthRefused(f"The nonce is longer than {NONCE_LONGEST}.")


def check_prompt(request: AuthenticatedRequest) -> None:
    """OpenID Connect Core section 3.1.2.1: known values, and `none` by itself."""
    read_prompt(request.parameters)


def check_max_age(request: AuthenticatedRequest) -> None:
    """OpenID Connect Core section 3.1.2.1: a whole number of seconds."""
    read_max_age(request.parameters)


def check_login_hint(request: AuthenticatedRequest) -> None:
    """OpenID Connect Core section 3.1.2.1: something that fits in the sign-in field."""
    read_login_hint(request.parameters)


def check_ui_locales(request: AuthenticatedRequest) -> None:
    """OpenID Connect Core section 3.1.2.1: a short list; a language we lack is no error."""
    if len(request.parameters.get("ui_locales", "")) > UI_LOCALES_LONGEST:
        raise errors.OAuthRefused(f"The ui_locales are longer than {UI_LOCALES_LONGEST}.")


def check_claims(request: AuthenticatedRequest) -> None:
    """OpenID Connect Core section 5.5: strict JSON of the section's shape, no member twice."""
    parse_claims(request.parameters.get("claims"))


def check_acr_reachable(request: AuthenticatedRequest) -> None:
    """OpenID Connect Core section 5.5.1.1: an essential class that nobody reaches is refused."""
    read_acr_values(request.parameters, request.client.client.metadata)
