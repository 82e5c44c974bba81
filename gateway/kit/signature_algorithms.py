"""Which algorithm of RFC 9421 a key signs HTTP messages by: the key decides, never the message."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gateway.kit import jose

# RFC 9421 section 6.2.2. The first two are ES256 and EdDSA, byte for byte.
_SAME_AS_JWS: Final = {"ecdsa-p256-sha256": "ES256", "ed25519": "EdDSA"}
_RSA_PSS_SHA512: Final = "rsa-pss-sha512"
ALGORITHMS: Final = (*_SAME_AS_JWS, _RSA_PSS_SHA512)

# RFC 9421 section 3.3.1: the salt has 64 bytes.
_PSS: Final = padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=64)
_SHA512: Final = hashes.SHA512()


def fits(key: jose.PublicKey, alg: str | None) -> bool:
    """Whether the key may sign by the algorithm that the signature names, if it names one."""
    if alg is None:
        return True
    if alg == _RSA_PSS_SHA512:
        return key.jwk["kty"] == "RSA"
    return _SAME_AS_JWS.get(alg) in key.algorithms


def verifies(key: jose.PublicKey, alg: str | None, signed: bytes, signature: bytes) -> bool:
    """Whether the signature over the base is the key's.

    Without ``alg`` the key's own JWS algorithm holds (section 3.3.7): ES256, EdDSA, PS256. An RSA
    key may also name `rsa-pss-sha512`, the only RSA-PSS among RFC 9421's own algorithms.
    """
    if not fits(key, alg):
        return False
    if alg != _RSA_PSS_SHA512:
        return key.verifies(key.algorithms[0], signed, signature)
    exponent, modulus = (
        int.from_bytes(jose.decode_base64url(key.jwk[name]), "big") for name in ("e", "n")
    )
    try:
        public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        public.verify(signature, signed, _PSS, _SHA512)
    except InvalidSignature:
        return False
    return True
