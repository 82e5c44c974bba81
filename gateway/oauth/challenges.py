"""Refusals at a resource, each with the challenge that says how to do better (RFC 9110 11.6.1)."""

from typing import Final

from contracts import errors
from gateway.kit.jose import SIGNING_ALGORITHMS
from gateway.oauth.binding import Binding

_ALGORITHMS: Final = " ".join(SIGNING_ALGORITHMS)
_DPOP: Final = f'algs="{_ALGORITHMS}"'


class _ProofRefused(errors.InvalidToken):
    """A problem like any refused token; in OAuth JSON (userinfo) named as in its challenge."""

    oauth = "invalid_dpop_proof"


class _NonceWanted(_ProofRefused):
    oauth = "use_dpop_nonce"


def no_token(mtls: str) -> errors.GatewayError:
    """RFC 6750 section 3.1: without credentials the challenge names no error.

    Both schemes are offered where there are mutual-TLS addresses (``mtls``): which of them fits is
    a matter of the client's registration.
    """
    bearer = f', Bearer realm="{mtls}"' if mtls else ""
    refusal = errors.InvalidToken("The request has no access token.")
    return refusal.with_headers(WWW_Authenticate=f"DPoP {_DPOP}{bearer}")


def invalid_token(description: str, *, scheme: str = "DPoP") -> errors.GatewayError:
    """401 `invalid_token` (RFC 6750 section 3.1), in the scheme that the token is used with."""
    return _challenged(errors.InvalidToken(description), scheme, description)


def invalid_proof(description: str) -> errors.GatewayError:
    """401 `invalid_dpop_proof` (RFC 9449 section 7.1)."""
    return _challenged(_ProofRefused(description, next_action="sign_again"), "DPoP", description)


def use_nonce() -> errors.GatewayError:
    """401 `use_dpop_nonce` (RFC 9449 section 9); the guard adds the nonce to every challenge."""
    description = "Sign the proof again with the nonce of this answer."
    return _challenged(_NonceWanted(description, next_action="sign_again"), "DPoP", description)


def insufficient_scope(wanted: str, presented: Binding) -> errors.GatewayError:
    """403 `insufficient_scope`, naming the scope (RFC 6750 section 3.1)."""
    refusal = errors.InsufficientScope(f"The token lacks the scope {wanted}.", scope=wanted)
    algorithms = f", {_DPOP}" if presented.method == "jkt" else ""
    return refusal.with_headers(
        WWW_Authenticate=f'{presented.token_type} error="insufficient_scope",'
        f' scope="{wanted}"{algorithms}'
    )


def insufficient_authentication(
    acr: str | None = None, *, max_age: int | None = None, scheme: str = "DPoP"
) -> errors.GatewayError:
    """401 `insufficient_user_authentication` with what to ask for in a new authorization request.

    ``acr`` is the class that is missing, ``max_age`` the seconds where the age is the reason
    (RFC 9470 section 3); at least one is given.
    """
    wanted = {
        name: value
        for name, value in (("acr_values", acr), ("max_age", max_age))
        if value is not None
    }
    description = "The customer must authenticate better, or again."
    error = ", ".join(
        (
            'error="insufficient_user_authentication"',
            f'error_description="{description}"',
            *(f'{name}="{value}"' for name, value in wanted.items()),
            *([_DPOP] if scheme == "DPoP" else []),
        )
    )
    refusal = errors.InsufficientUserAuthentication(description, **wanted)
    return refusal.with_headers(WWW_Authenticate=f"{scheme} {error}")


def _challenged(refusal: errors.GatewayError, scheme: str, description: str) -> errors.GatewayError:
    error = f'error="{refusal.oauth}", error_description="{description}"'
    algorithms = f", {_DPOP}" if scheme == "DPoP" else ""
    return refusal.with_headers(WWW_Authenticate=f"{scheme} {error}{algorithms}")
