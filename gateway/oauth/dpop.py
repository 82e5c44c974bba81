"""DPoP proofs (RFC 9449): the caller holds the key that its tokens are bound to."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from contracts import errors
from gateway.kit import jose
from gateway.oauth.replay import replay_key

PROOF_TYPE = "dpop+jwt"
# FAPI 2.0 SP 5.3.2.1-13 asks for 10 seconds either way and refuses 60 ahead; a minute of age
# forgives slow networks while a logged proof is soon worthless (attacker A5).
AHEAD_SECONDS = 30
AGE_SECONDS = 60
JTI_LIMIT_CHARACTERS = 256
_DEFAULT_PORTS = {"https": 443, "http": 80}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class ProofClaims(msgspec.Struct, frozen=True):
    """The claims that matter; any other is tolerated (RFC 9449 section 4.2)."""

    jti: str
    htm: str
    htu: str
    iat: int | float
    ath: str | None = None
    nonce: str | None = None


class Proof(msgspec.Struct, frozen=True):
    """A proof that verified: whose key, and the `jti` the unit has yet to use up.

    Whether its ``nonce`` is a good one is for ``Nonces`` to say.
    """

    jkt: str
    key: str
    expires_at: datetime
    nonce: str | None = None


_DECODER = msgspec.json.Decoder(ProofClaims)


def verify_proof(
    values: Sequence[str],
    reader: jose.CompactReader,
    *,
    method: str,
    url: str,
    at: datetime,
    access_token: str | None = None,
) -> Proof:
    """The one DPoP header of a request, verified by RFC 9449 section 4.3.

    ``url`` is the external address of the endpoint, from configuration and never from the Host
    header. With ``access_token`` the proof must carry its hash (section 7.1). Raises
    ``InvalidDpopProof``; whether the proof was used before is for the unit's commit to say.
    """
    if len(values) != 1:
        raise errors.InvalidDpopProof("The request must have exactly one DPoP header.")
    compact, claims = _read(values[0], reader)
    key = compact.header.key
    if key is None or compact.header.typ is None or compact.header.typ.lower() != PROOF_TYPE:
        raise errors.InvalidDpopProof(f"The proof must have typ {PROOF_TYPE} and a public jwk.")
    if claims.htm != method:
        raise errors.InvalidDpopProof("The proof's htm is another method.")
    if claims.htu != url and normalised(claims.htu) is None:
        raise errors.InvalidDpopProof("The proof's htu is not a plain http or https address.")
    if claims.htu != url and normalised(claims.htu) != normalised(url):
        raise errors.InvalidDpopProof("The proof's htu is another address.")
    now = at.timestamp()
    if not now - AGE_SECONDS <= claims.iat <= now + AHEAD_SECONDS:
        raise errors.InvalidDpopProof("The proof's iat is too far from now.")
    if not 0 < len(claims.jti) <= JTI_LIMIT_CHARACTERS:
        raise errors.InvalidDpopProof("The proof's jti is empty or too long.")
    if access_token is not None and claims.ath != token_hash(access_token):
        raise errors.InvalidDpopProof("The proof's ath is not of this access token.")
    if not compact.is_signed_by(key):
        raise errors.InvalidDpopProof("The proof's signature does not verify.")
    forget_at = datetime.fromtimestamp(int(claims.iat) + AGE_SECONDS + 1, UTC)
    jti_key = replay_key("dpop", key.thumbprint, claims.jti)
    return Proof(key.thumbprint, jti_key, forget_at, claims.nonce)


def token_hash(access_token: str) -> str:
    """The `ath` of an access token (RFC 9449 section 4.2)."""
    raw = hashlib.sha256(access_token.encode("ascii", "replace")).digest()
    return jose.encode_base64url(raw)


def normalised(address: str) -> str | None:
    """An address for comparison by RFC 3986 section 6.2, without query and fragment.

    ``None`` for text that is not a plain absolute http(s) address; the caller must see to it that
    two of those are not taken for equal.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    if not address.isascii() or any(character <= " " for character in address):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{port}"
    return f"{parts.scheme}://{host}{_ESCAPE.sub(_plain_escape, parts.path) or '/'}"


def _plain_escape(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _read(token: str, reader: jose.CompactReader) -> tuple[jose.Compact, ProofClaims]:
    try:
        compact = reader.read(token)
        jose.refuse_duplicates(compact.payload)
        return compact, _DECODER.decode(compact.payload)
    except jose.JoseRefused as refusal:
        raise errors.InvalidDpopProof(f"{refusal}.") from None
    except msgspec.MsgspecError:
        raise errors.InvalidDpopProof("The proof needs jti, htm, htu and iat.") from None
