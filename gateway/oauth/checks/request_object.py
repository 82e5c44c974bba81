"""Checks on request objects (RFC 9101) as FAPI 2.0 Message Signing narrows them.

Whatever is wrong in an object is `invalid_request_object` (RFC 9101 section 6).
"""

from typing import Any, Final, TypeGuard

from contracts import errors
from gateway.oauth.request_objects import RequestObject
from gateway.oauth.requests import AuthenticatedRequest

# Absent and the generic name say nothing; any other name is of another kind of token (RFC 8725
# section 3.11). What tells a client's assertion apart, whatever its typ, is `sub`.
_TYPES: Final = frozenset(
    (
        *(None, "jwt", "application/jwt"),
        *("oauth-authz-req+jwt", "application/oauth-authz-req+jwt"),
    )
)
PAST_SECONDS: Final = 3600
AHEAD_SECONDS: Final = 30
LIFETIME_SECONDS: Final = 3600
JTI_LIMIT_CHARACTERS: Final = 256
# RFC 9864 gives EdDSA on Ed25519 a second name.
_ONE_ALGORITHM: Final = frozenset(("EdDSA", "Ed25519"))


def check_request_object_sent(request: AuthenticatedRequest) -> None:
    """FAPI 2.0 MS 5.3.1-1, RFC 9101 section 10.5: required of clients registered for it."""
    if request.client.client.metadata.require_signed_request_object and (
        "request" not in request.form
    ):
        raise errors.OAuthRefused("The client must send its request as a signed request object.")


def check_type(signed: RequestObject) -> None:
    """FAPI 2.0 MS 5.3.1-5, RFC 7515 section 4.1.9: compared without case; may be absent."""
    typ = signed.compact.header.typ
    if (None if typ is None else typ.lower()) not in _TYPES:
        raise errors.InvalidRequestObject("The request object's typ must be oauth-authz-req+jwt.")


def check_signature(signed: RequestObject) -> None:
    """RFC 9101 section 6.2: by a key of the client, by the algorithm it is registered for."""
    header = signed.compact.header
    wanted = signed.client.client.metadata.request_object_signing_alg
    if wanted is not None and header.alg != wanted and not {header.alg, wanted} <= _ONE_ALGORITHM:
        raise errors.InvalidRequestObject(f"The client is registered to sign with {wanted}.")
    for key in signed.client.candidates(header.alg, header.kid):
        if signed.compact.is_signed_by(key):
            return
    raise errors.InvalidRequestObject("The request object is signed by no key of the client.")


def check_parties(signed: RequestObject) -> None:
    """RFC 9101 section 6.3: the authenticated client speaks, inside as outside."""
    client_id = signed.client.client_id
    if signed.claims.get("iss") != client_id or signed.claims.get("client_id") != client_id:
        raise errors.InvalidRequestObject("Its iss and client_id must both be the client's id.")


def check_no_assertion(signed: RequestObject) -> None:
    """RFC 9101 section 10.8: with the client as `sub` it could authenticate that client."""
    if signed.claims.get("sub") == signed.client.client_id:
        raise errors.InvalidRequestObject("A request object must not name the client in sub.")


def check_audience(signed: RequestObject) -> None:
    """FAPI 2.0 MS 5.3.1-2: the issuer, alone or in an array that holds it."""
    audience = signed.claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if signed.issuer not in named or not all(isinstance(one, str) for one in named):
        raise errors.InvalidRequestObject("Its aud must be the issuer, or an array with it.")


def check_window(signed: RequestObject) -> None:
    """FAPI 2.0 MS 5.3.1-3 and -4: begun an hour ago at most, and an hour long at most."""
    now = signed.at.timestamp()
    not_before, expires = _moment(signed, "nbf"), _moment(signed, "exp")
    if not now - PAST_SECONDS <= not_before <= now + AHEAD_SECONDS:
        raise errors.InvalidRequestObject("Its nbf must lie within the last 60 minutes.")
    if expires <= now:
        raise errors.InvalidRequestObject("The request object has expired.")
    if expires > not_before + LIFETIME_SECONDS:
        raise errors.InvalidRequestObject("Its exp must be at most 60 minutes after its nbf.")


def check_bookkeeping(signed: RequestObject) -> None:
    """RFC 7519 sections 4.1.6 and 4.1.7: `iat` and `jti` may be there, of their types.

    A `jti` is not used up: the same object may be pushed again, see ``request_objects``.
    """
    issued_at, jti = signed.claims.get("iat", 0), signed.claims.get("jti", "")
    if not _is_number(issued_at):
        raise errors.InvalidRequestObject("Its iat must be a number.")
    if not isinstance(jti, str) or len(jti) > JTI_LIMIT_CHARACTERS:
        raise errors.InvalidRequestObject(f"Its jti must be at most {JTI_LIMIT_CHARACTERS} long.")


def check_no_reference(signed: RequestObject) -> None:
    """RFC 9101 section 4, RFC 9126 section 2.1: an object holds no other, nor points to one."""
    if "request" in signed.claims or "request_uri" in signed.claims:
        raise errors.InvalidRequestObject("A request object holds no request or request_uri.")


def _moment(signed: RequestObject, name: str) -> int | float:
    value = signed.claims.get(name)
    if not _is_number(value):
        raise errors.InvalidRequestObject(f"The request object needs {name}, a number.")
    return value


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
