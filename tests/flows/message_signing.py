"""HTTP message signatures (RFC 9421) as a test partner makes them, with nothing of the gateway."""

import base64
import hashlib
from collections.abc import Iterable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey, OKPKey, RSAKey

TAG = "fapi-2-request"
# FAPI 2.0 wants all but the third covered; who covers its idempotency key keeps that too.
COVERED_FIELDS = ("authorization", "dpop", "idempotency-key", "content-digest")
Key = ECKey | OKPKey | RSAKey


def signed(
    headers: dict[str, str],
    *,
    method: str,
    url: str,
    body: bytes,
    key: Key,
    created: float,
    parameters: str = "",
) -> dict[str, str]:
    """The headers with a digest of the body, where there is one, and a signature over all.

    ``parameters`` is appended to the signature's own, as in ``;alg="ed25519"``.
    """
    digested = {"Content-Digest": content_digest(body)} if body else {}
    present = {name.lower(): value for name, value in (headers | digested).items()}
    covered = {"@method": method, "@target-uri": url} | {
        name: present[name] for name in COVERED_FIELDS
        if name in present
    }  # fmt: skip
    listed = " ".join(f'"{name}"' for name in covered)
    params = f'({listed});created={int(created)};keyid="{key.kid}";tag="{TAG}"{parameters}'
    signature = raw_signature(key, base(covered.items(), params))
    return headers | digested | {
        "Signature-Input": f"sig1={params}",
        "Signature": f"sig1=:{base64.b64encode(signature).decode()}:",
    }  # fmt: skip


def content_digest(body: bytes) -> str:
    """RFC 9530 by SHA-256."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def base(covered: Iterable[tuple[str, str]], params: str) -> bytes:
    """The signature base (RFC 9421 section 2.5) over names with their values."""
    lines = [f'"{name}": {value}' for name, value in covered]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()


def raw_signature(key: Key, signed_bytes: bytes) -> bytes:
    """By the JWS algorithm of the key: ES256 as r and s side by side, EdDSA, or PS256."""
    private = key.private_key
    if isinstance(private, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(private.sign(signed_bytes, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if isinstance(private, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return private.sign(signed_bytes, pss, hashes.SHA256())
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    return private.sign(signed_bytes)
