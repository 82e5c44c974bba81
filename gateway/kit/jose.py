"""Signed tokens at the door: public keys, thumbprints, compact signatures, strict JSON.

The hot path of every authenticated request, so it is written on `cryptography` directly; tests
prove that it accepts nothing joserfc refuses. Only the algorithms of FAPI 2.0 exist here, and
each is chosen by the kind of key, never by the token alone (RFC 8725 sections 3.1 and 3.2).
"""

import binascii
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

# FAPI 2.0 SP 5.4.1-1; RFC 9864 renames EdDSA on this curve to Ed25519, both names are met.
SIGNING_ALGORITHMS = ("ES256", "PS256", "EdDSA", "Ed25519")

TOKEN_LIMIT_CHARACTERS = 8 * 1024
HEADER_LIMIT_CHARACTERS = 4 * 1024
CACHED_HEADERS = 2048

_PRIVATE_MEMBERS = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k", "r", "t"))
_ALGORITHMS_BY_KIND = {"EC": ("ES256",), "RSA": ("PS256",), "OKP": ("EdDSA", "Ed25519")}
# The members that RFC 7638 section 3.2 and RFC 8037 section 2 hash, in their order.
_THUMBPRINT_MEMBERS = {
    "EC": ("crv", "kty", "x", "y"),
    "RSA": ("e", "kty", "n"),
    "OKP": ("crv", "kty", "x"),
}
# RFC 7515 section 4.1: these are strings where they are there at all.
_HEADER_TEXTS = ("alg", "typ", "kid", "cty", "jku", "x5u", "x5t", "x5t#S256")
_COORDINATE_BYTES = 32
_RSA_BITS = range(2048, 4097)
_RSA_EXPONENTS = range(65537, 2**32, 2)

_ES256 = ec.ECDSA(hashes.SHA256())
# RFC 7518 section 3.5: the salt is as long as the hash, exactly.
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
_SHA256 = hashes.SHA256()

# Characters of the other alphabet, and padding, become ones that decoding passes over.
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/???")
_TO_URL = bytes.maketrans(b"+/", b"-_")
_PADDING = (b"", b"", b"==", b"=")

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class JoseRefused(ValueError):
    """A key or token that is not acceptable; the text is fit for the sender's eyes."""


class PublicKey:
    """A public key that verifies, with its identity: `kid` as given, RFC 7638 `thumbprint`."""

    __slots__ = ("_check", "algorithms", "jwk", "kid", "thumbprint")

    def __init__(
        self, jwk: dict[str, str], kid: str | None, check: Callable[[bytes, bytes], None]
    ) -> None:
        self.jwk = jwk
        self.kid = kid
        self.algorithms: tuple[str, ...] = _ALGORITHMS_BY_KIND[jwk["kty"]]
        self.thumbprint = _thumbprint(jwk)
        self._check = check

    def verifies(self, algorithm: str, signing_input: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's; an algorithm of another kind of key never is."""
        if algorithm not in self.algorithms:
            return False
        try:
            self._check(signature, signing_input)
        except InvalidSignature:
            return False
        return True


def parse_public_jwk(jwk: object) -> PublicKey:
    """A JWK as a key fit for verifying, or `JoseRefused`.

    Refuses private and symmetric members (RFC 9449 section 4.2), any curve, size or declared use
    outside FAPI 2.0 SP 5.4, and encodings that are not canonical: one key has one thumbprint.
    """
    if not isinstance(jwk, Mapping):
        raise JoseRefused("The JWK is not an object")
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise JoseRefused("The JWK holds private members")
    kind = jwk.get("kty")
    if not isinstance(kind, str) or kind not in _ALGORITHMS_BY_KIND:
        raise JoseRefused("The JWK's kty is not EC, RSA or OKP")
    _check_declared_use(jwk, kind)
    kid = jwk.get("kid")
    if kid is not None and (not isinstance(kid, str) or not 0 < len(kid) <= 256):
        raise JoseRefused("The JWK's kid is not a short string")
    public = {name: _text_member(jwk, name) for name in _THUMBPRINT_MEMBERS[kind]}
    build = {"EC": _elliptic_check, "RSA": _rsa_check, "OKP": _edwards_check}[kind]
    return PublicKey(public, kid, build(public))


def thumbprint(jwk: object) -> str:
    """The RFC 7638 SHA-256 thumbprint of a public JWK that `parse_public_jwk` accepts."""
    return parse_public_jwk(jwk).thumbprint


class Header(msgspec.Struct, frozen=True):
    """The protected header members that mean something here; `key` is the embedded `jwk`."""

    alg: str
    typ: str | None = None
    kid: str | None = None
    key: PublicKey | None = None


class Compact(msgspec.Struct, frozen=True, gc=False):
    """A token taken apart; nothing in it is proved until a key `verifies` it."""

    header: Header
    payload: bytes
    signing_input: bytes
    signature: bytes

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether the key made the signature, by the algorithm its kind allows."""
        return key.verifies(self.header.alg, self.signing_input, self.signature)


class CompactReader:
    """Takes compact tokens apart, remembering the headers it met last.

    A client repeats one header in every assertion and every proof, and for a proof the header
    holds the key: remembering it saves the decoding and the building of the key.
    """

    def __init__(
        self,
        *,
        cached_headers: int = CACHED_HEADERS,
        limit_characters: int = TOKEN_LIMIT_CHARACTERS,
    ) -> None:
        self._limit_characters = limit_characters
        self._cached_headers = cached_headers
        self._headers: OrderedDict[str, Header] = OrderedDict()

    def read(self, token: str) -> Compact:
        """The parts of a compact JWS (RFC 7515 section 7.1), or `JoseRefused`."""
        if len(token) > self._limit_characters:
            raise JoseRefused("The token is too long")
        parts = token.split(".")
        if len(parts) != 3:
            raise JoseRefused("The token is not a compact signature of three parts")
        header = self._headers.get(parts[0])
        if header is None:
            header = parse_header(parts[0])
            self._headers[parts[0]] = header
            if len(self._headers) > self._cached_headers:
                self._headers.popitem(last=False)
        else:
            self._headers.move_to_end(parts[0])
        payload = decode_base64url(parts[1])
        signature = decode_base64url(parts[2])
        # The header and payload decoded, so both are ASCII.
        signing_input = token[: len(parts[0]) + 1 + len(parts[1])].encode("ascii")
        return Compact(header, payload, signing_input, signature)


def verify_compact(
    token: str, key: PublicKey, *, limit_characters: int = TOKEN_LIMIT_CHARACTERS
) -> Compact:
    """The token's parts once its signature is proved to be the key's, or `JoseRefused`."""
    reader = CompactReader(cached_headers=1, limit_characters=limit_characters)
    compact = reader.read(token)
    if not compact.is_signed_by(key):
        raise JoseRefused("The signature does not verify")
    return compact


def parse_header(segment: str) -> Header:
    """A protected header segment, or `JoseRefused`.

    No critical extension is understood, so any `crit` is refused (RFC 7515 section 4.1.11), and
    with it the unencoded payloads of RFC 7797. Key references (`jku`, `x5u`) are never followed.
    """
    if len(segment) > HEADER_LIMIT_CHARACTERS:
        raise JoseRefused("The token's header is too long")
    members = strict_json_object(decode_base64url(segment))
    if "crit" in members or "b64" in members:
        raise JoseRefused("The token's header names an extension that is not understood")
    for name in _HEADER_TEXTS:
        if name in members and not isinstance(members[name], str):
            raise JoseRefused(f"The token's {name} is not a string")
    for name in ("jku", "x5u"):
        if name in members and not members[name].startswith(("https://", "http://")):
            raise JoseRefused(f"The token's {name} is not an address")
    if not _is_text_list(members.get("x5c", [])):
        raise JoseRefused("The token's x5c is not a list of strings")
    algorithm = members.get("alg")
    if algorithm not in SIGNING_ALGORITHMS:
        raise JoseRefused("The token's alg is not one of " + ", ".join(SIGNING_ALGORITHMS))
    key = parse_public_jwk(members["jwk"]) if "jwk" in members else None
    return Header(algorithm, members.get("typ"), members.get("kid"), key)


def _is_text_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def strict_json_object(raw: bytes) -> dict[str, Any]:
    """A JSON object in which no object repeats a member (RFC 7519 section 4), or `JoseRefused`."""
    members = refuse_duplicates(raw)
    if not isinstance(members, dict):
        raise JoseRefused("The JSON is not an object")
    return members


def refuse_duplicates(raw: bytes) -> object:
    """The JSON value, or `JoseRefused` when a member is repeated or the text is not strict JSON.

    msgspec judges the text (UTF-8, no lone surrogates, no NaN) but silently keeps the last of two
    members with one name. Text that is what we would write for the value repeats none, since a
    dict cannot; any other text is read a second time.
    """
    try:
        value = _decode(raw)
        if _encode(value) != raw:
            _DUPLICATE_FINDER.decode(raw.decode("utf-8"))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if isinstance(error, JoseRefused):
            raise
        raise JoseRefused("The JSON is not well-formed") from error
    return value


def decode_base64url(segment: str) -> bytes:
    """Base64url without padding in its one canonical spelling (RFC 7515 section 2).

    Encoding the result again and comparing refuses padding, foreign characters and stray bits.
    """
    try:
        text = segment.encode("ascii").translate(_TO_STANDARD) + _PADDING[len(segment) % 4]
        raw = binascii.a2b_base64(text)
        canonical = binascii.b2a_base64(raw, newline=False) == text
    except ValueError:
        canonical = False
    if not canonical:
        raise JoseRefused("The token is not canonical base64url")
    return raw


def encode_base64url(raw: bytes) -> str:
    """Base64url without padding."""
    text = binascii.b2a_base64(raw, newline=False).rstrip(b"=")
    return text.translate(_TO_URL).decode("ascii")


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JoseRefused("The JSON repeats a member")
    return members


_DUPLICATE_FINDER = json.JSONDecoder(object_pairs_hook=_refuse_repeated)


def _check_declared_use(jwk: Mapping[str, Any], kind: str) -> None:
    """RFC 7517 sections 4.2 to 4.4: a key that says what it is for is used for nothing else."""
    if jwk.get("use", "sig") != "sig":
        raise JoseRefused("The JWK's use is not sig")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or operations != ["verify"]:
        raise JoseRefused("The JWK's key_ops is not verify")
    if "alg" in jwk and jwk["alg"] not in _ALGORITHMS_BY_KIND[kind]:
        raise JoseRefused("The JWK's alg does not fit its kty")


def _text_member(jwk: Mapping[str, Any], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise JoseRefused(f"The JWK lacks {name}")
    return value


def _thumbprint(jwk: dict[str, str]) -> str:
    # The members come in RFC 7638's order; their characters need no JSON escapes.
    canonical = json.dumps(jwk, separators=(",", ":"), sort_keys=True)
    return encode_base64url(hashlib.sha256(canonical.encode()).digest())


def _coordinate(jwk: dict[str, str], name: str) -> bytes:
    raw = decode_base64url(jwk[name])
    if len(raw) != _COORDINATE_BYTES:
        raise JoseRefused(f"The JWK's {name} is not of its curve's length")
    return raw


def _elliptic_check(jwk: dict[str, str]) -> Callable[[bytes, bytes], None]:
    if jwk["crv"] != "P-256":
        raise JoseRefused("The JWK's curve is not P-256")
    x, y = (int.from_bytes(_coordinate(jwk, name), "big") for name in ("x", "y"))
    try:
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise JoseRefused("The JWK's point is not on its curve") from error

    def check(signature: bytes, signing_input: bytes) -> None:
        # RFC 7518 section 3.4: r and s side by side, 32 bytes each; the library wants DER.
        if len(signature) != 2 * _COORDINATE_BYTES:
            raise InvalidSignature
        r = int.from_bytes(signature[:_COORDINATE_BYTES], "big")
        s = int.from_bytes(signature[_COORDINATE_BYTES:], "big")
        key.verify(encode_dss_signature(r, s), signing_input, _ES256)

    return check


def _unsigned(jwk: dict[str, str], name: str) -> int:
    raw = decode_base64url(jwk[name])
    if not raw or raw[0] == 0:
        # RFC 7518 section 2: Base64urlUInt has no leading zero octets.
        raise JoseRefused(f"The JWK's {name} is not a canonical number")
    return int.from_bytes(raw, "big")


def _rsa_check(jwk: dict[str, str]) -> Callable[[bytes, bytes], None]:
    modulus, exponent = _unsigned(jwk, "n"), _unsigned(jwk, "e")
    if modulus.bit_length() not in _RSA_BITS or exponent not in _RSA_EXPONENTS:
        raise JoseRefused("The JWK's RSA key is not of 2048 to 4096 bits with an ordinary exponent")
    try:
        key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError as error:
        raise JoseRefused("The JWK's RSA key is not valid") from error
    return lambda signature, signing_input: key.verify(signature, signing_input, _PSS, _SHA256)


def _edwards_check(jwk: dict[str, str]) -> Callable[[bytes, bytes], None]:
    if jwk["crv"] != "Ed25519":
        raise JoseRefused("The JWK's curve is not Ed25519")
    point = _coordinate(jwk, "x")
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(point)
    except ValueError as error:
        raise JoseRefused("The JWK's point is not on its curve") from error
    return key.verify
