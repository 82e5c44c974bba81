"""Signatures: the text a recipe covers, and the keys that sign and verify it."""

import base64
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature as Mismatch
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from contracts.errors import GatewayError, InvalidField
from partners.tables import SortedPairs

# RSA below 2048 bits is not acceptable for new signatures (NIST SP 800-131A rev. 2, table 2).
SMALLEST_RSA_BITS = 2048


class VerifyingKey:
    """A caller's public key, read once; keep it to spare the parsing."""

    def __init__(self, text: str) -> None:
        """``text`` is PEM (SubjectPublicKeyInfo or PKCS#1) or a JWK; raises InvalidField."""
        self._key = _read_jwk(text) if text.lstrip().startswith("{") else _read_public_pem(text)
        if self._key.key_size < SMALLEST_RSA_BITS:
            raise InvalidField("the RSA key is too short", field="public_key")

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether this key made the signature over the text: RSASSA-PKCS1-v1_5 with SHA-256."""
        try:
            self._key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        except Mismatch:
            return False
        return True


class SigningKey:
    """Our private key for one client of a dialect, read once; it shows nothing of itself."""

    def __init__(self, pem: str) -> None:
        """``pem`` is PKCS#8 or PKCS#1 without passphrase; raises GatewayError if unusable."""
        try:
            # Skipping the 36 ms prime test is sound for keys of our own making only; these come
            # from our vault, whose seal shows that nobody changed them.
            key = serialization.load_pem_private_key(
                pem.encode(), None, unsafe_skip_rsa_key_validation=True
            )
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise GatewayError from None
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < SMALLEST_RSA_BITS:
            raise GatewayError
        self._key = key

    def signs(self, text: bytes) -> str:
        """The signature over the text in base64: RSASSA-PKCS1-v1_5 with SHA-256."""
        signature = self._key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signature).decode()


def covered(recipe: SortedPairs, values: Mapping[str, str]) -> dict[str, str]:
    """The values that the signed text holds; nothing else of a request may be believed."""
    return {name: value for name, value in values.items() if value and name not in recipe.omitted}


def sorted_pairs_text(recipe: SortedPairs, values: Mapping[str, str]) -> bytes:
    """The text that is signed, in UTF-8; the code point order of its keys is their byte order."""
    pairs = sorted(covered(recipe, values).items())
    return "&".join(f"{name}={value}" for name, value in pairs).encode()


def read_signature(text: str) -> bytes | None:
    """The signature's bytes from strict base64, None if it is not the one way to write them."""
    try:
        signature = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return None
    return signature if base64.b64encode(signature).decode() == text else None


def _read_public_pem(text: str) -> rsa.RSAPublicKey:
    try:
        key = serialization.load_pem_public_key(text.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidField("the public key cannot be read", field="public_key") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidField("the public key is not an RSA key", field="public_key")
    return key


def _read_jwk(text: str) -> rsa.RSAPublicKey:
    try:
        jwk: dict[str, Any] = msgspec.json.decode(text, type=dict)
        if jwk["kty"] != "RSA":
            raise ValueError
        numbers = rsa.RSAPublicNumbers(_integer(jwk["e"]), _integer(jwk["n"]))
        return numbers.public_key()
    except (msgspec.DecodeError, ValueError, KeyError, TypeError, AttributeError):
        raise InvalidField("the public key cannot be read", field="public_key") from None


def _integer(text: str) -> int:
    padded = text + "=" * (-len(text) % 4)
    return int.from_bytes(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
