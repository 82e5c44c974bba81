"""Answers to signed calls: signed by the server's key and bound to what they answer."""

import base64
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from contracts import errors
from gateway.oauth.service import OAuth
from tests.conftest import SetClock
from tests.flows import message_signing
from tests.gateway.oauth.partner import ISSUER
from tests.gateway.oauth.signed_calls import BODY, MTLS, PATH, URL, Caller, Serve, refused, write_to


async def verified(
    oauth: OAuth, clock: SetClock, answer: httpx.Response, *covered: tuple[str, str]
) -> None:
    """The answer's signature is the server's, over exactly these components and values."""
    listed = " ".join(name for name, _ in covered)
    current = await oauth.keys.jwks(clock.now())
    params = answer.headers["signature-input"].removeprefix("sig1=")
    kid = params.split('keyid="')[1].split('"')[0]
    created = int(clock.now().timestamp())
    assert params == f'({listed});created={created};keyid="{kid}";tag="fapi-2-response"'
    (jwk,) = (key for key in current["keys"] if key["kid"] == kid)
    base = "".join(f"{name}: {value}\n" for name, value in covered)
    signature = base64.b64decode(answer.headers["signature"].removeprefix("sig1=:").rstrip(":"))
    algorithm = jws.JWSRegistry(algorithms=["ES256"]).get_alg("ES256")
    assert algorithm.verify(
        f'{base}"@signature-params": {params}'.encode(), signature, ECKey.import_key(jwk)
    )


async def test_the_answer_to_a_signed_call_is_bound_to_it(
    bank: httpx.AsyncClient, caller: Caller, oauth: OAuth, clock: SetClock
) -> None:
    headers = caller.signed()
    answer = await write_to(bank, headers)
    await verified(
        oauth,
        clock,
        answer,
        ('"@status"', "200"),
        ('"content-digest"', message_signing.content_digest(answer.content)),
        ('"@method";req', "POST"),
        ('"@target-uri";req', URL),
        ('"content-digest";req', headers["Content-Digest"]),
        ('"signature";req', headers["Signature"]),
        ('"signature-input";req', headers["Signature-Input"]),
    )
    headers = caller.signed(b"", "DELETE")
    empty = await bank.delete(PATH, headers=headers)
    assert "content-digest" not in empty.headers
    await verified(
        oauth,
        clock,
        empty,
        ('"@status"', "204"),
        ('"@method";req', "DELETE"),
        ('"@target-uri";req', URL),
        ('"signature";req', headers["Signature"]),
        ('"signature-input";req', headers["Signature-Input"]),
    )


async def test_refusals_and_failures_are_signed_like_all_answers(
    bank: httpx.AsyncClient, caller: Caller, oauth: OAuth, clock: SetClock
) -> None:
    url = f"{ISSUER}/v1/broken"
    failed = caller.signed(b"", "GET", url)
    stale = caller.signed(created=caller.partner.now - 61)
    stranger = caller.signed() | {"Authorization": "DPoP unknown"}
    digest = message_signing.content_digest(BODY)
    for answer, status, method, target, headers in (
        (await bank.get(url, headers=failed), 500, "GET", url, failed),
        (await write_to(bank, stale), 401, "POST", URL, stale),
        (await write_to(bank, stranger), 401, "POST", URL, stranger),
    ):
        assert answer.status_code == status
        await verified(
            oauth,
            clock,
            answer,
            ('"@status"', str(status)),
            ('"content-digest"', message_signing.content_digest(answer.content)),
            ('"@method";req', method),
            ('"@target-uri";req', target),
            *([('"content-digest";req', digest)] if method == "POST" else []),
            ('"signature";req', headers["Signature"]),
            ('"signature-input";req', headers["Signature-Input"]),
        )


async def test_the_answer_to_an_unsigned_call_is_not_signed(
    bank: httpx.AsyncClient, caller: Caller
) -> None:
    answer = await bank.get(PATH, headers=caller.headers("GET"))
    assert not {"signature", "signature-input", "content-digest"} & set(answer.headers)


async def test_the_key_in_service_signs_from_the_first_answer_after_a_rotation(
    bank: httpx.AsyncClient, caller: Caller, oauth: OAuth, clock: SetClock
) -> None:
    before = (await write_to(bank, caller.signed())).headers["signature-input"]
    kid = await oauth.keys.rotate("test", clock.now())
    after = (await write_to(bank, caller.signed())).headers["signature-input"]
    assert f'keyid="{kid}"' not in before
    assert f'keyid="{kid}"' in after


async def test_behind_the_mutual_tls_listener_the_address_is_its_own(
    serve: Serve, caller: Caller, oauth: OAuth, clock: SetClock
) -> None:
    transport = serve("signature")
    inner = transport.app

    async def from_terminator(scope: Any, receive: Any, send: Any) -> None:
        # What the outermost door notes of a request that a proved terminator hands in.
        scope["state"] = {"at_mtls": True}
        await inner(scope, receive, send)

    transport.app = from_terminator
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as bank:
        headers = caller.signed(url=MTLS + PATH)
        answer = await write_to(bank, headers)
        assert answer.status_code == 200, answer.text
        await verified(
            oauth,
            clock,
            answer,
            ('"@status"', "200"),
            ('"content-digest"', message_signing.content_digest(answer.content)),
            ('"@method";req', "POST"),
            ('"@target-uri";req', MTLS + PATH),
            ('"content-digest";req', headers["Content-Digest"]),
            ('"signature";req', headers["Signature"]),
            ('"signature-input";req', headers["Signature-Input"]),
        )
        elsewhere = message_signing.signed(
            caller.headers(url=MTLS + PATH),
            method="POST",
            url=URL,
            body=BODY,
            key=caller.partner.key,
            created=caller.partner.now,
        )
        assert refused(await write_to(bank, elsewhere)) == "signature.invalid"


async def test_an_answer_that_cannot_be_signed_leaves_as_it_is(
    serve: Serve, caller: Caller, oauth: OAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> Any:
        raise errors.Unavailable

    transport = serve("signature")
    monkeypatch.setattr(oauth.keys, "raw_signer", away)
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as bank:
        answer = await write_to(bank, caller.signed())
        assert answer.json() == {"received": BODY.decode()}
        assert "signature" not in answer.headers
