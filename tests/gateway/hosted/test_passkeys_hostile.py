"""Hostile passkeys: what a bent browser or authenticator sends is refused in an orderly way."""

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    encode_cbor,
    parse_cbor,
)
from webauthn.helpers.structs import AttestationFormat

from gateway.hosted.factor_store import PasskeyRow
from gateway.hosted.passkeys import PasskeyRefused, Passkeys
from tests.gateway.hosted.authenticator import Authenticator, challenge_bytes
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.hosted.test_passkeys import options_of, to_be_made, with_passkey
from tests.gateway.oauth.partner import ISSUER

Browsers = Callable[..., Reader]


@pytest.mark.parametrize("size", [1023, 1024, 3000])
async def test_a_credential_id_is_of_1023_bytes_at_most(browser: Browsers, size: int) -> None:
    reader, device = browser(), Authenticator(ISSUER)
    device.credential_id = secrets.token_bytes(size)
    page = await to_be_made(reader)
    made = await reader.press(page, "make-passkey", {"credential": device.create(options_of(page))})
    assert made.status_code == (303 if size == 1023 else 403)


async def test_a_label_keeps_no_control_characters(browser: Browsers) -> None:
    page = await with_passkey(browser(), Authenticator(ISSUER), "My\x00 pho\u202ene")
    assert "My phone" in page.words


def attested(device: Authenticator, options: dict[str, Any], fmt: Any, statement: Any) -> str:
    """A registration with an attestation statement."""
    answer: dict[str, Any] = json.loads(device.create(options))
    object_ = parse_cbor(base64url_to_bytes(answer["response"]["attestationObject"]))
    object_ |= {"fmt": fmt, "attStmt": statement}
    answer["response"]["attestationObject"] = bytes_to_base64url(encode_cbor(object_))
    return json.dumps(answer)


@pytest.mark.parametrize(
    ("fmt", "statement"),
    [
        ("android-safetynet", {"ver": "1", "response": 1}),
        ("android-key", {"x5c": 1}),
        ("fido-u2f", {"sig": b"", "x5c": [b"x"]}),
        ("packed", {"alg": -7, "sig": b"x"}),
        ("tpm", {"ver": "2.0", "x5c": [b"x"]}),
        ("apple", {"x5c": [b"x"]}),
        ("unheard-of", {}),
        (7, {}),
        ("none", {"x5c": [b"x"]}),
    ],
)
async def test_no_attestation_statement_is_read(
    browser: Browsers, fmt: Any, statement: Any
) -> None:
    reader, device = browser(), Authenticator(ISSUER)
    page = await to_be_made(reader)
    answer = attested(device, options_of(page), fmt, statement)
    refused = Page(await reader.press(page, "make-passkey", {"credential": answer}))
    assert (refused.status, "That did not succeed" in refused.words) == (403, True)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "rawId",
                    "type",
                    "response",
                    "clientDataJSON",
                    "attestationObject",
                    "transports",
                ]
            ),
            inner,
            max_size=7,
        )
    ),
    max_leaves=12,
)


@given(ANYTHING.map(json.dumps) | st.text(max_size=60))
def test_whatever_a_browser_sends_is_refused_in_an_orderly_way(answer: str) -> None:
    passkeys = Passkeys(None, issuer=ISSUER, rp_name="Bank")  # type: ignore[arg-type]
    with pytest.raises(PasskeyRefused):
        passkeys.register(answer, b"challenge")
    with pytest.raises(PasskeyRefused):
        passkeys.verify(answer, b"challenge", [])


CBOR = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text(max_size=8)
    | st.binary(max_size=80),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["fmt", "attStmt", "authData", "response", "ver", "x5c", "sig"])
            | st.integers(-4, 4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


FORMATS = st.sampled_from([each.value for each in AttestationFormat]) | CBOR


# An attestation of the format "none" states nothing: nobody reads its statement, so that alone is
# no bending.
UNBENT = ({}, {"fmt": "none"})
CHALLENGE = {"challenge": bytes_to_base64url(b"challenge")}


@given(
    changes=st.fixed_dictionaries(
        {}, optional={"fmt": FORMATS, "attStmt": CBOR, "authData": st.binary(max_size=200)}
    ).filter(
        lambda changes: (
            {name: value for name, value in changes.items() if name != "attStmt"} not in UNBENT
        )
    ),
    member=st.sampled_from(["", "clientDataJSON", "attestationObject"]),
    junk=st.binary(max_size=60).map(bytes_to_base64url) | ANYTHING,
)
def test_a_bent_registration_is_refused_in_an_orderly_way(
    changes: dict[str, Any], member: str, junk: Any
) -> None:
    passkeys = Passkeys(None, issuer=ISSUER, rp_name="Bank")  # type: ignore[arg-type]
    answer = json.loads(Authenticator(ISSUER).create(CHALLENGE))
    object_ = parse_cbor(base64url_to_bytes(answer["response"]["attestationObject"])) | changes
    answer["response"]["attestationObject"] = bytes_to_base64url(encode_cbor(object_))
    if member:
        answer["response"][member] = junk
    with pytest.raises(PasskeyRefused):
        passkeys.register(json.dumps(answer), b"challenge")


@given(
    member=st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]),
    junk=st.binary(max_size=80).map(bytes_to_base64url) | ANYTHING,
    key=st.binary(max_size=80) | CBOR.map(encode_cbor),
)
def test_a_bent_assertion_is_refused_in_an_orderly_way(member: str, junk: Any, key: bytes) -> None:
    passkeys, device = Passkeys(None, issuer=ISSUER, rp_name="Bank"), Authenticator(ISSUER)  # type: ignore[arg-type]
    at = datetime(2026, 11, 24, tzinfo=UTC)
    named = bytes_to_base64url(device.credential_id)
    answer = json.loads(device.get(CHALLENGE))
    own = bytes_to_base64url(device._cose_key())
    answer["response"][member] = junk
    for public_key in (own, bytes_to_base64url(key)):
        kept = PasskeyRow(named, "cus_1", "p", public_key, 0, "hwk", "", "x", at, None)
        with pytest.raises(PasskeyRefused):
            passkeys.verify(json.dumps(answer), b"challenge", [kept])


async def test_a_true_statement_is_refused_like_a_false_one(browser: Browsers) -> None:
    """Self attestation that verifies: what was not asked for is not judged at all."""
    reader, device = browser(), Authenticator(ISSUER)
    options = options_of(await to_be_made(reader))
    plain = json.loads(device.create(options))["response"]
    signed = parse_cbor(base64url_to_bytes(plain["attestationObject"]))["authData"]
    client_data = base64url_to_bytes(plain["clientDataJSON"])
    proof = device.key.sign(signed + sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
    answer = attested(device, options, "packed", {"alg": -7, "sig": proof})
    passkeys = Passkeys(None, issuer=ISSUER, rp_name="Bank")  # type: ignore[arg-type]
    with pytest.raises(PasskeyRefused):
        passkeys.register(answer, challenge_bytes(options))
