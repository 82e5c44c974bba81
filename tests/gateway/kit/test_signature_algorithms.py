"""Signatures by each kind of key, and every name of an algorithm that does not fit."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.kit import jose
from gateway.kit.signature_algorithms import fits, verifies
from tests.flows import message_signing

KEYS = {
    "EC": ECKey.generate_key("P-256"),
    "OKP": OKPKey.generate_key("Ed25519"),
    "RSA": RSAKey.generate_key(2048),
}


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_the_algorithm_is_one_of_the_key_s_kind(kind: str) -> None:
    key = jose.parse_public_jwk(KEYS[kind].as_dict(private=False))
    own = {"EC": "ecdsa-p256-sha256", "OKP": "ed25519", "RSA": "rsa-pss-sha512"}[kind]
    named = [*("ecdsa-p256-sha256", "ed25519", "rsa-pss-sha512", "rsa-v1_5-sha256", "hmac-sha256"),
             *("ecdsa-p384-sha384", "ES256", "PS256", "none", "")]  # fmt: skip
    assert [alg for alg in named if fits(key, alg)] == [own]
    assert fits(key, None)


def test_a_good_signature_under_another_name_does_not_verify() -> None:
    key = KEYS["EC"]
    signature = message_signing.raw_signature(key, b"base")
    public = jose.parse_public_jwk(key.as_dict(private=False))
    for alg in (None, "ecdsa-p256-sha256"):
        assert verifies(public, alg, b"base", signature)
    for alg in ("ed25519", "hmac-sha256", "rsa-pss-sha512", "ES256"):
        assert not verifies(public, alg, b"base", signature)


def test_rsa_is_ps256_until_it_says_rsa_pss_sha512() -> None:
    private = KEYS["RSA"].private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    key = jose.parse_public_jwk(KEYS["RSA"].as_dict(private=False))

    def sign(algorithm: hashes.HashAlgorithm, salt: int) -> bytes:
        return private.sign(b"base", padding.PSS(padding.MGF1(algorithm), salt), algorithm)

    ps256, sha512 = sign(hashes.SHA256(), 32), sign(hashes.SHA512(), 64)
    assert verifies(key, None, b"base", ps256)
    assert verifies(key, "rsa-pss-sha512", b"base", sha512)
    assert not verifies(key, None, b"base", sha512)
    assert not verifies(key, "rsa-pss-sha512", b"base", ps256)
    assert not verifies(key, "rsa-pss-sha512", b"base", sign(hashes.SHA512(), 32))
    assert not verifies(key, "rsa-pss-sha512", b"other", sha512)
