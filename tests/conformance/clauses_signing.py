"""Message Signing: request objects (JAR), signed answers (JARM), signed introspection."""

import base64
import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import Key, KeySet, RSAKey

from tests.conformance.case import Case
from tests.conformance.suite import SCOPE, Suite, new_key, unix_now
from tests.flows.partner import wallet
from tests.gateway.oauth.partner import VERIFIER, challenge_of, sign

INTROSPECTION_JWT = "application/token-introspection+jwt"


def request_object(
    suite: Suite, *, header: dict[str, Any] | None = None, key: Key | None = None, **spoilt: Any
) -> str:
    """A signed request object; a claim of ``None`` is left out."""
    client, now = suite.signer, unix_now()
    usual = {
        "iss": client.client_id,
        "aud": suite.line.issuer,
        "client_id": client.client_id,
        "nbf": now,
        "exp": now + 300,
        "iat": now,
        "jti": secrets.token_urlsafe(12),
        "response_type": "code",
        "response_mode": "jwt",
        "redirect_uri": client.redirect_uri,
        "scope": SCOPE,
        "state": "af0ifjsldkj",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "authorization_details": wallet(),
    }
    claims = {name: value for name, value in (usual | spoilt).items() if value is not None}
    top = {"alg": "ES256", "kid": client.key.kid, "typ": "oauth-authz-req+jwt"} | (header or {})
    kept = {name: value for name, value in top.items() if value is not None}
    return sign(kept, claims, key or client.key)


def _push(suite: Suite, *, outside: dict[str, str] | None = None, **spoilt: Any) -> httpx.Response:
    return _push_text(suite, request_object(suite, **spoilt), **(outside or {}))


def _push_text(suite: Suite, text: str, **outside: str) -> httpx.Response:
    form = suite.signer.form(request=text, **outside)
    return suite.send("/oauth/par", form, client=suite.signer)


def _unsigned(suite: Suite) -> httpx.Response:
    return suite.par(client=suite.signer, response_mode="jwt")


def _none(suite: Suite) -> httpx.Response:
    first, payload, _ = request_object(suite, header={"alg": "ES256"}).split(".")
    del first
    return _push_text(suite, "eyJhbGciOiJub25lIn0." + payload + ".")


def _refused(title: str, clause: str, spoilt: Any) -> Case:
    def send(suite: Suite) -> httpx.Response:
        return _push(suite, **spoilt())

    return Case(clause, title, send, 400, "invalid_request_object")


def _answer(suite: Suite, button: str) -> httpx.Response:
    """The redirect of a signed request, as the customer's browser is sent it."""
    pushed = _push(suite)
    assert pushed.status_code == 201, pushed.text
    customer, browser, page = suite.page(suite.signer, pushed.json()["request_uri"])
    ended = browser.press(page, "deny") if button == "deny" else customer.agree(browser, page)
    location = ended.location
    return httpx.Response(303, headers={"location": location}, request=_keys_request(suite))


def _keys_request(suite: Suite) -> httpx.Request:
    keys = suite.line.send("GET", "/oauth/jwks").content
    return httpx.Request(
        "GET", suite.line.issuer, content=keys, headers={"x-client": suite.signer.client_id}
    )


def _says_jarm(wanted: str) -> Any:
    def says(answer: httpx.Response) -> str:
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        outside = sorted(name for name in query if name != "dummy1")
        if outside != ["response"]:
            return f"outside of the JWT there is {outside}"
        keys = KeySet.import_key_set(json.loads(answer.request.content))
        token = jwt.decode(query["response"][0], keys, algorithms=["ES256"])
        claims = token.claims
        if claims["aud"] != answer.request.headers["x-client"]:
            return f"aud is {claims['aud']}"
        if claims["iss"] != str(answer.request.url).rstrip("/"):
            return f"iss is {claims['iss']}"
        if not 0 < claims["exp"] - unix_now() <= 600:
            return "exp is too far or over"
        if "kid" not in token.header or wanted not in claims:
            return f"the answer says {sorted(claims)}"
        return "" if claims["state"] == "af0ifjsldkj" else f"state is {claims['state']}"

    return says


def _introspect(suite: Suite, accept: str) -> httpx.Response:
    token = suite.client_token().json()["access_token"]
    form = suite.client.form(token=token)
    headers = {"Accept": accept}
    return suite.send("/oauth/introspect", form, proof=None, headers=headers)


def _says_introspection(answer: httpx.Response) -> str:
    if not answer.headers["content-type"].startswith(INTROSPECTION_JWT):
        return f"the content type is {answer.headers['content-type']}"
    header = json.loads(base64.urlsafe_b64decode(answer.text.split(".")[0] + "=="))
    return "" if header["typ"] == "token-introspection+jwt" else f"typ is {header['typ']}"


CASES = [
    Case("MS 5.3.1-5", "a request object is taken", lambda s: _push(s), 201),
    Case(
        "RFC 7515 4.1.9",
        "typ has no case",
        lambda s: _push(s, header={"typ": "OAuth-AuthZ-Req+JWT"}),
        201,
    ),
    Case("MS 5.3.1-5", "typ may be absent", lambda s: _push(s, header={"typ": None}), 201),
    Case(
        "MS 5.3.1-2",
        "aud may be an array with the issuer in it",
        lambda s: _push(s, aud=["https://other.example", s.line.issuer]),
        201,
    ),
    Case("MS 5.3.1-1", "an unsigned request is refused", _unsigned, 400, "invalid_request"),
    Case("SP 5.4.1-1", "alg none of an object is refused", _none, 400, "invalid_request_object"),
    _refused("another audience", "MS 5.3.1-2", lambda: {"aud": "https://other.example"}),
    _refused("a missing audience", "MS 5.3.1-2", lambda: {"aud": None}),
    _refused("a missing nbf", "MS 5.3.1-3", lambda: {"nbf": None}),
    _refused("nbf over an hour ago", "MS 5.3.1-3", lambda: {"nbf": unix_now() - 3700}),
    _refused("nbf far ahead", "MS 5.3.1-3", lambda: {"nbf": unix_now() + 120}),
    _refused("a missing exp", "MS 5.3.1-4", lambda: {"exp": None}),
    _refused("exp over an hour after nbf", "MS 5.3.1-4", lambda: {"exp": unix_now() + 3700}),
    _refused(
        "an exp that is over",
        "MS 5.3.1-4",
        lambda: {"nbf": unix_now() - 600, "exp": unix_now() - 300},
    ),
    _refused("a request_uri inside", "RFC 9101 4", lambda: {"request_uri": "urn:x"}),
    _refused("a request inside", "RFC 9101 4", lambda: {"request": "e30"}),
    _refused("typ of a DPoP proof", "RFC 8725 3.11", lambda: {"header": {"typ": "dpop+jwt"}}),
    _refused("another key", "RFC 9101 6.2", lambda: {"key": new_key()}),
    _refused(
        "RS256",
        "SP 5.4.1-1",
        lambda: {"key": RSAKey.generate_key(2048), "header": {"alg": "RS256"}},
    ),
    _refused("another client inside", "RFC 9101 6.3", lambda: {"client_id": "cli_other"}),
    _refused("a missing iss", "RFC 9101 4", lambda: {"iss": None}),
    Case(
        "RFC 9126 3",
        "what stands outside of the object does not count",
        lambda s: _push(s, outside={"scope": "everything", "state": "other"}),
        (201, 400),
    ),
    Case(
        "JARM 2.1",
        "an approval is signed",
        lambda s: _answer(s, "approve"),
        303,
        says=_says_jarm("code"),
    ),
    Case(
        "JARM 2.1",
        "a refusal is signed",
        lambda s: _answer(s, "deny"),
        303,
        says=_says_jarm("error"),
    ),
    Case(
        "MS 5.4.1-1",
        "a client registered for signed answers gets no others",
        lambda s: _push(s, response_mode="query"),
        400,
    ),
    Case(
        "RFC 9701 5",
        "introspection is signed where asked",
        lambda s: _introspect(s, INTROSPECTION_JWT),
        200,
        says=_says_introspection,
    ),
]
