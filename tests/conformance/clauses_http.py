"""Signed HTTP messages: RFC 9421 and RFC 9530 as FAPI 2.0 asks for them on writes of level A2."""

import time
from typing import Any

import httpx

from tests.conformance.case import Case
from tests.conformance.suite import Suite, new_key
from tests.flows.message_signing import signed

PATH = "/v1/orders"
BODY = b'{"surprise":1}'


def _write(suite: Suite, *, sign: bool = True, sent: bytes = BODY, **spoilt: Any) -> httpx.Response:
    """A write whose body is refused (422) once its signature is accepted."""
    answer = suite.token(*suite.code())
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    suite.read(token, path="/v1/orders/ord_unknown")
    headers = {
        "Authorization": f"DPoP {token}",
        "DPoP": suite.client.proof_at(PATH, token=token),
        "Content-Type": "application/json",
        "Idempotency-Key": "conformance-1",
    }
    if sign:
        usual = {
            "method": "POST",
            "url": suite.line.issuer + PATH,
            "body": BODY,
            "key": suite.client.key,
            "created": time.time(),
        }
        headers = signed(headers, **(usual | spoilt))
    return suite.line.send("POST", PATH, headers=headers, body=sent)


def _without(name: str) -> Any:
    def send(suite: Suite) -> httpx.Response:
        return _write(suite, url=suite.line.issuer + name)

    return send


def _says_signed(answer: httpx.Response) -> str:
    given = answer.headers.get("signature-input", "")
    wanted = (
        '"@status"',
        '"content-digest"',
        '"@method";req',
        '"signature";req',
        "fapi-2-response",
    )
    missing = [part for part in wanted if part not in given]
    return f"the answer's signature lacks {missing}: {given}" if missing else ""


CASES = [
    Case(
        "RFC 9421 3.2",
        "a signed write is judged by its body",
        _write,
        (400, 422),
        says=_says_signed,
    ),
    Case(
        "JR/T 0185 7 (CN-API-05)",
        "a write without signature is refused",
        lambda s: _write(s, sign=False),
        401,
    ),
    Case("RFC 9530 2", "another body is refused", lambda s: _write(s, sent=b'{"surprise":2}'), 401),
    Case("RFC 9421 3.2", "another key is refused", lambda s: _write(s, key=new_key()), 401),
    Case("RFC 9421 3.2", "another method is refused", lambda s: _write(s, method="PUT"), 401),
    Case("RFC 9421 3.2", "another address is refused", _without("/v1/other"), 401),
    Case(
        "FAPI HTTP",
        "a signature of two minutes ago is refused",
        lambda s: _write(s, created=time.time() - 120),
        401,
    ),
    Case(
        "FAPI HTTP",
        "a signature from the future is refused",
        lambda s: _write(s, created=time.time() + 120),
        401,
    ),
]
