"""Codes, tokens and refreshing: RFC 6749, RFC 7636, FAPI 2.0 SP 5.3.2.1."""

import httpx

from tests.conformance.case import Case
from tests.conformance.suite import Suite, new_key
from tests.gateway.oauth.partner import challenge_of

LONG_VERIFIER = "-._~Az09" * 16


def _redeemed(suite: Suite, **parameters: str) -> httpx.Response:
    return suite.token(*suite.code(**parameters))


def _tokens(suite: Suite) -> dict[str, str]:
    answer = _redeemed(suite)
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


def _code_twice(suite: Suite) -> httpx.Response:
    code, verifier = suite.code()
    assert suite.token(code, verifier).status_code == 200
    return suite.token(code, verifier)


def _token_after_reuse(suite: Suite) -> httpx.Response:
    code, verifier = suite.code()
    first = suite.token(code, verifier).json()["access_token"]
    assert suite.token(code, verifier).status_code == 400
    return suite.read(first)


def _wrong_client_then_right(suite: Suite) -> httpx.Response:
    code, verifier = suite.code()
    stolen = suite.token(code, verifier, client=suite.other)
    assert stolen.status_code == 400 and '"invalid_grant"' in stolen.text, stolen.text
    return suite.token(code, verifier)


def _refresh(suite: Suite, *, new: bool = False, by_other: bool = False) -> httpx.Response:
    refresh_token = _tokens(suite)["refresh_token"]
    client = suite.other if by_other else suite.client
    form = client.form(grant_type="refresh_token", refresh_token=refresh_token)
    if not new:
        return suite.send("/oauth/token", form, client=client)
    kept, client.dpop_key = client.dpop_key, new_key()
    try:
        answer = suite.send("/oauth/token", form, client=client)
        assert answer.status_code == 200, answer.text
        return suite.read(answer.json()["access_token"], path="/v1/orders/ord_unknown")
    finally:
        client.dpop_key = kept


def _without_proof(suite: Suite, grant_type: str) -> httpx.Response:
    if grant_type == "refresh_token":
        form = suite.client.form(
            grant_type=grant_type, refresh_token=_tokens(suite)["refresh_token"]
        )
    else:
        form = suite.client.form(grant_type=grant_type, scope="catalog.read")
    return suite.send("/oauth/token", form, proof=None)


def _says_token(answer: httpx.Response) -> str:
    found = answer.json()
    if found["token_type"] != "DPoP":
        return f"token_type is {found['token_type']}"
    if "no-store" not in answer.headers.get("cache-control", ""):
        return "the answer may be stored"
    if len(found["access_token"]) * 6 < 128:
        return "the token has too little entropy"
    if not found.get("authorization_details"):
        return "the granted authorization_details are missing"
    return ""


def _says_no_refresh(answer: httpx.Response) -> str:
    return "there is a refresh token" if "refresh_token" in answer.json() else ""


CASES = [
    Case("RFC 6749 5.1", "a code becomes tokens", _redeemed, 200, says=_says_token),
    Case("SP 5.3.2.2-9", "a code counts once", _code_twice, 400, "invalid_grant"),
    Case(
        "RFC 6749 4.1.2",
        "a code's second use ends the tokens of the first",
        _token_after_reuse,
        401,
        "invalid_token",
    ),
    Case(
        "RFC 6749 4.1.3",
        "another client's try does not use the code up",
        _wrong_client_then_right,
        200,
    ),
    Case(
        "RFC 7636 4.6",
        "a wrong verifier is invalid_grant",
        lambda s: s.token(s.code()[0], "w" * 64),
        400,
        "invalid_grant",
    ),
    Case(
        "RFC 7636 4.6",
        "a missing verifier is invalid_grant",
        lambda s: s.token(s.code()[0], None),
        400,
        "invalid_grant",
    ),
    Case(
        "RFC 7636 4.1",
        "a verifier of 128 characters of the whole set",
        lambda s: s.token(s.code(code_challenge=challenge_of(LONG_VERIFIER))[0], LONG_VERIFIER),
        200,
    ),
    Case(
        "RFC 7636 4.1",
        "a verifier of 42 characters is too short",
        lambda s: s.token(s.code(code_challenge=challenge_of("v" * 42))[0], "v" * 42),
        400,
        "invalid_grant",
    ),
    Case(
        "RFC 6749 4.1.3",
        "another redirect_uri is invalid_grant",
        lambda s: s.token(*s.code(), redirect_uri="https://attacker.example/cb"),
        400,
        "invalid_grant",
    ),
    Case(
        "SP 5.3.2.1-9",
        "a refresh token goes on working",
        lambda s: _refresh(s),
        200,
        says=lambda answer: "it rotated" if "refresh_token" in answer.json() else "",
    ),
    Case(
        "RFC 9449 5",
        "a refresh with a new DPoP key works, and its token is that key's",
        lambda s: _refresh(s, new=True),
        404,
    ),
    Case(
        "RFC 6749 6",
        "another client's refresh token is invalid_grant",
        lambda s: _refresh(s, by_other=True),
        400,
        "invalid_grant",
    ),
    Case(
        "SP 5.3.2.1-4",
        "a refresh without proof is refused with 400",
        lambda s: _without_proof(s, "refresh_token"),
        400,
        "invalid_dpop_proof",
    ),
    Case(
        "RFC 9449 5",
        "a token request without proof is refused with 400",
        lambda s: _without_proof(s, "client_credentials"),
        400,
        "invalid_dpop_proof",
    ),
    Case(
        "RFC 6749 4.4.3",
        "client_credentials brings no refresh token",
        lambda s: s.client_token(),
        200,
        says=_says_no_refresh,
    ),
    Case(
        "SP 5.3.2.1-2",
        "the password grant is refused",
        lambda s: s.client_token(grant_type="password", username="a", password="b"),
        400,
        "unsupported_grant_type",
    ),
    Case(
        "RFC 6749 3.2",
        "a repeated parameter is refused",
        lambda s: s.line.send(
            "POST",
            "/oauth/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=b"grant_type=client_credentials&grant_type=client_credentials",
        ),
        400,
        "invalid_request",
    ),
]
