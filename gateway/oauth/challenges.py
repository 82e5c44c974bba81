"""Refusals at a resource, each with the challenge that says how to do better (RFC 9110 11.6.1)."""

from typing import Final

from contracts import errors
from gateway.kit.jose import SIGNING_ALGORITHMS

_ALGORITHMS: Final = " ".join(SIGNING_ALGORITHMS)


def no_token() -> errors.GatewayError:
    """RFC 6750 section 3.1: without credentials the challenge names no error."""
    return _challenged(errors.InvalidToken("The request has no access token."))


def invalid_token(description: str) -> errors.GatewayError:
    """401 `invalid_token` (RFC 6750 section 3.1)."""
    return _challenged(errors.InvalidToken(description), "invalid_token", description)


def invalid_proof(description: str) -> errors.GatewayError:
    """401 `invalid_dpop_proof` (RFC 9449 section 7.1)."""
    return _challenged(errors.InvalidToken(description), "invalid_dpop_proof", description)


def insufficient_scope(wanted: str) -> errors.GatewayError:
    """403 `insufficient_scope`, naming the scope (RFC 6750 section 3.1)."""
    refusal = errors.InsufficientScope(f"The token lacks the scope {wanted}.", scope=wanted)
    return refusal.with_headers(
        WWW_Authenticate=f'DPoP error="insufficient_scope", scope="{wanted}", algs="{_ALGORITHMS}"'
    )


def _challenged(
    refusal: errors.GatewayError, error: str = "", description: str = ""
) -> errors.GatewayError:
    named = f'error="{error}", error_description="{description}", ' if error else ""
    return refusal.with_headers(WWW_Authenticate=f'DPoP {named}algs="{_ALGORITHMS}"')
