"""Public keys as others hand them in: which are acceptable, and the one name each has."""

import base64
import re
from typing import Any

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from contracts import errors

_RSA_BITS_LEAST = 2048
_CERTIFICATES_MOST = 4
_CERTIFICATE_LIMIT_CHARACTERS = 16 * 1024


def public_jwks(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The keys of a JWK set, each public and fit for ES256, PS256 or EdDSA (FAPI 2.0 SP 5.4).

    Raises ``InvalidField`` naming the key that is not acceptable and why.
    """
    keys = document.get("keys")
    if not isinstance(keys, list) or not keys or len(keys) > 16:
        raise errors.InvalidField("A JWK set holds 1 to 16 keys.", field="jwks.keys")
    names = [key.get("kid") for key in keys if isinstance(key, dict)]
    if len(set(names)) != len(keys):
        raise errors.InvalidField("Every key needs a kid of its own.", field="jwks.keys")
    return [_public_jwk(key, f"jwks.keys[{index}]") for index, key in enumerate(keys)]


def _public_jwk(key: dict[str, Any], field: str) -> dict[str, Any]:
    kid = key.get("kid")
    if not isinstance(kid, str) or not re.fullmatch(r"[\x21-\x7e]{1,128}", kid):
        raise errors.InvalidField("A kid is 1 to 128 visible ASCII characters.", field=field)
    try:
        imported = import_key(key)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise errors.InvalidField(f"Not a JWK: {error}", field=field) from None
    if imported.is_private or not isinstance(imported, ECKey | OKPKey | RSAKey):
        raise errors.InvalidField("Register public keys only.", field=field)
    fits = (
        (isinstance(imported, ECKey) and key.get("crv") == "P-256")
        or (isinstance(imported, OKPKey) and key.get("crv") == "Ed25519")
        or (isinstance(imported, RSAKey) and imported.public_key.key_size >= _RSA_BITS_LEAST)
    )
    if not fits:
        raise errors.InvalidField("Use P-256, Ed25519, or RSA of 2048 bits or more.", field=field)
    members = imported.as_dict(private=False)
    kept: dict[str, Any] = {
        name: members[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in members
    }
    alg = key.get("alg")
    kept |= {"kid": kid} | ({"alg": alg} if isinstance(alg, str) else {})
    if "x5c" in key:
        kept["x5c"] = _own_certificate(key["x5c"], imported, field)
    return kept


def _own_certificate(chain: object, key: ECKey | OKPKey | RSAKey, field: str) -> list[str]:
    """RFC 7517 section 4.7: the first certificate of an `x5c` is the key's own.

    It alone is kept, because a self-signed client is proved by its key (RFC 8705 section 2.2) and
    nobody here follows the chain.
    """
    try:
        if not isinstance(chain, list) or not 0 < len(chain) <= _CERTIFICATES_MOST:
            raise ValueError("an x5c is a short list")
        held = [_certificate_of(entry) for entry in chain]
        same = held[0].public_key() == key.public_key
    except (ValueError, UnsupportedAlgorithm):
        raise errors.InvalidField(
            f"An x5c is 1 to {_CERTIFICATES_MOST} certificates, each DER in base64.", field=field
        ) from None
    if not same:
        raise errors.InvalidField("The certificate in x5c is of another key.", field=field)
    return [base64.b64encode(held[0].public_bytes(Encoding.DER)).decode()]


def _certificate_of(entry: object) -> x509.Certificate:
    if not isinstance(entry, str) or len(entry) > _CERTIFICATE_LIMIT_CHARACTERS:
        raise ValueError("a certificate is a short text")
    return x509.load_der_x509_certificate(base64.b64decode(entry, validate=True))


def rsa_jwk_of_pem(pem: str, field: str) -> dict[str, Any]:
    """The JWK of a PEM public key (RSA of 2048 bits or more), for dialects that sign with RSA."""
    try:
        imported = import_key(pem, "RSA")
    except (JoseError, ValueError, TypeError) as error:
        raise errors.InvalidField(f"Not a PEM public key: {error}", field=field) from None
    if imported.is_private or imported.public_key.key_size < _RSA_BITS_LEAST:
        raise errors.InvalidField("Use a public RSA key of 2048 bits or more.", field=field)
    members = imported.as_dict(private=False)
    return {name: str(members[name]) for name in ("kty", "n", "e")}


def thumbprint(jwk: dict[str, Any]) -> str:
    """The SHA-256 thumbprint of RFC 7638, which is the same however the key is written down."""
    names = ("crv", "e", "kty", "n", "x", "y")
    required: dict[str, Any] = {name: jwk[name] for name in names if name in jwk}
    return import_key(required).thumbprint()


def pem_of_jwk(jwk: str) -> str:
    """The stored public key in PEM."""
    key = RSAKey.import_key(msgspec.json.decode(jwk, type=dict[str, Any]))
    return key.as_pem(private=False).decode()


def new_rsa_pair() -> tuple[bytes, str]:
    """A fresh RSA key pair of 2048 bits: the private half in PKCS#8 PEM, the public in PEM."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public_pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private_pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private_pem, public_pem.decode()
