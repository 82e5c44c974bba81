"""Client authentication: assertions as FAPI 2.0 SP 5.3.2.1 and RFC 7523 want them."""

import base64
import json
from typing import Any

import httpx

from tests.conformance.case import Case
from tests.conformance.suite import Suite, new_key, unix_now
from tests.gateway.oauth.partner import ASSERTION_TYPE


def _push(suite: Suite, header: dict[str, Any] | None = None, **claims: Any) -> httpx.Response:
    return suite.par(assertion=suite.client.assertion(header=header, **claims))


def _unsigned(suite: Suite, algorithm: str) -> httpx.Response:
    first, payload, signature = suite.client.assertion().split(".")
    header = json.loads(base64.urlsafe_b64decode(first + "=="))
    altered = base64.urlsafe_b64encode(json.dumps(header | {"alg": algorithm}).encode())
    kept = "" if algorithm == "none" else signature
    return suite.par(assertion=f"{altered.decode().rstrip('=')}.{payload}.{kept}")


def _again(suite: Suite) -> httpx.Response:
    assertion = suite.client.assertion()
    assert suite.par(assertion=assertion).status_code == 201
    return suite.par(assertion=assertion)


def _without_client(suite: Suite, path: str, **form: str) -> httpx.Response:
    return suite.send(path, {"client_id": suite.client.client_id, **form})


def _at(suite: Suite, path: str, **form: str) -> httpx.Response:
    """An authenticated endpoint with the endpoint's own address as audience."""
    assertion = suite.client.assertion(aud=suite.line.issuer + path)
    return suite.send(path, suite.client.form(assertion=assertion, **form))


CASES = [
    Case("SP 5.3.2.1-8", "aud is the issuer, a string", lambda s: _push(s), 201),
    Case(
        "SP 5.3.2.1-8",
        "aud as an array of the issuer alone is refused",
        lambda s: _push(s, aud=[s.line.issuer]),
        401,
        "invalid_client",
    ),
    Case(
        "SP 5.3.2.1-8",
        "aud as the token endpoint is refused",
        lambda s: _push(s, aud=s.line.issuer + "/oauth/token"),
        401,
        "invalid_client",
    ),
    Case(
        "SP 5.3.2.1-8",
        "aud as the PAR endpoint is refused",
        lambda s: _push(s, aud=s.line.issuer + "/oauth/par"),
        401,
        "invalid_client",
    ),
    Case(
        "SP 5.3.2.1-8",
        "aud as another server is refused",
        lambda s: _push(s, aud="https://other.example"),
        401,
        "invalid_client",
    ),
    *(
        Case(
            "SP 5.3.2.1-8",
            f"the same rule at {path}",
            lambda s, path=path, form=form: _at(s, path, **form),  # type: ignore[misc]
            401,
            "invalid_client",
        )
        for path, form in (
            ("/oauth/token", {"grant_type": "client_credentials"}),
            ("/oauth/revoke", {"token": "none"}),
            ("/oauth/introspect", {"token": "none"}),
        )
    ),
    Case(
        "RFC 7523 3",
        "an assertion without sub is refused",
        lambda s: _push(s, sub=None),
        401,
        "invalid_client",
    ),
    Case(
        "RFC 7523 3",
        "an assertion whose iss is another client is refused",
        lambda s: _push(s, iss=s.other.client_id),
        401,
        "invalid_client",
    ),
    Case(
        "RFC 7523 3",
        "an assertion without exp is refused",
        lambda s: _push(s, exp=None),
        401,
        "invalid_client",
    ),
    Case(
        "RFC 7523 3",
        "an assertion that ended five minutes ago is refused",
        lambda s: _push(s, iat=unix_now() - 360, exp=unix_now() - 300),
        401,
        "invalid_client",
    ),
    Case(
        "OIDCC 9",
        "an assertion without jti is refused",
        lambda s: _push(s, jti=None),
        401,
        "invalid_client",
    ),
    Case("RFC 7523 3", "an assertion counts once", _again, 401, "invalid_client"),
    Case(
        "SP 5.3.2.1-13",
        "nbf and iat 8 seconds ahead are accepted",
        lambda s: _push(s, nbf=unix_now() + 8, iat=unix_now() + 8),
        201,
    ),
    Case(
        "SP 5.3.2.1-13",
        "nbf more than 60 seconds ahead is refused",
        lambda s: _push(s, nbf=unix_now() + 70, exp=unix_now() + 130),
        401,
        "invalid_client",
    ),
    Case(
        "SP 5.3.2.1-13",
        "iat more than 60 seconds ahead is refused",
        lambda s: _push(s, iat=unix_now() + 70, exp=unix_now() + 130),
        401,
        "invalid_client",
    ),
    *(
        Case(
            "SP 5.4.1-1",
            f"alg {algorithm} is refused",
            lambda s, algorithm=algorithm: _unsigned(s, algorithm),  # type: ignore[misc]
            401,
            "invalid_client",
        )
        for algorithm in ("none", "RS256", "HS256", "ES384")
    ),
    Case(
        "SP 5.3.2.1-6",
        "another key's signature is refused",
        lambda s: s.par(assertion=s.client.assertion(key=new_key())),
        401,
        "invalid_client",
    ),
    Case(
        "RFC 8725 3.11",
        "a DPoP proof is no assertion",
        lambda s: _push(s, header={"typ": "dpop+jwt"}),
        401,
        "invalid_client",
    ),
    Case(
        "RFC 8725 3.11",
        "a request object is no assertion",
        lambda s: _push(s, header={"typ": "oauth-authz-req+jwt"}),
        401,
        "invalid_client",
    ),
    Case(
        "RFC 7521 4.2",
        "a client_id that is not the assertion's is refused",
        lambda s: s.par(client_id=s.other.client_id),
        401,
        "invalid_client",
    ),
    Case(
        "SP 5.3.2.2-4",
        "PAR without client authentication is refused",
        lambda s: _without_client(s, "/oauth/par", response_type="code"),
        401,
        "invalid_client",
    ),
    Case(
        "RFC 6749 2.3",
        "the token endpoint without client authentication is refused",
        lambda s: _without_client(s, "/oauth/token", grant_type="client_credentials"),
        401,
        "invalid_client",
    ),
    Case(
        "SP 5.3.2.1-6",
        "a client_secret is no authentication",
        lambda s: _without_client(
            s, "/oauth/token", grant_type="client_credentials", client_secret="secret"
        ),
        401,
        "invalid_client",
    ),
    Case(
        "RFC 7521 4.2",
        "another client_assertion_type is refused",
        lambda s: s.par(client_assertion_type=ASSERTION_TYPE.replace("jwt-bearer", "saml2-bearer")),
        401,
        "invalid_client",
    ),
]
