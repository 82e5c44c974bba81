"""DPoP at the server and at resources: RFC 9449 as FAPI 2.0 asks for it."""

import secrets
from typing import Any

import httpx
from joserfc.jwk import OctKey

from tests.conformance.case import Case
from tests.conformance.suite import RESOURCE, Suite, new_key, unix_now
from tests.gateway.oauth.partner import sign


def _at_token(suite: Suite, **spoilt: Any) -> httpx.Response:
    """A token request whose proof is spoilt, once the server's nonce is known."""
    suite.client_token()
    return suite.client_token(proof=suite.client.proof_at("/oauth/token", **spoilt))


def _at_par(suite: Suite, **spoilt: Any) -> httpx.Response:
    suite.client_token()
    return suite.par(proof=suite.client.proof_at("/oauth/par", **spoilt))


def _token(suite: Suite) -> str:
    answer = suite.client_token()
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    suite.read(token)
    return token


def _jkt(suite: Suite, other: bool) -> httpx.Response:
    key = new_key() if other else suite.client.dpop_key
    return suite.par(dpop_jkt=key.thumbprint())


def _code_with_other_key(suite: Suite) -> httpx.Response:
    code, verifier = suite.code()
    spoilt = suite.client.proof_at("/oauth/token", key=new_key())
    return suite.token(code, verifier, proof=spoilt)


def _code_bound_by_parameter(suite: Suite) -> httpx.Response:
    """Bound by `dpop_jkt` alone, without a proof at PAR; redeemed with another key."""
    key = new_key()
    code, verifier = suite.code(dpop_jkt=key.thumbprint(), proof=None)
    return suite.token(code, verifier)


def _two_headers(suite: Suite) -> httpx.Response:
    token = _token(suite)
    proofs = [suite.client.proof_at(RESOURCE, "GET", token=token) for _ in range(2)]
    headers = [("Authorization", f"DPoP {token}"), *(("DPoP", proof) for proof in proofs)]
    return suite.line.send("GET", RESOURCE, headers=headers)  # type: ignore[arg-type]


def _private_jwk(suite: Suite) -> httpx.Response:
    key = suite.client.dpop_key
    return _at_token(suite, header={"jwk": key.as_dict(private=True)})


def _symmetric(suite: Suite) -> httpx.Response:
    key = OctKey.generate_key(256)
    suite.client_token()
    proof = sign(
        {"typ": "dpop+jwt", "alg": "HS256", "jwk": key.as_dict(private=True)},
        {
            "jti": secrets.token_urlsafe(12),
            "htm": "POST",
            "htu": suite.line.issuer + "/oauth/token",
            "iat": unix_now(),
            "nonce": suite.client.nonces.get("as", ""),
        },
        key,
    )
    return suite.client_token(proof=proof)


def _replayed(suite: Suite) -> httpx.Response:
    token = _token(suite)
    proof = suite.client.proof_at(RESOURCE, "GET", token=token)
    assert suite.read(token, proof=proof).status_code == 200
    return suite.read(token, proof=proof)


def _challenge(answer: httpx.Response) -> str:
    if len(answer.headers.get_list("dpop-nonce")) != 1:
        return "there is not exactly one DPoP-Nonce"
    return ""


def _assertion_survives(suite: Suite) -> httpx.Response:
    """The challenged request is sent again with the same assertion and the nonce."""
    assertion = suite.client.assertion()
    form = suite.client.form(
        assertion=assertion, grant_type="client_credentials", scope="catalog.read"
    )
    bare = suite.client.proof(suite.line.issuer + "/oauth/token")
    first = suite.send("/oauth/token", form, proof=bare)
    assert first.status_code == 400, first.text
    return suite.send("/oauth/token", form, proof=suite.client.proof_at("/oauth/token"))


def _nonce_of_other_role(suite: Suite) -> httpx.Response:
    token = _token(suite)
    wrong = suite.client.nonces["as"]
    return suite.read(token, nonce=wrong)


CASES = [
    Case("SP 5.3.2.1-12", "dpop_jkt and proof of one key", lambda s: _jkt(s, False), 201),
    Case(
        "RFC 9449 10.1",
        "dpop_jkt and proof of two keys are refused",
        lambda s: _jkt(s, True),
        400,
        "invalid_dpop_proof",
    ),
    Case(
        "RFC 9449 10",
        "a code bound to a key is not redeemed with another",
        _code_with_other_key,
        400,
        "invalid_grant",
    ),
    Case(
        "RFC 9449 10",
        "a code bound by dpop_jkt alone is not redeemed with another key",
        _code_bound_by_parameter,
        400,
        "invalid_grant",
    ),
    Case(
        "RFC 9449 8",
        "a proof without nonce is challenged with 400",
        lambda s: s.client_token(proof=s.client.proof(s.line.issuer + "/oauth/token")),
        400,
        "use_dpop_nonce",
        says=_challenge,
    ),
    Case("RFC 9449 8", "a challenge uses up no assertion", _assertion_survives, 200),
    Case(
        "RFC 9449 8.2",
        "a success brings a nonce",
        lambda s: s.client_token(),
        200,
        says=_challenge,
    ),
    Case(
        "RFC 9449 9",
        "a proof without nonce at a resource is challenged with 401",
        lambda s: s.read(
            t := _token(s), proof=s.client.proof(s.line.issuer + RESOURCE, "GET", token=t)
        ),
        401,
        "use_dpop_nonce",
        says=_challenge,
    ),
    Case(
        "RFC 9449 9",
        "the authorization server's nonce is none of the resource server's",
        _nonce_of_other_role,
        401,
        "use_dpop_nonce",
    ),
    *(
        Case(
            "RFC 9449 4.3",
            f"{title} at the token endpoint is refused",
            lambda s, spoilt=spoilt: _at_token(s, **spoilt()),  # type: ignore[misc]
            400,
            "invalid_dpop_proof",
        )
        for title, spoilt in (
            ("another htu", lambda: {"htu": "https://other.example/oauth/token"}),
            ("another htm", lambda: {"htm": "GET"}),
            ("a missing jti", lambda: {"jti": None}),
            ("a missing iat", lambda: {"iat": None}),
            ("an hour-old iat", lambda: {"iat": unix_now() - 3600}),
            ("an iat far ahead", lambda: {"iat": unix_now() + 70}),
            ("typ JWT", lambda: {"header": {"typ": "JWT"}}),
            ("a missing jwk", lambda: {"header": {"jwk": None}}),
            ("another key in jwk", lambda: {"header": {"jwk": new_key().as_dict(private=False)}}),
            ("alg none", lambda: {"header": {"alg": "none"}}),
        )
    ),
    Case("RFC 9449 4.2", "a private jwk is refused", _private_jwk, 400, "invalid_dpop_proof"),
    Case("RFC 9449 4.2", "a symmetric key is refused", _symmetric, 400, "invalid_dpop_proof"),
    Case(
        "RFC 9449 4.3",
        "htu is compared without query, fragment and case of scheme and host",
        lambda s: _at_token(
            s, htu=s.line.issuer.replace("https", "HTTPS") + "/oauth/token?a=b#fragment"
        ),
        200,
    ),
    Case("SP 5.3.2.1-13", "iat 10 s ahead", lambda s: _at_token(s, iat=unix_now() + 10), 200),
    Case("SP 5.3.2.1-13", "iat 10 s old", lambda s: _at_par(s, iat=unix_now() - 10), 201),
    Case(
        "RFC 9449 4.2",
        "nbf, exp and unknown claims are tolerated",
        lambda s: _at_token(s, nbf=unix_now(), exp=unix_now() + 60, surprise={"a": 1}),
        200,
    ),
    Case("RFC 9449 4.3-1", "two DPoP headers are refused", _two_headers, 401),
    Case("RFC 9449 11.1", "a proof counts once", _replayed, 401, "invalid_dpop_proof"),
]
