"""PyPI ``http-message-signatures`` on the partner's side, for requests as ``requests`` has them."""

from datetime import timedelta
from typing import Any

import requests
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    MappingKeyResolver,
    VerifyResult,
    algorithms,
)
from joserfc.jwk import ECKey

from tests.flows.partner import Partner

COVERED = ("@method", "@target-uri", "authorization", "dpop", "idempotency-key")
ANSWERED = (
    "@status",
    "content-digest",
    '"@method";req',
    '"@target-uri";req',
    '"content-digest";req',
    '"signature";req',
    '"signature-input";req',
)


def sign(partner: Partner, request: requests.PreparedRequest, **changes: Any) -> None:
    """Signs what FAPI 2.0 wants signed, by the client's key, unless a test wants it otherwise."""
    kid = str(partner.keys.client.kid)
    private = {kid: partner.keys.client.private_key}
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ECDSA_P256_SHA256,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys=private),
    )
    usual: dict[str, Any] = {
        "key_id": kid,
        "tag": "fapi-2-request",
        "covered_component_ids": [
            name for name in COVERED if name.startswith("@") or name in request.headers
        ],
        "body": request.body,
    }
    signer.sign(request, **(usual | changes))


def verify(partner: Partner, answer: requests.Response) -> VerifyResult:
    """By the keys that the server publishes."""
    address = partner.line.issuer + "/oauth/jwks"
    published = requests.get(address, timeout=30, verify=False).json()["keys"]
    public = {key["kid"]: ECKey.import_key(key).public_key for key in published}
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ECDSA_P256_SHA256,
        key_resolver=MappingKeyResolver(public_keys=public, private_keys={}),
    )
    (verified,) = verifier.verify(
        answer,
        expect_tag="fapi-2-response",
        max_age=timedelta(seconds=60),
        require_components=ANSWERED,
        body=answer.content,
    )
    return verified
