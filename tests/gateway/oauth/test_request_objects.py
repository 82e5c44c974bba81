"""Signed authorization requests at PAR, clause by clause (RFC 9101, FAPI 2.0 MS section 5.3.1)."""

import secrets
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.oauth.clients import RegisteredClient
from gateway.oauth.request_objects import RequestObjects, parameters_of
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Client, Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import (
    DETAILS,
    ISSUER,
    REDIRECT_URI,
    Confused,
    Partner,
    answer_of,
    new_key,
    post,
    sign,
)
from tests.gateway.oauth.signed_requests import NONE, TYPE, push, request_object
from tests.gateway.oauth.story import Story, register


async def state_of(oauth: OAuth, story: Story, partner: Partner, pushed: httpx.Response) -> str:
    """What the customer's answer brings back, which is what the server took for the request."""
    assert pushed.status_code == 201, pushed.text
    location = await oauth.authorizations.deny(
        partner.client_id, pushed.json()["request_uri"], customer_id=None
    )
    return answer_of(location)["state"]


def accepted(now: int) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("a plain one", {}),
        ("MS 5.3.1-5: typ in capitals", {"header": {"typ": TYPE.upper()}}),
        ("RFC 7515 4.1.9: typ in full", {"header": {"typ": "application/" + TYPE}}),
        ("MS 5.3.1-5: no typ", {"header": {"typ": NONE}}),
        ("RFC 7519 5.1: the generic typ", {"header": {"typ": "JWT"}}),
        ("no kid", {"header": {"kid": NONE}}),
        ("MS 5.3.1-2: aud in an array", {"aud": [ISSUER]}),
        ("MS 5.3.1-2: aud among others", {"aud": ["https://other.example", ISSUER]}),
        ("MS 5.3.1-3: nbf nearly an hour ago", {"nbf": now - 3599, "exp": now + 1}),
        ("nbf soon", {"nbf": now + 30, "exp": now + 3630}),
        ("MS 5.3.1-4: an hour long", {"nbf": now, "exp": now + 3600}),
        ("a fraction of a second", {"nbf": now - 0.5, "exp": now + 60.5}),
        ("iat and jti", {"iat": now, "jti": "j"}),
        ("an unknown claim", {"foo": {"bar": [1, None]}}),
        ("another sub", {"sub": "somebody"}),
        ("max_age as a number", {"max_age": 600}),
    ]


def refused(partner: Partner, stranger: Partner) -> list[tuple[str, dict[str, Any]]]:
    now = int(partner.now)
    return [
        ("MS 5.3.1-3: no nbf", {"nbf": NONE}),
        ("MS 5.3.1-3: nbf over 60 minutes ago", {"nbf": now - 3601, "exp": now - 1}),
        ("nbf ahead", {"nbf": now + 31}),
        ("nbf as text", {"nbf": str(now)}),
        ("nbf as truth", {"nbf": True}),
        ("MS 5.3.1-4: no exp", {"exp": NONE}),
        ("MS 5.3.1-4: exp over 60 minutes after", {"nbf": now, "exp": now + 3601}),
        ("expired", {"nbf": now - 60, "exp": now}),
        ("exp as text", {"exp": str(now + 300)}),
        ("iat as text", {"iat": "now"}),
        ("jti as a number", {"jti": 7}),
        ("jti too long", {"jti": "j" * 257}),
        ("MS 5.3.1-2: no aud", {"aud": NONE}),
        ("another aud", {"aud": "https://other.example"}),
        ("the PAR address as aud", {"aud": f"{ISSUER}/oauth/par"}),
        ("an array without us", {"aud": ["https://other.example"]}),
        ("an array that mixes types", {"aud": [ISSUER, 1]}),
        ("an empty array", {"aud": []}),
        ("no iss", {"iss": NONE}),
        ("another's iss", {"iss": stranger.client_id}),
        ("no client_id", {"client_id": NONE}),
        ("another's client_id", {"client_id": stranger.client_id}),
        ("RFC 9101 10.8: sub is the client", {"sub": partner.client_id}),
        ("RFC 9101 4: request inside", {"request": "a.b.c"}),
        ("RFC 9126 2.1: request_uri inside", {"request_uri": "urn:x"}),
        ("another's key", {"key": stranger.key, "header": {"kid": stranger.key.kid}}),
        ("another's key under our kid", {"key": stranger.key}),
        ("the DPoP key", {"key": partner.dpop_key, "header": {"kid": NONE}}),
        ("an unknown kid", {"header": {"kid": "nobody"}}),
        ("a crit header", {"header": {"crit": ["b64"], "b64": True}}),
        *((f"typ {typ}", {"header": {"typ": typ}}) for typ in OTHER_KINDS),
        *((f"{name} of another type", {name: value}) for name, value in WRONG_TYPES.items()),
        ("NUL in the state", {"state": "a\x00b"}),
        ("too many claims", {f"c{place}": 1 for place in range(64)}),
    ]


OTHER_KINDS = ("dpop+jwt", "client-authentication+jwt", "token-introspection+jwt", "at+jwt", "")
WRONG_TYPES: dict[str, Any] = {
    "state": 7,
    "redirect_uri": [REDIRECT_URI],
    "scope": ["order.read"],
    "nonce": None,
    "code_challenge": {},
    "max_age": "600",
    "claims": "{}",
    "authorization_details": msgspec.json.encode(DETAILS).decode(),
}


async def test_an_object_is_taken_as_its_clauses_say(
    http: httpx.AsyncClient, oauth: OAuth, story: Story, partner: Partner
) -> None:
    wrong = []
    for clause, spoilt in accepted(int(partner.now)):
        pushed = await push(http, partner, request_object(partner, **spoilt))
        if pushed.status_code != 201:
            wrong.append((clause, pushed.status_code, pushed.text))
        elif await state_of(oauth, story, partner, pushed) != "inside":
            wrong.append((clause, 201, "not what it asked"))
    assert wrong == []


async def test_whatever_is_wrong_in_an_object_is_told_alike_and_uses_nothing_up(
    http: httpx.AsyncClient, partner: Partner, stranger: Partner
) -> None:
    wrong = []
    for clause, spoilt in refused(partner, stranger):
        assertion = partner.assertion()
        answer = await push(http, partner, request_object(partner, **spoilt), assertion=assertion)
        if (answer.status_code, answer.json().get("error")) != (400, "invalid_request_object"):
            wrong.append((clause, answer.status_code, answer.text))
        again = await push(http, partner, request_object(partner), assertion=assertion)
        if again.status_code != 201:
            wrong.append((clause, "used the assertion up", again.text))
    assert wrong == []
    # With a short life the expiry would refuse it as well, so the reason must be the clause's.
    now = int(partner.now)
    old = await push(http, partner, request_object(partner, nbf=now - 3601, exp=now + 1))
    assert old.json()["error_description"] == "Its nbf must lie within the last 60 minutes."


def forged(partner: Partner, algorithm: str) -> str:
    """An object under an algorithm that FAPI 2.0 does not know, as an attacker can make it."""
    header = {"alg": algorithm, "kid": partner.key.kid}
    if algorithm == "none":
        return request_object(partner, header=header, key=OctKey.generate_key())
    if algorithm == "RS256":
        return request_object(partner, header=header, key=new_key("PS256"))
    return request_object(partner, header=header, key=Confused(partner.key))


@pytest.mark.parametrize("algorithm", ["none", "RS256", "HS256"])
async def test_no_other_algorithm_signs_an_object(
    http: httpx.AsyncClient, partner: Partner, algorithm: str
) -> None:
    answer = await push(http, partner, forged(partner, algorithm))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")


@pytest.mark.parametrize("wanted", [None, "ES256", "PS256", "EdDSA"])
async def test_a_client_signs_with_the_algorithm_it_is_registered_for(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock, wanted: str | None
) -> None:
    keys = {name: new_key(name) for name in ("ES256", "PS256", "EdDSA")}
    client = await register(
        onboarding,
        clock,
        "Signer",
        jwks={"keys": [key.as_dict(private=False) for key in keys.values()]},
        metadata=ClientMetadata(request_object_signing_alg=wanted),
    )
    client.key = keys["ES256"]
    # RFC 9864 gives EdDSA on this curve a second name.
    for algorithm, key in (*keys.items(), ("Ed25519", keys["EdDSA"])):
        token = request_object(client, header={"alg": algorithm, "kid": key.kid}, key=key)
        answer = await push(http, client, token)
        fits = wanted in (None, algorithm) or (wanted, algorithm) == ("EdDSA", "Ed25519")
        assert answer.status_code == (201 if fits else 400), (algorithm, answer.text)
        assert fits or answer.json()["error"] == "invalid_request_object"


async def test_an_rsa_key_signs_with_pss_only(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    client = await register(onboarding, clock, "Signer", algorithm="PS256")
    answer = await push(http, client, request_object(client, header={"alg": "RS256"}))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")


async def test_nothing_is_said_twice_in_an_object(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    header = {"alg": "ES256", "kid": partner.key.kid, "typ": TYPE}
    honest = request_object(partner)
    payload = RequestObjects()._reader.read(honest).payload
    for place, twice in (
        (b'"state":', b'"state":"a","state":'),
        (b'"top_up":', b'"top_up":{"minor_units":1,"currency":"CNY"},"top_up":'),
    ):
        assert payload.count(place) == 1
        answer = await push(http, partner, sign(header, payload.replace(place, twice), partner.key))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")


@pytest.mark.parametrize("payload", [b"[]", b"null", b"", b"{", b"\xff", b'"text"', b"[" * 5000])
async def test_an_object_is_one_json_object(
    http: httpx.AsyncClient, partner: Partner, payload: bytes
) -> None:
    token = sign({"alg": "ES256", "kid": partner.key.kid, "typ": TYPE}, payload, partner.key)
    answer = await push(http, partner, token)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")


@pytest.mark.parametrize("token", ["x", "a.b", "a.b.c", "..", "a.b.c.d", "é.é.é", "a.b.c.d.e"])
async def test_what_is_no_signature_is_refused(
    http: httpx.AsyncClient, partner: Partner, token: str
) -> None:
    answer = await push(http, partner, token)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")
    if token.count(".") == 4:
        assert "encrypted" in answer.json()["error_description"]


async def test_a_long_object_is_read_and_a_longer_one_is_not(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    assert (await push(http, partner, request_object(partner, x="s" * 20_000))).status_code == 201
    answer = await push(http, partner, request_object(partner, x="s" * 30_000))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")


async def test_a_bad_parameter_inside_is_told_as_outside(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    for spoilt, error in (
        ({"redirect_uri": NONE}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
        ({"code_challenge": NONE}, "invalid_request"),
        ({"code_challenge_method": NONE}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"authorization_details": []}, "invalid_authorization_details"),
        ({"authorization_details": [{"type": "urn:other"}]}, "invalid_authorization_details"),
    ):
        answer = await push(http, partner, request_object(partner, **spoilt))
        assert (answer.status_code, answer.json()["error"]) == (400, error), spoilt


async def test_only_what_is_inside_counts(
    http: httpx.AsyncClient, oauth: OAuth, story: Story, partner: Partner
) -> None:
    outside = partner.par_form(state="outside", scope="everything", redirect_uri="https://evil/")
    pushed = await post(http, "/oauth/par", outside | {"request": request_object(partner)})
    assert await state_of(oauth, story, partner, pushed) == "inside"
    # Nor does the outside fill a gap of the inside.
    lacking = request_object(partner, code_challenge=NONE)
    answer = await post(http, "/oauth/par", partner.par_form(request=lacking))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_client_authentication_comes_first_and_names_the_same_client(
    http: httpx.AsyncClient, partner: Partner, stranger: Partner
) -> None:
    bare = await post(http, "/oauth/par", {"request": request_object(partner)})
    assert (bare.status_code, bare.json()["error"]) == (401, "invalid_client")
    borrowed = await push(http, stranger, request_object(partner))
    assert (borrowed.status_code, borrowed.json()["error"]) == (400, "invalid_request_object")
    # Who speaks, and with how fresh a proof, is judged before the object is even opened.
    mixed = await push(http, partner, "a.b.c", client_id=stranger.client_id)
    assert (mixed.status_code, mixed.json()["error"]) == (401, "invalid_client")
    stale = partner.proof(f"{ISSUER}/oauth/par", nonce="stale")
    unfresh = await post(http, "/oauth/par", partner.form(request="a.b.c"), stale)
    assert (unfresh.status_code, unfresh.json()["error"]) == (400, "use_dpop_nonce")


async def test_a_client_registered_for_objects_pushes_nothing_else(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    metadata = ClientMetadata(require_signed_request_object=True)
    client = await register(onboarding, clock, "Signer", metadata=metadata)
    answer = await post(http, "/oauth/par", client.par_form())
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (await push(http, client, request_object(client))).status_code == 201


async def test_an_object_may_be_pushed_again_after_an_answer_that_got_lost(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    token = request_object(partner, jti=secrets.token_urlsafe())
    answers = [await push(http, partner, token) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["request_uri"] for answer in answers}) == 2


async def test_the_details_and_the_key_inside_bind_the_tokens(
    http: httpx.AsyncClient, oauth: OAuth, story: Story, partner: Partner
) -> None:
    token = request_object(partner, dpop_jkt=partner.dpop_key.thumbprint())
    pushed = (await push(http, partner, token)).json()
    location = await oauth.authorizations.approve(
        partner.client_id, pushed["request_uri"], story.approval()
    )
    code = answer_of(location)["code"]
    stolen = partner.proof(f"{ISSUER}/oauth/token", key=new_key())
    answer = await post(http, "/oauth/token", partner.code_form(code), stolen)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    tokens = await story.exchange(partner, partner.code_form(code))
    assert tokens["authorization_details"] == DETAILS


async def test_no_kind_of_token_serves_as_another(
    http: httpx.AsyncClient, oauth: OAuth, story: Story, partner: Partner
) -> None:
    """RFC 8725 section 3.11: each of a client's three kinds, and what the server signs."""
    now = int(partner.now)
    par = f"{ISSUER}/oauth/par"
    # A client assertion, with and without every claim that an object needs.
    whole = {"client_id": partner.client_id, "nbf": now, "response_type": "code"}
    for assertion in (partner.assertion(), partner.assertion(**whole)):
        answer = await push(http, partner, assertion)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")
    for other in (
        partner.proof(par, key=partner.key),
        await oauth.keys.sign({"iss": ISSUER, "aud": partner.client_id}, typ="JWT"),
        await oauth.keys.sign({"iss": partner.client_id, "aud": ISSUER}, typ=TYPE),
    ):
        answer = await push(http, partner, other)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")
    # An object as an assertion, typed and not, and made to look like one as far as it may.
    for header in ({}, {"typ": NONE}, {"typ": "JWT"}):
        token = request_object(partner, header=header, jti="once")
        answer = await post(http, "/oauth/par", partner.par_form(assertion=token))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    typed = request_object(partner, sub=partner.client_id, jti="twice")
    answer = await post(http, "/oauth/par", partner.par_form(assertion=typed))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    # An object as a proof.
    proof = request_object(partner, header={"jwk": partner.key.as_dict(private=False)})
    answer = await post(http, "/oauth/par", partner.par_form(), proof)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


# ---- the reader, on whatever anybody may send ------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
NAMES = st.sampled_from(["state", "scope", "max_age", "claims", "authorization_details", "nonce"])
EPOCH = datetime(2026, 11, 24, tzinfo=UTC)
CLIENT = RegisteredClient(
    Client(
        client_id="cli_1",
        partner_id="ptr_1",
        name="X",
        status="active",
        jwks=(),
        redirect_uris=(),
        scopes=frozenset(),
        grant_types=frozenset(),
        authorization_details_types=frozenset(),
        sector="x",
        version=1,
    ),
    (),
)
KEY = new_key()


@given(st.dictionaries(NAMES | st.text(max_size=6), JSON, max_size=6))
def test_an_object_becomes_form_parameters_or_nothing(claims: dict[str, Any]) -> None:
    token = sign({"alg": "ES256"}, claims, KEY)
    signed = RequestObjects().read(token, CLIENT, issuer=ISSUER, at=EPOCH)
    try:
        parameters = parameters_of(signed)
    except errors.InvalidRequestObject:
        return
    for name, text in parameters.items():
        assert text and "\x00" not in text
        told = claims[name]
        assert text == told if isinstance(told, str) else msgspec.json.decode(text) == told


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{0,20}(\.[A-Za-z0-9_-]{0,20}){2,4}"))
def test_no_text_breaks_the_reader(token: str) -> None:
    with pytest.raises(errors.InvalidRequestObject):
        RequestObjects().read(token, CLIENT, issuer=ISSUER, at=EPOCH)
