"""A check on what a key is for: each has one purpose (decision 004)."""

from contracts import errors
from gateway.oauth.requests import AuthenticatedRequest


def check_proof_key(request: AuthenticatedRequest) -> None:
    """Decision 004: what proves the client does not prove who holds a token, too.

    Keys registered by value are refused at the commit as well, whosever they are; this sees those
    that a client publishes at its `jwks_uri`.
    """
    if request.proof is not None and request.client.has_key(request.proof.jkt):
        raise errors.InvalidDpopProof(
            "The proof's key authenticates the client; make another for tokens."
        )
