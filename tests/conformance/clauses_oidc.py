"""OpenID Connect on top, and stepping up: OIDC Core, RFC 9470."""

import json
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.conformance.case import Case
from tests.conformance.suite import SCOPE, Suite, unix_now

NONCE = "n" * 64
LONG_NONCE = "-._~" * 100


def _tokens(suite: Suite, **parameters: Any) -> dict[str, Any]:
    answer = suite.token(*suite.code(**({"scope": f"openid {SCOPE}"} | parameters)))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _claims(suite: Suite, id_token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(suite.line.send("GET", "/oauth/jwks").json())
    return dict(jwt.decode(id_token, keys, algorithms=["ES256"]).claims)


def _as_answer(document: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, text=json.dumps(document))


def _id_token(suite: Suite, **parameters: Any) -> httpx.Response:
    claims = _claims(suite, _tokens(suite, **parameters)["id_token"])
    return _as_answer(claims | {"_client": suite.client.client_id, "_issuer": suite.line.issuer})


def _says_id_token(nonce: str) -> Any:
    def says(answer: httpx.Response) -> str:
        found = answer.json()
        wrong = {
            "iss": found["iss"] != found["_issuer"],
            "aud": found["aud"] not in (found["_client"], [found["_client"]]),
            "nonce": found["nonce"] != nonce,
            "exp": not 0 < found["exp"] - unix_now() <= 600,
            "iat": abs(found["iat"] - unix_now()) > 10,
            "auth_time": not 0 <= unix_now() - found["auth_time"] <= 600,
            "acr": found["acr"] != "urn:tessera:acr:two-factor",
            "sub": not 0 < len(found["sub"]) <= 255,
        }
        return ", ".join(name for name, is_wrong in wrong.items() if is_wrong)

    return says


def _refreshed(suite: Suite) -> httpx.Response:
    first = _tokens(suite, nonce=NONCE)
    form = suite.client.form(grant_type="refresh_token", refresh_token=first["refresh_token"])
    second = suite.send("/oauth/token", form).json()
    before, after = (_claims(suite, found["id_token"]) for found in (first, second))
    return _as_answer({"before": before, "after": after})


def _says_same_person(answer: httpx.Response) -> str:
    before, after = answer.json()["before"], answer.json()["after"]
    changed = [name for name in ("iss", "sub", "aud", "auth_time") if before[name] != after[name]]
    return f"changed: {changed}" if changed else ""


def _plain(suite: Suite) -> httpx.Response:
    return suite.token(*suite.code())


def _userinfo(suite: Suite) -> httpx.Response:
    found = _tokens(suite)
    told = suite.read(found["access_token"], path="/oauth/userinfo")
    assert told.status_code == 200, told.text
    return _as_answer({"id": _claims(suite, found["id_token"])["sub"], "info": told.json()["sub"]})


def _discovery(suite: Suite) -> httpx.Response:
    found = suite.line.send("GET", "/.well-known/openid-configuration")
    assert found.status_code == 200, found.text
    return _as_answer(found.json() | {"_issuer": suite.line.issuer})


def _says_discovery(answer: httpx.Response) -> str:
    found = answer.json()
    wrong = {
        "issuer": found["issuer"] != found["_issuer"],
        "require_pushed_authorization_requests": found["require_pushed_authorization_requests"]
        is not True,
        "authorization_response_iss_parameter_supported": found[
            "authorization_response_iss_parameter_supported"
        ]
        is not True,
        "response_types_supported": found["response_types_supported"] != ["code"],
        "subject_types_supported": found["subject_types_supported"] != ["pairwise"],
        "id_token_signing_alg_values_supported": found["id_token_signing_alg_values_supported"]
        != ["ES256"],
        "code_challenge_methods_supported": found["code_challenge_methods_supported"] != ["S256"],
        "algorithms": any(
            set(listed) - {"ES256", "PS256", "EdDSA", "Ed25519"}
            for name, listed in found.items()
            if name.endswith("alg_values_supported")
        ),
        "grant_types_supported": "implicit" in found["grant_types_supported"],
    }
    return ", ".join(name for name, is_wrong in wrong.items() if is_wrong)


CASES = [
    Case(
        "OIDC Discovery 3",
        "the metadata says what is enforced",
        _discovery,
        200,
        says=_says_discovery,
    ),
    Case(
        "OIDCC 2, SP 5.3.2.2-14",
        "an ID token with a nonce of 64 characters",
        lambda s: _id_token(s, nonce=NONCE),
        200,
        says=_says_id_token(NONCE),
    ),
    Case(
        "SP 5.3.2.2-14",
        "a longer nonce is not cut",
        lambda s: _id_token(s, nonce=LONG_NONCE),
        200,
        says=_says_id_token(LONG_NONCE),
    ),
    Case(
        "OIDCC 12.2",
        "a refreshed ID token is the same person's",
        _refreshed,
        200,
        says=_says_same_person,
    ),
    Case(
        "RFC 6749 5.1",
        "without openid there is no ID token",
        _plain,
        200,
        says=lambda answer: "there is one" if "id_token" in answer.json() else "",
    ),
    Case(
        "OIDCC 5.3.2",
        "userinfo tells the ID token's sub",
        _userinfo,
        200,
        says=lambda answer: "" if answer.json()["id"] == answer.json()["info"] else answer.text,
    ),
    Case(
        "OIDCC 5.3.3",
        "userinfo without token is challenged",
        lambda s: s.line.send("GET", "/oauth/userinfo"),
        401,
    ),
    Case(
        "OIDCC 3.1.2.1",
        "prompt none with another prompt is refused",
        lambda s: s.par(scope=f"openid {SCOPE}", prompt="none login"),
        400,
        "invalid_request",
    ),
    Case(
        "OIDCC 3.1.2.1",
        "a max_age that is no number is refused",
        lambda s: s.par(scope=f"openid {SCOPE}", max_age="soon"),
        400,
        "invalid_request",
    ),
    Case(
        "OIDCC 5.5",
        "claims that are not strict JSON are refused",
        lambda s: s.par(scope=f"openid {SCOPE}", claims='{"id_token":{},"id_token":{}}'),
        400,
        "invalid_request",
    ),
]
