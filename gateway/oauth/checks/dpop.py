"""Checks on the key that tokens are bound to (RFC 9449)."""

import re

from contracts import errors
from gateway.oauth.requests import AuthenticatedRequest

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


def check_proof_sent(request: AuthenticatedRequest) -> None:
    """FAPI 2.0 SP 5.3.2.1-4, RFC 9449 section 5: no token without a proof, answered with 400."""
    if request.proof is None:
        raise errors.InvalidDpopProof("The request needs a DPoP proof.")


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
