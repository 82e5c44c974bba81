"""What is kept of a registered key's certificates (`x5c`, RFC 7517 section 4.7)."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey

from contracts import errors
from gateway.kit.public_keys import public_jwks
from tests.certificates import Authority, self_signed

KEY = ec.generate_private_key(ec.SECP256R1())
OWN = base64.b64encode(self_signed("client", KEY).der).decode()
OTHER = base64.b64encode(self_signed("another").der).decode()
AUTHORITY = base64.b64encode(Authority().certificate.public_bytes(Encoding.DER)).decode()


def with_chain(chain: Any) -> dict[str, Any]:
    jwk = ECKey(KEY, KEY).as_dict(private=False) | {"kid": "tls", "x5c": chain}
    return {"keys": [jwk]}


def test_the_keys_own_certificate_is_kept_and_the_rest_of_its_chain_is_not() -> None:
    for chain in ([OWN], [OWN, AUTHORITY], [OWN, OTHER, OTHER, OTHER]):
        (kept,) = public_jwks(with_chain(chain))
        assert kept["x5c"] == [OWN]


FAULTS: dict[str, Any] = {
    "a text": OWN,
    "an object": {},
    "nothing": None,
    "empty": [],
    "too many": [OWN] * 5,
    "another key's first": [OTHER, OWN],
    "no certificate": [OWN, "AAAA"],
    "an empty text": [OWN, ""],
    "a number": [OWN, 1],
    "a null": [OWN, None],
    "an object in it": [OWN, {"x": ["y"] * 10_000}],
    "a list in it": [OWN, [OWN]],
    "bytes": [OWN.encode()],
    "a line end": [OWN + "\n"],
    "a space": [f" {OWN}"],
    "base64url": [OWN.rstrip("=") + "-_"],
    "beyond ASCII": [OWN, "\u00e9"],
    "too long": [OWN, "A" * 1_000_000],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_anything_but_a_short_list_of_certificates_is_refused(fault: str) -> None:
    with pytest.raises(errors.InvalidField) as refusal:
        public_jwks(with_chain(FAULTS[fault]))
    assert refusal.value.extras == {"field": "jwks.keys[0]"}
