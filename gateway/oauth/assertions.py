"""Client assertions: private_key_jwt (RFC 7523, OIDC Core 9) as FAPI 2.0 narrows it."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from contracts import errors
from gateway.kit import jose
from gateway.oauth.clients import RegisteredClient
from gateway.oauth.replay import replay_key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# FAPI 2.0 SP 5.3.2.1-13: 10 seconds ahead must pass, 60 must not.
AHEAD_SECONDS = 30
# Each jti is remembered until its exp, so a client may not make the memory long.
LIFETIME_SECONDS = 3600
JTI_LIMIT_CHARACTERS = 256
# Absent, generic, or the name RFC 7523bis gives; a token typed for another use is not one
# (RFC 8725 section 3.11).
_TYPES = frozenset((None, "jwt", "application/jwt", "client-authentication+jwt"))

# RFC 9864 gives EdDSA on the one curve that FAPI 2.0 allows a name of its own.
_ONE_NAME = {"Ed25519": "EdDSA"}


class AssertionClaims(msgspec.Struct, frozen=True):
    """The claims that matter; `aud` is a string by type, so no array gets in (SP 5.3.2.1-8)."""

    iss: str
    sub: str
    aud: str
    jti: str
    exp: int | float
    iat: int | float | None = None
    nbf: int | float | None = None


class Assertion(msgspec.Struct, frozen=True):
    """A client assertion as read; it proves nothing before `verify_assertion`."""

    compact: jose.Compact
    claims: AssertionClaims

    @property
    def client_id(self) -> str:
        """Who it claims to come from."""
        return self.claims.sub

    @property
    def key(self) -> str:
        """The name under which its `jti` is remembered."""
        return replay_key("assertion", self.claims.sub, self.claims.jti)

    @property
    def expires_at(self) -> datetime:
        """When the assertion's `jti` may be forgotten."""
        return datetime.fromtimestamp(int(self.claims.exp) + 1, UTC)


_DECODER = msgspec.json.Decoder(AssertionClaims)


def read_assertion(form: Mapping[str, str], reader: jose.CompactReader) -> Assertion:
    """The assertion of a form, taken apart; raises ``InvalidClient`` when there is none to read."""
    token = form.get("client_assertion")
    if token is None:
        raise errors.InvalidClient("The client_assertion is missing.")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise errors.InvalidClient(f"The client_assertion_type must be {ASSERTION_TYPE}.")
    try:
        compact = reader.read(token)
        jose.refuse_duplicates(compact.payload)
        claims = _DECODER.decode(compact.payload)
    except jose.JoseRefused as refusal:
        raise errors.InvalidClient(f"{refusal}.") from None
    except msgspec.MsgspecError:
        raise errors.InvalidClient(
            "The assertion needs iss, sub, aud (one string), jti and exp."
        ) from None
    return Assertion(compact, claims)


def verify_assertion(
    assertion: Assertion, client: RegisteredClient, issuer: str, at: datetime
) -> None:
    """Proves that the client made the assertion for this issuer, now; else ``InvalidClient``.

    Whether it was used before is for the unit's commit to say.
    """
    header, claims = assertion.compact.header, assertion.claims
    if header.typ is not None and header.typ.lower() not in _TYPES:
        raise errors.InvalidClient("The assertion's typ names another kind of token.")
    # RFC 8725 section 3.1: a client that registered one algorithm is held to it.
    registered = client.client.metadata.token_endpoint_auth_signing_alg
    if registered is not None and _ONE_NAME.get(header.alg, header.alg) != registered:
        raise errors.InvalidClient(f"The client is registered for assertions by {registered}.")
    # RFC 7523 section 3, points 1 and 2: both name the client.
    if not claims.iss == claims.sub == client.client_id:
        raise errors.InvalidClient("The assertion's iss and sub must both be the client_id.")
    if claims.aud != issuer:
        raise errors.InvalidClient("The assertion's aud must be the issuer, as a string.")
    if not 0 < len(claims.jti) <= JTI_LIMIT_CHARACTERS:
        raise errors.InvalidClient("The assertion's jti is empty or too long.")
    now = at.timestamp()
    if not now < claims.exp <= now + LIFETIME_SECONDS:
        raise errors.InvalidClient("The assertion has expired or lives too long.")
    for moment in (claims.iat, claims.nbf):
        if moment is not None and moment > now + AHEAD_SECONDS:
            raise errors.InvalidClient("The assertion is from the future.")
    for key in client.candidates(header.alg, header.kid):
        if assertion.compact.is_signed_by(key):
            return
    raise errors.InvalidClient("The assertion's signature is by no key of the client.")
