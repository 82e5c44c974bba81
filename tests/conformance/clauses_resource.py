"""The resource server: RFC 6750, RFC 9449 section 7, FAPI 2.0 SP 5.3.4."""

import hashlib
import uuid

import httpx

from tests.conformance.case import Case
from tests.conformance.suite import RESOURCE, Suite, new_key, unix_now
from tests.flows.partner import base64url

INTERACTION = "93bac548-d2de-4546-b106-880a5018460d"


def _token(suite: Suite) -> str:
    answer = suite.client_token()
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def _revoked(suite: Suite) -> httpx.Response:
    token = _token(suite)
    form = suite.client.form(token=token)
    assert suite.send("/oauth/revoke", form, proof=None).status_code == 200
    return suite.read(token)


def _says_headers(answer: httpx.Response) -> str:
    if "date" not in answer.headers:
        return "there is no Date"
    if answer.headers.get("x-fapi-interaction-id") != INTERACTION:
        return f"the interaction id is {answer.headers.get('x-fapi-interaction-id')}"
    return ""


def _says_minted(answer: httpx.Response) -> str:
    uuid.UUID(answer.headers["x-fapi-interaction-id"])
    return ""


def _challenged(answer: httpx.Response) -> str:
    if "www-authenticate" not in answer.headers:
        return "there is no WWW-Authenticate"
    return ""


CASES = [
    Case(
        "FAPI2-IMP 2.1.1",
        "a token reads its resource, Date and interaction id are there",
        lambda s: s.read(_token(s), headers={"x-fapi-interaction-id": INTERACTION}),
        200,
        says=_says_headers,
    ),
    Case("FAPI2-IMP 2.1.1", "an id is minted", lambda s: s.read(_token(s)), 200, says=_says_minted),
    Case(
        "RFC 9110 11.1", "the scheme has no case", lambda s: s.read(_token(s), scheme="dpop"), 200
    ),
    *(
        Case(
            "RFC 9110 12.5.1",
            f"Accept {accept} works",
            lambda s, accept=accept: s.read(_token(s), headers={"Accept": accept}),  # type: ignore[misc]
            200,
        )
        for accept in ("application/json;charset=utf-8", "*/*")
    ),
    Case(
        "SP 5.3.4-2",
        "a token in the query is refused",
        lambda s: s.line.send("GET", f"{RESOURCE}?access_token={_token(s)}"),
        (400, 401),
    ),
    Case(
        "RFC 6750 3.1",
        "a call without token is challenged without error",
        lambda s: s.line.send("GET", RESOURCE),
        401,
        says=_challenged,
    ),
    Case(
        "RFC 9449 7.2",
        "a DPoP-bound token is nobody's bearer token",
        lambda s: s.read(_token(s), scheme="Bearer"),
        401,
        "invalid_token",
    ),
    Case(
        "RFC 9449 7.1",
        "a token without proof is refused",
        lambda s: s.read(_token(s), proof=None),
        401,
        "invalid_dpop_proof",
    ),
    Case(
        "RFC 9449 7.1",
        "a token with another key's proof is refused",
        lambda s: s.read(_token(s), key=new_key()),
        401,
        "invalid_token",
    ),
    Case(
        "RFC 9449 7.1",
        "a proof without ath is refused",
        lambda s: s.read(_token(s), ath=None),
        401,
        "invalid_dpop_proof",
    ),
    Case(
        "RFC 9449 7.1",
        "a proof with another token's ath is refused",
        lambda s: s.read(_token(s), ath=base64url(hashlib.sha256(b"other").digest())),
        401,
        "invalid_dpop_proof",
    ),
    Case(
        "RFC 9449 7.1",
        "a proof for another method is refused",
        lambda s: s.read(_token(s), htm="POST"),
        401,
        "invalid_dpop_proof",
    ),
    Case(
        "SP 5.3.2.1-13",
        "an hour-old proof is refused",
        lambda s: s.read(_token(s), iat=unix_now() - 3600),
        401,
        "invalid_dpop_proof",
    ),
    Case(
        "SP 5.3.4-3",
        "an unknown token is refused",
        lambda s: s.read("x" * 43),
        401,
        "invalid_token",
    ),
    Case("SP 5.3.4-3", "a revoked token is refused", _revoked, 401, "invalid_token"),
    Case(
        "SP 5.3.4-4",
        "a token without the scope is refused with 403",
        lambda s: s.read(_token(s), path="/v1/orders/ord_unknown"),
        403,
        "insufficient_scope",
        says=_challenged,
    ),
]
