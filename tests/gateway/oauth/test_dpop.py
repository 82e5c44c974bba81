"""DPoP proofs clause by clause at the authorization server, and what holds at both servers."""

import string
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from contracts import errors
from gateway.kit.jose import CompactReader
from gateway.oauth.dpop import normalised, verify_proof
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, new_key, post, sign
from tests.gateway.oauth.story import Story

TOKEN, PAR, PACKAGES = f"{ISSUER}/oauth/token", f"{ISSUER}/oauth/par", f"{ISSUER}/v1/packages"
PATHS = ("/oauth/par", "/oauth/token")
RSA = new_key("PS256")
OWN = new_key()
SHARED = OctKey.import_key(b"s" * 32)


def form_for(partner: Partner, path: str) -> dict[str, Any]:
    if path == "/oauth/par":
        return partner.par_form()
    return partner.form(grant_type="client_credentials", scope="catalog.read")


# clause, how the proof is spoiled (a number after "iat" is seconds from now)
BAD_PROOFS: list[tuple[str, dict[str, Any]]] = [
    ("RFC 9449 4.3-8: another method", {"htm": "GET"}),
    ("RFC 9449 4.3-8: the method in small letters", {"htm": "post"}),
    ("RFC 9449 4.3-9: another endpoint", {"htu": f"{ISSUER}/oauth/revoke"}),
    ("RFC 9449 4.3-9: another host", {"htu": "https://evil.example/oauth/token"}),
    ("RFC 9449 4.3-9: a path alone", {"htu": "/oauth/token"}),
    ("RFC 9449 4.3-9: somebody's name in it", {"htu": "https://a@bank.example/oauth/token"}),
    ("RFC 9449 4.3-11: an hour old", {"iat": -3600}),
    ("RFC 9449 4.3-11: from the future", {"iat": 61}),
    ("RFC 9449 4.3-3: no jti", {"jti": None}),
    ("an empty jti", {"jti": ""}),
    ("a jti too long", {"jti": "j" * 300}),
    ("a jti that is a number", {"jti": 7}),
    ("RFC 9449 4.3-3: no htm", {"htm": None}),
    ("RFC 9449 4.3-3: no htu", {"htu": None}),
    ("RFC 9449 4.3-3: no iat", {"iat": None}),
    ("an iat in words", {"iat": "now"}),
    ("a nonce that is a number", {"nonce": 7}),
    ("RFC 8725 3.11: typ of an assertion", {"header": {"typ": "JWT"}}),
    ("RFC 8725 3.11: typ of a client assertion", {"header": {"typ": "client-authentication+jwt"}}),
    ("RFC 8725 3.11: typ of a request object", {"header": {"typ": "oauth-authz-req+jwt"}}),
    ("RFC 9449 4.3-4: no typ", {"header": {"typ": None}}),
    ("RFC 9449 4.2: no jwk", {"header": {"jwk": None}}),
    ("RFC 9449 4.3-7: a private jwk", {"key": OWN, "header": {"jwk": OWN.as_dict(private=True)}}),
    ("RFC 9449 4.3-6: the jwk of another key", {"header": {"jwk": new_key().as_dict()}}),
    ("RFC 7515 4.1.11: unknown crit", {"header": {"crit": ["b64"], "b64": True}}),
    ("SP 5.4.1: RS256", {"key": RSA, "header": {"alg": "RS256"}}),
    ("SP 5.4.1: HS256 with the key in the header",
     {"key": SHARED, "header": {"alg": "HS256", "jwk": SHARED.as_dict(private=True)}}),
    ("SP 5.4.1: HS256 under a public key",
     {"key": SHARED, "header": {"alg": "HS256", "jwk": new_key().as_dict(private=False)}}),
    ("SP 5.4.1: none", {"header": {"alg": "none"}}),
]  # fmt: skip


def spoiled(partner: Partner, url: str, changes: dict[str, Any], **usual: Any) -> str:
    whole = usual | changes
    if isinstance(whole.get("iat"), int):
        whole["iat"] += int(partner.now)
    return partner.proof(url, **whole)


@pytest.mark.parametrize("path", PATHS)
async def test_proofs_are_held_to_their_clauses_and_a_refusal_uses_nothing_up(
    http: httpx.AsyncClient, partner: Partner, path: str
) -> None:
    form = form_for(partner, path)
    wrong = []
    for clause, changes in BAD_PROOFS:
        answer = await post(http, path, form, spoiled(partner, ISSUER + path, changes))
        if (answer.status_code, answer.json()["error"]) != (400, "invalid_dpop_proof"):
            wrong.append((clause, answer.text))
    assert wrong == []
    # All the while it was one assertion, which is good still.
    answer = await post(http, path, form, partner.proof(ISSUER + path))
    assert answer.status_code in (200, 201), answer.text


async def test_a_proof_is_one_header_whose_names_case_does_not_matter(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    for path in PATHS:
        form, proofs = form_for(partner, path), [partner.proof(ISSUER + path) for _ in range(2)]
        for sent in ([("DPoP", proofs[0]), ("dpop", proofs[1])], [("DPoP", ",".join(proofs))]):
            answer = await http.post(path, data=form, headers=sent)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
        answer = await http.post(path, data=form, headers=[("DPOP", proofs[0])])
        assert answer.status_code in (200, 201), answer.text


async def test_a_proof_that_says_something_twice_is_refused(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": partner.dpop_key.as_dict(private=False)}
    claims = f'{{"jti":"j","htm":"POST","htu":"{PAR}","htu":"{TOKEN}","iat":{int(partner.now)}}}'
    proof = sign(header, claims.encode(), partner.dpop_key)
    answer = await post(http, "/oauth/token", form_for(partner, "/oauth/token"), proof)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_clocks_may_differ_a_little_at_every_server(
    http: httpx.AsyncClient, partner: Partner, story: Story
) -> None:
    """FAPI 2.0 SP 5.3.2.1-13: ten seconds either way pass, more than a minute does not."""
    token = (await story.client_token(partner))["access_token"]

    async def at_form(path: str, iat: int) -> httpx.Response:
        proof = spoiled(partner, ISSUER + path, {"iat": iat})
        return await post(http, path, form_for(partner, path), proof)

    async def at_resource(path: str, iat: int) -> httpx.Response:
        proof = spoiled(partner, ISSUER + path, {"iat": iat}, method="GET", token=token)
        return await http.get(path, headers={"Authorization": f"DPoP {token}", "DPoP": proof})

    places: list[tuple[str, Callable[[str, int], Awaitable[httpx.Response]]]] = [
        ("/oauth/par", at_form),
        ("/oauth/token", at_form),
        ("/v1/packages", at_resource),
    ]
    for path, attempt in places:
        statuses = [(await attempt(path, iat)).status_code for iat in (-10, 10, 61, -61, -3600)]
        refused = 401 if path.startswith("/v1") else 400
        assert statuses[0] in (200, 201)
        assert statuses == [statuses[0]] * 2 + [refused] * 3


async def test_a_proof_is_no_assertion_and_an_assertion_no_proof(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    """RFC 8725 section 3.11: each kind has its type, although one client signs both."""
    everything = {
        "iss": partner.client_id,
        "sub": partner.client_id,
        "aud": ISSUER,
        "exp": int(partner.now) + 60,
    }
    proof = partner.proof(TOKEN, key=partner.key, **everything)
    form = partner.form(assertion=proof, grant_type="client_credentials", scope="catalog.read")
    answer = await post(http, "/oauth/token", form, partner.proof(TOKEN))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    public = partner.key.as_dict(private=False)
    assertion = partner.assertion(header={"jwk": public}, htm="POST", htu=TOKEN)
    answer = await post(http, "/oauth/token", form_for(partner, "/oauth/token"), assertion)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize(
    ("url", "htu"),
    [
        (f"{ISSUER}/v1/caf\u00e9", "garbage"),
        (f"{ISSUER}/v1/caf\u00e9", ""),
        (f"{ISSUER}/v1/caf\u00e9", "https://evil.example/caf\u00e9"),
        (f"{ISSUER}/v1/a b", "/v1/a b"),
    ],
)
def test_two_texts_that_are_no_addresses_are_not_one_address(
    url: str, htu: str, partner: Partner, clock: SetClock
) -> None:
    reader = CompactReader()
    proof = partner.proof(url, htu=htu)
    with pytest.raises(errors.InvalidDpopProof, match="plain http"):
        verify_proof([proof], reader, method="POST", url=url, at=clock.now())


_HOST = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
_SEGMENTS = st.lists(st.text(string.ascii_letters + "0123456789-._~", max_size=6), max_size=4)


@given(_HOST, _SEGMENTS, st.sampled_from(["https", "http"]), st.booleans(), st.booleans(), _HOST)
def test_equal_addresses_are_one_and_others_are_not(
    host: str, segments: list[str], scheme: str, shout: bool, port: bool, other: str
) -> None:
    """RFC 9449 section 4.3-9, RFC 3986 sections 6.2.2 and 6.2.3."""
    path = "/" + "/".join(segments)
    plain = f"{scheme}://{host}{path}"
    default = {"https": ":443", "http": ":80"}[scheme] if port else ""
    start = f"{scheme}://{host}{default}"
    spelt = (start.upper() if shout else start) + "".join(f"%{ord(c):02x}" if c.isalpha() else c
                                                          for c in path)  # fmt: skip
    assert normalised(plain) is not None
    assert normalised(f"{spelt}?query=1#fragment") == normalised(plain)
    for another in (
        f"{scheme}://{host}x{path}",
        f"{scheme}://{host}:8443{path}",
        f"{scheme}://{host}{path}/more",
        f"{'http' if scheme == 'https' else 'https'}://{host}{path}",
        f"{scheme}://{other}@{host}{path}",
    ):
        assert normalised(another) != normalised(plain)


@given(st.text(max_size=60))
def test_no_text_breaks_the_comparison(text: str) -> None:
    found = normalised(text)
    assert found is None or normalised(found) == found
