"""The guard at the resources: token, proof, consent and scope, clause by clause."""

from typing import Any

import httpx
import pytest
from litestar import Litestar, get

from gateway.database import Database, Statement, Unit
from gateway.oauth.guard import ResourceGuard, UndeclaredRoute, require_declarations
from gateway.oauth.service import OAuth
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, new_key
from tests.gateway.oauth.story import Story

URL = f"{ISSUER}/v1/packages"
OWN = new_key()
SUSPEND_PARTNER = Statement(
    "update partner set status = 'suspended' where partner_id in"
    " (select partner_id from client where client_id = :client_id)"
)


async def send(
    http: httpx.AsyncClient, token: str, *proofs: str, scheme: str = "DPoP", url: str = URL
) -> httpx.Response:
    headers = [("Authorization", f"{scheme} {token}"), *(("DPoP", proof) for proof in proofs)]
    return await http.get(url, headers=headers)


def challenge(answer: httpx.Response) -> str:
    return answer.headers.get("www-authenticate", "")


# clause, how the proof is spoiled (a number after "iat" is seconds from now)
BAD_PROOFS: list[tuple[str, dict[str, Any]]] = [
    ("RFC 9449 7: no ath", {"token": None}),
    ("RFC 9449 7: ath of another token", {"token": "another"}),
    ("RFC 9449 4.3-8: another method", {"htm": "POST"}),
    ("RFC 9449 4.3-9: another path", {"htu": f"{ISSUER}/v1/orders"}),
    ("RFC 9449 4.3-9: another host", {"htu": "https://evil.example/v1/packages"}),
    ("RFC 9449 4.3-9: another scheme", {"htu": "http://bank.example/v1/packages"}),
    ("RFC 9449 4.3-9: another port", {"htu": "https://bank.example:444/v1/packages"}),
    ("RFC 9449 4.3-11: an hour old", {"iat": -3600}),
    ("RFC 9449 4.3-11: from the future", {"iat": 61}),
    ("RFC 9449 4.3-4: no jti", {"jti": None}),
    ("an empty jti", {"jti": ""}),
    ("no iat", {"iat": None}),
    ("RFC 9449 4.3-4: a typ of another kind", {"header": {"typ": "JWT"}}),
    ("no typ", {"header": {"typ": None}}),
    ("no jwk", {"header": {"jwk": None}}),
    ("RFC 9449 4.3-7: a private jwk", {"key": OWN, "header": {"jwk": OWN.as_dict(private=True)}}),
    ("the jwk of another key", {"header": {"jwk": new_key().as_dict(private=False)}}),
]
GOOD_PROOFS: list[tuple[str, dict[str, Any]]] = [
    ("SP 5.3.2.1-13: 10 s ahead", {"iat": 10}),
    ("SP 5.3.2.1-13: 10 s ago", {"iat": -10}),
    ("RFC 9449 4.3-9: a query and a fragment", {"htu": f"{URL}?a=b#c"}),
    ("RFC 3986 6.2.2.1: case of scheme and host", {"htu": "HTTPS://BANK.example/v1/packages"}),
    ("RFC 3986 6.2.3: the default port", {"htu": "https://bank.example:443/v1/packages"}),
    ("RFC 3986 6.2.2.2: needless escapes", {"htu": "https://bank.example/v1/p%61ckages"}),
    ("RFC 9449 4.2: extra claims", {"nbf": 1, "exp": 2, "x": [1]}),
    ("RFC 7515 4.1.9: typ in capitals", {"header": {"typ": "DPoP+JWT"}}),
]


def spoiled(partner: Partner, token: str, changes: dict[str, Any]) -> str:
    usual: dict[str, Any] = {"token": token} | changes
    if isinstance(usual.get("iat"), int):
        usual["iat"] += int(partner.now)
    return partner.proof(URL, "GET", **usual)


async def test_proofs_are_held_to_their_clauses(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    wrong = []
    for clause, changes in BAD_PROOFS:
        answer = await send(http, token, spoiled(partner, token, changes))
        if answer.status_code != 401 or 'error="invalid_dpop_proof"' not in challenge(answer):
            wrong.append((clause, answer.status_code, challenge(answer)))
    for clause, changes in GOOD_PROOFS:
        answer = await send(http, token, spoiled(partner, token, changes))
        if answer.status_code != 200:
            wrong.append((clause, answer.status_code, challenge(answer)))
    assert wrong == []


async def test_there_is_exactly_one_proof_and_it_counts_once(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    proofs = [partner.proof(URL, "GET", token=token) for _ in range(3)]
    for sent in ((), proofs[:2], (f"{proofs[0]},{proofs[1]}",)):
        answer = await send(http, token, *sent)
        assert answer.status_code == 401
        assert 'error="invalid_dpop_proof"' in challenge(answer)
    assert (await send(http, token, proofs[2])).status_code == 200
    again = await send(http, token, proofs[2])
    assert again.status_code == 401
    assert 'error="invalid_dpop_proof"' in challenge(again)


async def test_the_scheme_is_dpop_in_any_case_and_never_bearer(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    for scheme, status in (("dpop", 200), ("DPOP", 200), ("Bearer", 401), ("Basic", 401)):
        proof = partner.proof(URL, "GET", token=token)
        answer = await send(http, token, proof, scheme=scheme)
        assert answer.status_code == status
        assert status == 200 or challenge(answer).startswith("DPoP ")


async def test_a_token_is_bound_to_its_key(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    answer = await send(http, token, partner.proof(URL, "GET", token=token, key=new_key()))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in challenge(answer)


async def test_what_is_no_token_is_refused(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    for token in ("unknown", "with space", "", "é", "t" * 600):
        proof = partner.proof(URL, "GET", token=token)
        headers = [
            (b"Authorization", b"DPoP " + token.encode("latin-1")),
            (b"DPoP", proof.encode()),
        ]
        answer = await http.get(URL, headers=headers)
        assert answer.status_code == 401, token
        assert 'error="invalid_token"' in challenge(answer)
    missing = await http.get(URL)
    assert missing.status_code == 401
    assert challenge(missing).startswith("DPoP algs=")


async def test_two_authorization_headers_are_refused(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    proof = partner.proof(URL, "GET", token=token)
    twice = [("Authorization", f"DPoP {token}")] * 2
    assert (await http.get(URL, headers=[*twice, ("DPoP", proof)])).status_code == 401


async def test_a_token_in_the_query_is_refused(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    for query in ("access_token=x", "a=b&access%5ftoken=x", "access_token="):
        proof = partner.proof(URL, "GET", token=token)
        answer = await send(http, token, proof, url=f"{URL}?{query}")
        assert answer.status_code == 400
    assert (await http.get(f"{URL}?access_token={token}")).status_code == 400
    proof = partner.proof(URL, "GET", token=token)
    assert (await send(http, token, proof, url=f"{URL}?scenario=x")).status_code == 200


async def test_a_missing_scope_is_named(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.client_token(partner, "event.subscribe"))["access_token"]
    answer = await send(http, token, partner.proof(URL, "GET", token=token))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in challenge(answer)
    assert 'scope="catalog.read"' in challenge(answer)


async def test_a_token_has_an_end(story: Story, partner: Partner, clock: SetClock) -> None:
    token = (await story.client_token(partner))["access_token"]
    clock.advance(599)
    assert (await story.read(partner, token, "/v1/packages")).status_code == 200
    clock.advance(1)
    assert (await story.read(partner, token, "/v1/packages")).status_code == 401


async def test_a_suspended_partners_tokens_are_dead(
    story: Story, partner: Partner, database: Database
) -> None:
    token = (await story.client_token(partner))["access_token"]
    unit = Unit("test.suspend")
    unit.add(SUSPEND_PARTNER, client_id=partner.client_id)
    await database.commit(unit)
    assert (await story.read(partner, token, "/v1/packages")).status_code == 401


async def test_the_host_header_means_nothing(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    for htu, status in (("https://evil.example/v1/packages", 401), (URL, 200)):
        proof = partner.proof(URL, "GET", token=token, htu=htu)
        headers = {"Host": "evil.example", "Authorization": f"DPoP {token}", "DPoP": proof}
        assert (await http.get(URL, headers=headers)).status_code == status


@get("/bare")
async def bare() -> str:
    return ""


@get("/both", opt={"public": True, "scope": "order.read"})
async def both() -> str:
    return ""


@get("/typo", opt={"scope": "order.reed"})
async def typo() -> str:
    return ""


@get("/open", opt={"public": True})
async def open_to_all() -> str:
    return ""


@get("/closed", opt={"scope": "order.read"})
async def closed() -> str:
    return ""


@pytest.mark.parametrize("route", [bare, both, typo, closed])
def test_a_route_that_is_not_guarded_stops_the_start(route: Any) -> None:
    app = Litestar([route, open_to_all], openapi_config=None)
    with pytest.raises(UndeclaredRoute, match=route.name or route.fn.__name__):
        require_declarations(app)


async def test_guarded_and_public_routes_may_start(
    oauth: OAuth, database: Database, clock: SetClock
) -> None:
    guard = ResourceGuard(database, clock, issuer=ISSUER)
    require_declarations(Litestar([open_to_all, closed], middleware=[guard], openapi_config=None))
