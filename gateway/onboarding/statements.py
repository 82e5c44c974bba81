"""Software statements (RFC 7591 section 2.3): read, proved, and laid over what a client asks.

Pure: bytes and claims in, claims and documents out. Whether a statement was used before is for
the unit's commit to say.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NoReturn

import msgspec

from contracts import errors
from gateway.kit import jose

STATEMENT_LIMIT_CHARACTERS: Final = 32 * 1024
JTI_LIMIT_CHARACTERS: Final = 256
# A statement's issuer and we may tell the time a little differently.
AHEAD_SECONDS: Final = 60
# What decides who a client is and how far it reaches: never wider than the statement says.
VOUCHED: Final = frozenset(
    {
        "redirect_uris",
        "scope",
        "jwks",
        "jwks_uri",
        "sector_identifier_uri",
        "tls_client_auth_subject_dn",
        "tls_client_auth_san_dns",
        "tls_client_auth_san_uri",
        "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
    }
)
# Issuers name the kind as they please, or not at all; a token that names another kind is none
# (RFC 8725 section 3.11).
_OTHER_KINDS: Final = frozenset(
    {
        "at+jwt",
        "client-authentication+jwt",
        "dpop+jwt",
        "logout+jwt",
        "oauth-authz-req+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
    }
)
_NAME: Final = re.compile(r"[\x21-\x7e]{1,500}")
# The server says what these are, in its answer (RFC 7591 section 3.2.1).
_SERVERS_OWN: Final = ("client_id", "client_secret", "client_id_issued_at")


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    jti: str
    iat: int | float
    exp: int | float | None = None
    nbf: int | float | None = None
    aud: str | list[str] | None = None


class SoftwareStatement(msgspec.Struct, frozen=True):
    """A statement taken apart; it proves nothing before `verify`."""

    compact: jose.Compact
    issuer: str
    jti: str
    claims: dict[str, Any]

    def is_by(self, keys: Sequence[jose.PublicKey]) -> bool:
        """Whether one of the keys made it, chosen by kind and algorithm first, then by `kid`."""
        header = self.compact.header
        return any(
            self.compact.is_signed_by(key)
            for key in keys
            if header.alg in key.algorithms and header.kid in (None, key.kid)
        )

    def may_be_by(self, keys: tuple[jose.PublicKey, ...]) -> bool:
        """Whether the keys hold the one that the header names."""
        kid = self.compact.header.kid
        return bool(keys) if kid is None else any(key.kid == kid for key in keys)


def read_request(body: bytes) -> dict[str, Any]:
    """A registration request's members, each once; raises ``InvalidClientMetadata``."""
    try:
        request = jose.strict_json_object(body)
    except jose.JoseRefused as refusal:
        raise errors.InvalidClientMetadata(f"{refusal}.") from None
    for member in _SERVERS_OWN:
        if member in request:
            # FAPI 2.0 SP 6: a client that chose its id could take that of a customer.
            raise errors.InvalidClientMetadata(f"The server chooses the {member}.", field=member)
    return request


def read(request: Mapping[str, Any]) -> SoftwareStatement:
    """The request's statement, unproved; raises ``InvalidSoftwareStatement``."""
    text = request.get("software_statement")
    if not isinstance(text, str):
        raise _invalid("The request needs a software_statement, which is a string.")
    try:
        reader = jose.CompactReader(cached_headers=1, limit_characters=STATEMENT_LIMIT_CHARACTERS)
        compact = reader.read(text)
        members = jose.strict_json_object(compact.payload)
        claims = msgspec.convert(members, _Claims)
    except jose.JoseRefused as refusal:
        raise _invalid(f"{refusal}.") from None
    except msgspec.ValidationError:
        raise _invalid("The statement needs iss, jti and iat, of their types.") from None
    if not _NAME.fullmatch(claims.iss):
        raise _invalid("The statement's iss is not 1 to 500 visible ASCII characters.")
    return SoftwareStatement(compact, claims.iss, claims.jti, members)


def verify(
    statement: SoftwareStatement, keys: Sequence[jose.PublicKey], server: str, at: datetime
) -> None:
    """Proves that the issuer's keys made the statement, for this server, by now.

    Raises ``InvalidSoftwareStatement``.
    """
    typ = statement.compact.header.typ
    if typ is not None and typ.lower().removeprefix("application/") in _OTHER_KINDS:
        raise _invalid("The statement's typ names another kind of token.")
    if not statement.is_by(keys):
        raise _invalid("The statement's signature is by no key of its issuer.")
    claims = msgspec.convert(statement.claims, _Claims)
    if not 0 < len(claims.jti) <= JTI_LIMIT_CHARACTERS:
        raise _invalid("The statement's jti is empty or too long.")
    now = at.timestamp()
    for moment in (claims.iat, claims.nbf):
        if moment is not None and moment > now + AHEAD_SECONDS:
            raise _invalid("The statement is from the future.")
    if claims.exp is not None and now >= claims.exp:
        raise _invalid("The statement has expired.")
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if audience is not None and server not in audience:
        raise _invalid("The statement is meant for another server.")


def vouched(request: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
    """The document to register: the statement's word wherever it has one (RFC 7591 section 2.3).

    What a client is known by and how far it reaches must be in the statement: of redirect
    addresses and scopes the request may choose fewer, anything else it may only repeat. Raises
    ``InvalidRedirectUri`` or ``InvalidClientMetadata``.
    """
    merged = dict(request) | dict(claims)
    for member in VOUCHED & request.keys():
        if not _within(member, request[member], claims.get(member)):
            refuse(member, "This is not in the software statement.")
        merged[member] = request[member]
    merged.pop("software_statement", None)
    return merged


def refuse(member: str, reason: str) -> NoReturn:
    """Raises what RFC 7591 section 3.2.2 has for the member."""
    if member.startswith("redirect_uris"):
        raise errors.InvalidRedirectUri(reason, field=member)
    raise errors.InvalidClientMetadata(f"{member}: {reason}", field=member)


def _within(member: str, asked: Any, said: Any) -> bool:
    if member == "scope":
        return (
            isinstance(asked, str)
            and isinstance(said, str)
            and (set(asked.split()) <= set(said.split()))
        )
    if member == "redirect_uris":
        return (
            isinstance(asked, list)
            and isinstance(said, list)
            and (all(uri in said for uri in asked))
        )
    return bool(asked == said)


def _invalid(reason: str) -> errors.InvalidSoftwareStatement:
    return errors.InvalidSoftwareStatement(reason)
