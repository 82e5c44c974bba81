"""Pushed requests and the authorization endpoint: RFC 9126, RFC 9101, FAPI 2.0 SP 5.3.2.2."""

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.conformance.case import Case
from tests.conformance.suite import Suite
from tests.flows.partner import wallet


def _says_created(answer: httpx.Response) -> str:
    found = answer.json()
    if not 0 < found["expires_in"] < 600:
        return f"expires_in is {found['expires_in']}"
    if len(found["request_uri"].rpartition(":")[2]) * 6 < 128:
        return "the request_uri has too little entropy"
    if "no-store" not in answer.headers.get("cache-control", ""):
        return "the answer may be stored"
    return ""


def _details(**change: Any) -> str:
    entries = wallet()
    entries[0] |= change
    return json.dumps(entries)


def _authorize(suite: Suite, **query: str | None) -> httpx.Response:
    """Opens the authorization endpoint as a browser does."""
    usual: dict[str, str | None] = {"client_id": suite.client.client_id}
    kept = {name: value for name, value in (usual | query).items() if value is not None}
    return suite.line.send("GET", f"/oauth/authorize?{urlencode(kept)}")


def _pushed(suite: Suite, **parameters: Any) -> str:
    answer = suite.par(**parameters)
    assert answer.status_code == 201, answer.text
    request_uri: str = answer.json()["request_uri"]
    return request_uri


def _is_page(answer: httpx.Response) -> str:
    if not answer.headers["content-type"].startswith("text/html"):
        return f"not a page but {answer.headers['content-type']}"
    return "it redirects" if "location" in answer.headers else ""


def _no_cors(answer: httpx.Response) -> str:
    named = [name for name in answer.headers if name.startswith("access-control-")]
    return f"it has {named}" if named else ""


def _twice(suite: Suite) -> httpx.Response:
    request_uri = _pushed(suite)
    assert _authorize(suite, request_uri=request_uri).status_code == 303
    return _authorize(suite, request_uri=request_uri)


def _after_completion(suite: Suite) -> httpx.Response:
    code, _ = suite.code()
    assert code
    return _authorize(suite, request_uri=list(suite.verifiers)[-1])


def _denied(suite: Suite, **parameters: Any) -> httpx.Response:
    """The redirect of a customer who says no."""
    request_uri = _pushed(suite, **parameters)
    _, browser, page = suite.page(suite.client, request_uri)
    location = browser.press(page, "deny").location
    return httpx.Response(303, headers={"location": location})


def _denial(issuer_and_state: str | None) -> Any:
    def says(answer: httpx.Response) -> str:
        query = {n: v[0] for n, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}
        if query.get("error") != "access_denied":
            return f"the redirect says {query}"
        if not query.get("iss", "").startswith("https://127.0.0.1:"):
            return "the redirect has no iss"
        if query.get("state") != issuer_and_state:
            return f"the state is {query.get('state')!r}"
        return ""

    return says


LONG_STATE = "s" * 1000

CASES = [
    Case("RFC 9126 2.2", "a push is answered 201", lambda s: s.par(), 201, says=_says_created),
    Case(
        "RFC 9126 2.1",
        "a pushed request_uri is refused",
        lambda s: s.par(request_uri="urn:ietf:params:oauth:request_uri:x"),
        400,
        "invalid_request",
    ),
    Case(
        "RFC 9126 2",
        "PAR is for POST only",
        lambda s: s.line.send("GET", "/oauth/par"),
        (404, 405),
    ),
    Case(
        "SP 5.3.2.2-6",
        "a missing redirect_uri is refused",
        lambda s: s.par(redirect_uri=None),
        400,
        "invalid_request",
    ),
    Case(
        "SP 5.3.2.2-8",
        "an unregistered redirect_uri is refused",
        lambda s: s.par(redirect_uri="https://attacker.example/cb"),
        400,
        "invalid_request",
    ),
    Case(
        "SP 5.3.2.2-8",
        "an http redirect_uri is refused",
        lambda s: s.par(redirect_uri=s.client.redirect_uri.replace("https:", "http:")),
        400,
        "invalid_request",
    ),
    Case(
        "SP 5.3.2.2-5",
        "a request without PKCE is refused",
        lambda s: s.par(code_challenge=None, code_challenge_method=None),
        400,
        "invalid_request",
    ),
    Case(
        "RFC 7636 4.3",
        "plain PKCE is refused, also by default",
        lambda s: s.par(code_challenge_method=None),
        400,
        "invalid_request",
    ),
    Case(
        "SP 5.3.2.2-5",
        "code_challenge_method plain is refused",
        lambda s: s.par(code_challenge_method="plain"),
        400,
        "invalid_request",
    ),
    *(
        Case(
            "SP 5.3.2.2-1",
            f"response_type {response_type} is refused",
            lambda s, response_type=response_type: s.par(response_type=response_type),  # type: ignore[misc]
            400,
            "unsupported_response_type",
        )
        for response_type in ("token", "id_token", "code id_token", "none")
    ),
    Case(
        "RFC 6749 3.3",
        "the order of scopes means nothing",
        lambda s: s.par(scope="payment.initiate order.read order.write"),
        201,
    ),
    Case(
        "RFC 6749 3.3",
        "a scope beyond the registration is refused",
        lambda s: s.par(scope="order.read everything"),
        400,
        "invalid_scope",
    ),
    Case(
        "SP 5.3.2.2 note 4",
        "a state of 1,000 characters is taken",
        lambda s: s.par(state=LONG_STATE),
        201,
    ),
    Case(
        "RFC 9396 5",
        "an unknown type refuses the whole request",
        lambda s: s.par(authorization_details=_details(type="everything")),
        400,
        "invalid_authorization_details",
    ),
    Case(
        "RFC 9396 5",
        "an unknown member refuses the whole request",
        lambda s: s.par(authorization_details=_details(surprise=1)),
        400,
        "invalid_authorization_details",
    ),
    Case(
        "RFC 9396 5",
        "malformed JSON refuses the whole request",
        lambda s: s.par(authorization_details="[{"),
        400,
        "invalid_authorization_details",
    ),
    Case(
        "SP 5.3.2.2-3",
        "an authorization request that was not pushed gets a page",
        lambda s: _authorize(
            s,
            response_type="code",
            redirect_uri=s.client.redirect_uri,
            scope="order.read",
            state="x",
        ),
        400,
        says=_is_page,
    ),
    Case(
        "RFC 9101 7",
        "an unknown request_uri gets a page",
        lambda s: _authorize(s, request_uri="urn:ietf:params:oauth:request_uri:unknown"),
        400,
        says=_is_page,
    ),
    Case(
        "RFC 9126 2.2",
        "another client's request_uri gets a page",
        lambda s: _authorize(s, client_id=s.other.client_id, request_uri=_pushed(s)),
        400,
        says=_is_page,
    ),
    Case(
        "RFC 9101 5",
        "client_id and request_uri alone are enough",
        lambda s: _authorize(s, request_uri=_pushed(s)),
        303,
    ),
    Case(
        "RFC 9126 4",
        "what stands beside them in the address is ignored",
        lambda s: _authorize(s, request_uri=_pushed(s), state="other", scope="everything"),
        303,
    ),
    Case(
        "SP 5.3.2.2 note 3",
        "a request_uri may be loaded again before it is completed",
        _twice,
        303,
    ),
    Case(
        "SP 5.3.2.2 note 3",
        "a completed request_uri gets a page",
        _after_completion,
        400,
        says=_is_page,
    ),
    Case(
        "SP 5.3.2.3-3",
        "the authorization endpoint allows no cross-origin reading",
        lambda s: s.line.send(
            "GET", "/oauth/authorize", headers={"Origin": "https://attacker.example"}
        ),
        400,
        says=_no_cors,
    ),
    Case(
        "RFC 6749 4.1.2.1",
        "a customer who refuses is sent back with access_denied, iss and state",
        lambda s: _denied(s),
        303,
        says=_denial("af0ifjsldkj"),
    ),
    Case(
        "SP 5.3.2.2 note 4",
        "a long state comes back whole",
        lambda s: _denied(s, state=LONG_STATE),
        303,
        says=_denial(LONG_STATE),
    ),
    Case(
        "RFC 6749 4.1.2",
        "no state comes back where none was sent",
        lambda s: _denied(s, state=None),
        303,
        says=_denial(None),
    ),
]
