"""Checks on what tokens are bound to: a DPoP key (RFC 9449) or a certificate (RFC 8705)."""

import re

from contracts import errors
from gateway.oauth.requests import AuthenticatedRequest

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


def check_dpop_nonce(request: AuthenticatedRequest) -> None:
    """RFC 9449 section 8: a proof carries a nonce of this server, or is answered with one."""
    nonces, proof = request.nonces, request.proof
    if proof is not None and not nonces.is_good("as", proof.nonce, request.at):
        refusal = errors.UseDpopNonce("Sign the proof again with the nonce of this answer.")
        raise refusal.with_headers(DPoP_Nonce=nonces.current("as", request.at))


def check_one_constraint(request: AuthenticatedRequest) -> None:
    """FAPI 2.0 SP 5.3.2.1-4: a client's tokens are bound in one way, and it uses no other."""
    metadata = request.client.client.metadata
    by_certificate = metadata.tls_client_certificate_bound_access_tokens
    if by_certificate == metadata.dpop_bound_access_tokens:
        raise errors.InvalidClient(
            "The client must be registered for tokens bound to a DPoP key or to a certificate,"
            " exactly one of the two."
        )
    if by_certificate and request.proof is not None:
        raise errors.OAuthRefused(
            "The client's tokens are bound to its certificate: leave out the DPoP proof."
        )


def check_sender_constraint(request: AuthenticatedRequest) -> None:
    """FAPI 2.0 SP 5.3.2.1-4: no token that is bound to nothing.

    A missing proof is answered as RFC 9449 section 5 asks; a missing certificate with the address
    where one can be presented (RFC 8705 section 3).
    """
    if request.binding is not None:
        return
    if request.client.client.metadata.tls_client_certificate_bound_access_tokens:
        raise errors.OAuthRefused(
            "The client's tokens are bound to its certificate: present it at the address under"
            " mtls_endpoint_aliases."
        )
    raise errors.InvalidDpopProof("The request needs a DPoP proof.")


def check_no_key_asked(request: AuthenticatedRequest) -> None:
    """FAPI 2.0 SP 5.3.2.1-4: who is bound by certificate asks for no key, signed or in the form."""
    by_certificate = request.client.client.metadata.tls_client_certificate_bound_access_tokens
    if by_certificate and "dpop_jkt" in request.parameters:
        raise errors.OAuthRefused(
            "The client's tokens are bound to its certificate: leave out dpop_jkt."
        )


def check_dpop_jkt(request: AuthenticatedRequest) -> None:
    """RFC 9449 section 10.1: parameter and header name one key when both are there."""
    jkt = request.parameters.get("dpop_jkt")
    if jkt is None:
        return
    if not _THUMBPRINT.fullmatch(jkt):
        raise errors.OAuthRefused("The dpop_jkt is not a SHA-256 thumbprint.")
    if request.proof is not None and request.proof.jkt != jkt:
        raise errors.InvalidDpopProof("The dpop_jkt is not the proof's key.")


def check_code_key(request: AuthenticatedRequest) -> None:
    """RFC 9449 section 10: a code bound to a key is redeemed with that key.

    Another client's code is left to the grant, which answers as if it did not exist.
    """
    code = request.code
    if code is None or code.dpop_jkt is None or code.client_id != request.client.client_id:
        return
    if request.proof is None or request.proof.jkt != code.dpop_jkt:
        raise errors.InvalidGrant("The code is bound to another key.")
