"""Signed calls to resources: what a signature must be, and where one is asked for."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPSignatureAlgorithm,
    MappingKeyResolver,
    algorithms,
)
from joserfc.jwk import ECKey

from contracts.v1.clients import ClientMetadata
from gateway.oauth.message_signatures import a2_integrity
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.flows import message_signing
from tests.gateway.oauth.partner import ISSUER, Partner, new_key
from tests.gateway.oauth.signed_calls import BODY, MTLS, PATH, URL, Caller, Serve, refused, write_to
from tests.gateway.oauth.story import Story, register
from tests.packs import book_of, shipped_file

# ---- Taken ----------------------------------------------------------------------------------


async def test_a_signed_write_reaches_its_route_with_its_body(
    bank: httpx.AsyncClient, caller: Caller
) -> None:
    answer = await write_to(bank, caller.signed())
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"received": BODY.decode()}
    ended = await bank.delete(PATH, headers=caller.signed(b"", "DELETE"))
    assert ended.status_code == 204, ended.text
    url = f"{URL}?a=1&a=%2F"
    assert (await bank.get(url, headers=caller.signed(b"", "GET", url))).status_code == 200


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "EdDSA"])
async def test_every_kind_of_registered_key_signs(
    algorithm: str,
    bank: httpx.AsyncClient,
    onboarding: Onboarding,
    story: Story,
    clock: SetClock,
) -> None:
    partner = await register(onboarding, clock, "Travel", algorithm=algorithm)
    caller = Caller(partner, (await story.tokens(partner))["access_token"])
    assert (await write_to(bank, caller.signed())).status_code == 200
    named = {"ES256": "ecdsa-p256-sha256", "PS256": "rsa-pss-sha512", "EdDSA": "ed25519"}
    for name, alg in named.items():
        answer = await write_to(bank, caller.signed(parameters=f';alg="{alg}"'))
        # Who names RSA-PSS must sign with SHA-512; the others are the key's own algorithm.
        taken = name == algorithm and algorithm != "PS256"
        assert answer.status_code == (200 if taken else 401), (name, answer.text)


@pytest.mark.parametrize(
    ("algorithm", "theirs"),
    [
        ("ES256", algorithms.ECDSA_P256_SHA256),
        ("EdDSA", algorithms.ED25519),
        ("PS256", algorithms.RSA_PSS_SHA512),
    ],
)
async def test_a_foreign_signer_is_understood_for_every_kind_of_key(
    algorithm: str,
    theirs: type[HTTPSignatureAlgorithm],
    bank: httpx.AsyncClient,
    onboarding: Onboarding,
    story: Story,
    clock: SetClock,
) -> None:
    """PyPI `http-message-signatures`; its RSA-PSS is the one that has to be named."""
    partner = await register(onboarding, clock, "Travel", algorithm=algorithm)
    caller = Caller(partner, (await story.tokens(partner))["access_token"])
    kid = str(partner.key.kid)
    signer = HTTPMessageSigner(
        signature_algorithm=theirs,
        key_resolver=MappingKeyResolver(
            public_keys={}, private_keys={kid: partner.key.private_key}
        ),
    )
    request = httpx.Request("POST", URL, headers=caller.headers(), content=BODY)
    covered = ("@method", "@target-uri", "authorization", "dpop", "@authority", "content-length")
    signer.sign(
        request,
        key_id=kid,
        created=clock.now(),
        expires=clock.now() + timedelta(seconds=30),
        nonce="n-0S6",
        tag="fapi-2-request",
        covered_component_ids=covered,
        body=BODY,
    )
    answer = await bank.send(request)
    assert answer.status_code == 200, answer.text
    again = request.headers["Signature"].replace("=:", "=:AAAA", 1)
    request.headers["Signature"] = again
    assert (await bank.send(request)).status_code == 401


@pytest.mark.parametrize("seconds", [-60, -1, 30])
async def test_a_signature_is_good_for_a_minute(
    seconds: int, bank: httpx.AsyncClient, caller: Caller
) -> None:
    created = caller.partner.now + seconds
    assert (await write_to(bank, caller.signed(created=created))).status_code == 200


async def test_signatures_for_others_stand_beside_ours(
    bank: httpx.AsyncClient, caller: Caller
) -> None:
    headers = caller.signed()
    headers["Signature-Input"] = f'proxy=("x-gone");tag="proxy", {headers["Signature-Input"]}'
    headers["Signature"] = f"proxy=:AA==:, {headers['Signature']}"
    assert (await write_to(bank, headers)).status_code == 200


# ---- Refused --------------------------------------------------------------------------------


async def test_every_byte_that_is_covered_counts(bank: httpx.AsyncClient, caller: Caller) -> None:
    """The signature is well made, but of another request than the one that is sent."""
    assert refused(await write_to(bank, caller.signed(), BODY + b" ")) == "signature.invalid"
    usual: dict[str, Any] = {
        "method": "POST",
        "url": URL,
        "body": BODY,
        "key": caller.partner.key,
        "created": caller.partner.now,
    }
    for other in (
        {"method": "PUT"},
        {"method": "post"},
        {"url": f"{URL}?x=1"},
        {"url": f"{ISSUER}/v1/other"},
        {"url": f"http://bank.example{PATH}"},
        {"url": MTLS + PATH},
    ):
        headers = message_signing.signed(caller.headers(), **(usual | other))
        assert refused(await write_to(bank, headers)) == "signature.invalid", other
    for name in ("Signature", "Content-Digest"):
        headers = caller.signed()
        head, _, tail = headers[name].partition("=:")
        headers[name] = f"{head}=:{'A' if tail[0] != 'A' else 'B'}{tail[1:]}"
        assert refused(await write_to(bank, headers)) == "signature.invalid", name
    signed, proved = caller.signed(), caller.headers()
    assert refused(await write_to(bank, signed | {"DPoP": proved["DPoP"]})) == "signature.invalid"


async def test_the_host_header_is_nobody_s_address(bank: httpx.AsyncClient, caller: Caller) -> None:
    evil = "https://evil.example" + PATH
    elsewhere = message_signing.signed(
        caller.headers(),
        method="POST",
        url=evil,
        body=BODY,
        key=caller.partner.key,
        created=caller.partner.now,
    )
    answer = await write_to(bank, elsewhere | {"Host": "evil.example"})
    assert refused(answer) == "signature.invalid"
    assert (await write_to(bank, caller.signed() | {"Host": "evil.example"})).status_code == 200


@pytest.mark.parametrize("missing", ["@method", "@target-uri", "authorization", "dpop",
                                     "content-digest"])  # fmt: skip
async def test_what_fapi_wants_covered_must_be(
    missing: str, bank: httpx.AsyncClient, caller: Caller
) -> None:
    headers = caller.headers() | {"Content-Digest": message_signing.content_digest(BODY)}
    covered = {
        "@method": "POST",
        "@target-uri": URL,
        "authorization": headers["Authorization"],
        "dpop": headers["DPoP"],
        "content-digest": headers["Content-Digest"],
    }
    params = (
        f';created={int(caller.partner.now)};keyid="{caller.partner.key.kid}";tag="fapi-2-request"'
    )
    assert (await write_to(bank, caller.written(covered, params, **headers))).status_code == 200
    fresh = caller.headers() | {"Content-Digest": headers["Content-Digest"]}
    covered |= {"dpop": fresh["DPoP"]}
    del covered[missing]
    answer = await write_to(bank, caller.written(covered, params, **fresh))
    assert refused(answer) == "signature.invalid"
    assert missing in answer.json()["detail"]
    assert f'"{missing}"' in answer.headers["accept-signature"]


async def test_a_body_that_was_not_announced_needs_its_digest_too(
    bank: httpx.AsyncClient, caller: Caller
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield BODY

    chunked = await bank.post(PATH, headers=caller.signed(b""), content=parts())
    assert refused(chunked) == "signature.invalid"
    hidden = await write_to(bank, caller.signed(b"") | {"Content-Length": "0"})
    assert refused(hidden) == "signature.invalid"
    assert "content-digest" in hidden.json()["detail"]


@pytest.mark.parametrize(
    ("why", "params", "code"),
    [
        ("created is missing", ';keyid="{kid}";tag="fapi-2-request"', "signature.invalid"),
        ("created 61 s ago", ';created={-61};keyid="{kid}";tag="fapi-2-request"',
         "signature.stale"),
        ("created in 31 s", ';created={31};keyid="{kid}";tag="fapi-2-request"', "signature.stale"),
        ("expired", ';created={0};expires={0};keyid="{kid}";tag="fapi-2-request"',
         "signature.stale"),
        ("no tag, so unsigned", ';created={0};keyid="{kid}"', "signature.invalid"),
        ("the tag of answers, so unsigned", ';created={0};keyid="{kid}";tag="fapi-2-response"',
         "signature.invalid"),
        ("the tag in capitals, so unsigned", ';created={0};keyid="{kid}";tag="FAPI-2-request"',
         "signature.invalid"),
        ("no keyid", ';created={0};tag="fapi-2-request"', "signature.invalid"),
        ("an unknown keyid", ';created={0};keyid="another";tag="fapi-2-request"',
         "signature.invalid"),
        ("the server's own keyid", ';created={0};keyid="{server}";tag="fapi-2-request"',
         "signature.invalid"),
        ("an algorithm of another kind", ';created={0};keyid="{kid}";alg="ed25519"'
         ';tag="fapi-2-request"', "signature.invalid"),
        ("a shared secret", ';created={0};keyid="{kid}";alg="hmac-sha256";tag="fapi-2-request"',
         "signature.invalid"),
        ("an unknown parameter", ';created={0};keyid="{kid}";tag="fapi-2-request";x=1',
         "signature.invalid"),
    ],
)  # fmt: skip
async def test_the_parameters_are_held_to_their_clauses(
    why: str,
    params: str,
    code: str,
    bank: httpx.AsyncClient,
    caller: Caller,
    oauth: OAuth,
    clock: SetClock,
) -> None:
    now = int(caller.partner.now)
    filled = params.replace("{kid}", caller.partner.key.kid or "")
    filled = filled.replace("{server}", (await oauth.keys.jwks(clock.now()))["keys"][0]["kid"])
    for seconds in (-61, 31, 0):
        filled = filled.replace(f"{{{seconds}}}", str(now + seconds))
    headers = caller.headers() | {"Content-Digest": message_signing.content_digest(BODY)}
    covered = {"@method": "POST", "@target-uri": URL} | {
        name: headers[name.title() if name != "dpop" else "DPoP"]
        for name in ("authorization", "dpop", "content-digest")
    }
    answer = await write_to(bank, caller.written(covered, filled, **headers))
    assert refused(answer) == code, why


async def test_a_key_of_another_client_signs_for_nobody_else(
    bank: httpx.AsyncClient, caller: Caller, stranger: Partner
) -> None:
    assert refused(await write_to(bank, caller.signed(key=stranger.key))) == "signature.invalid"
    # The client's own kid, but not its key.
    forged = ECKey.import_key(new_key().as_dict(private=True) | {"kid": caller.partner.key.kid})
    assert refused(await write_to(bank, caller.signed(key=forged))) == "signature.invalid"
    # The key that binds the token is not registered, so it signs no message.
    bound = ECKey.import_key(caller.partner.dpop_key.as_dict(private=True))
    assert refused(await write_to(bank, caller.signed(key=bound))) == "signature.invalid"


async def test_a_signature_says_by_which_key_it_is(bank: httpx.AsyncClient, caller: Caller) -> None:
    headers = caller.signed()
    unnamed = headers["Signature-Input"].replace(f';keyid="{caller.partner.key.kid}"', "")
    answer = await write_to(bank, headers | {"Signature-Input": unnamed})
    assert refused(answer) == "signature.invalid"
    assert "no parameter keyid" in answer.json()["detail"]


async def test_a_retired_key_signs_no_more(
    bank: httpx.AsyncClient, caller: Caller, onboarding: Onboarding, clock: SetClock
) -> None:
    assert (await write_to(bank, caller.signed())).status_code == 200
    partner = caller.partner
    thumbprint = str(partner.key.thumbprint())
    await onboarding.retire_key(partner.client_id, thumbprint, operator="test", at=clock.now())
    assert refused(await write_to(bank, caller.signed())) == "signature.invalid"


async def test_there_is_one_signature_for_us(bank: httpx.AsyncClient, caller: Caller) -> None:
    headers = caller.signed()
    for name in ("Signature-Input", "Signature"):
        headers[name] += ", " + headers[name].replace("sig1=", "sig2=", 1)
    answer = await write_to(bank, headers)
    assert refused(answer) == "signature.invalid"
    assert "More than one" in answer.json()["detail"]


async def test_garbage_is_refused_and_never_breaks(bank: httpx.AsyncClient, caller: Caller) -> None:
    for spoiled in (
        {"Signature-Input": ""},
        {"Signature": ""},
        {"Signature-Input": "sig1=("},
        {"Signature-Input": "\u00e9"},
        {"Signature-Input": "a" * 9000},
        {"Signature": "sig2=:AA==:"},
        {"Signature": "sig1=:AA==:"},
        {"Signature": f"sig1=:{'A' * 12000}:"},
        {"Content-Digest": "sha-256"},
    ):
        answer = await bank.post(
            PATH,
            headers={
                name: value.encode("latin-1") for name, value in (caller.signed() | spoiled).items()
            },
            content=BODY,
        )
        assert refused(answer) == "signature.invalid", spoiled
    for gone in ("Signature", "Signature-Input"):
        headers = caller.signed()
        del headers[gone]
        assert refused(await write_to(bank, headers)) == "signature.invalid", gone


async def test_a_body_without_end_is_not_kept(bank: httpx.AsyncClient, caller: Caller) -> None:
    long = b"x" * (256 * 1024 + 1)
    answer = await write_to(bank, caller.signed(long), long)
    assert (answer.status_code, answer.json()["code"]) == (413, "body.too_large")


async def test_a_stale_signature_does_not_use_the_proof_up(
    bank: httpx.AsyncClient, caller: Caller
) -> None:
    proved = caller.headers()
    usual: dict[str, Any] = {"method": "POST", "url": URL, "body": BODY, "key": caller.partner.key}
    late = message_signing.signed(proved, created=caller.partner.now - 61, **usual)
    assert refused(await write_to(bank, late)) == "signature.stale"
    again = message_signing.signed(proved, created=caller.partner.now, **usual)
    assert (await write_to(bank, again)).status_code == 200
    # What a good signature covers counts once, because the proof in it does.
    replayed = await write_to(bank, again)
    assert 'error="invalid_dpop_proof"' in replayed.headers["www-authenticate"]


# ---- Where one is asked for -----------------------------------------------------------------


async def test_the_rule_pack_asks_for_signatures_on_a2_writes_only(
    bank: httpx.AsyncClient, caller: Caller, story: Story
) -> None:
    unsigned = await write_to(bank, caller.headers())
    assert refused(unsigned) == "signature.invalid"
    assert "must be signed" in unsigned.json()["detail"]
    for name in ("@method", "@target-uri", "authorization", "dpop", "content-digest"):
        assert f'"{name}"' in unsigned.headers["accept-signature"]
    assert refused(await bank.delete(PATH, headers=caller.headers("DELETE"))) == (
        "signature.invalid"
    )
    assert (await bank.get(PATH, headers=caller.headers("GET"))).status_code == 200
    url = f"{ISSUER}/v1/hear"
    token = (await story.client_token(caller.partner, "event.subscribe"))["access_token"]
    lower = Caller(caller.partner, token).headers("POST", url)
    assert (await bank.post(url, headers=lower)).status_code == 200


async def test_a_pack_that_asks_for_nothing_leaves_it_to_the_registration(
    serve: Serve, clock: SetClock, onboarding: Onboarding, story: Story
) -> None:
    metadata = ClientMetadata(http_message_signatures="required")
    strict = await register(onboarding, clock, "Strict", metadata=metadata)
    easy = await register(onboarding, clock, "Easy")
    async with httpx.AsyncClient(transport=serve("mac"), base_url=ISSUER) as bank:
        free = Caller(easy, (await story.tokens(easy))["access_token"])
        answer = await write_to(bank, free.headers())
        assert answer.status_code == 200
        assert "signature" not in answer.headers
        # Sent all the same, it is verified all the same.
        assert refused(await write_to(bank, free.signed(), b"other")) == "signature.invalid"
        bound = Caller(strict, (await story.tokens(strict))["access_token"])
        unsigned = await write_to(bank, bound.headers())
        assert refused(unsigned) == "signature.invalid"
        # Whose registration asks for signatures gets its answers signed, unsigned reads too.
        assert "signature" in unsigned.headers
        assert "signature" in (await bank.get(PATH, headers=bound.headers("GET"))).headers
        assert (await write_to(bank, bound.signed())).status_code == 200


def test_the_shipped_pack_asks_for_signatures_since_its_instrument() -> None:
    shipped = book_of(shipped_file())
    assert a2_integrity(shipped, date(2026, 11, 24)) == ("signature",)
    assert a2_integrity(shipped, date(2020, 2, 12)) == ()
