"""Pushed authorization requests, clause by clause (RFC 9126 as FAPI 2.0 narrows it)."""

from typing import Any

import httpx
import msgspec

from gateway.database import Database, Query
from gateway.oauth.service import OAuth
from tests.conftest import SetClock
from tests.gateway.oauth.partner import (
    DETAILS,
    ISSUER,
    REDIRECT_URI,
    SWEEP,
    Partner,
    answer_of,
    challenge_of,
    entry,
    fen,
    new_key,
    post,
)
from tests.gateway.oauth.story import Story

URL = f"{ISSUER}/oauth/par"


def details(*entries: Any) -> dict[str, Any]:
    return {"authorization_details": msgspec.json.encode(list(entries)).decode()}


def without(component: str) -> list[dict[str, Any]]:
    return [each for each in DETAILS if each["component"] != component]


# clause, what the form says, status, error
ROWS: list[tuple[str, dict[str, Any], int, str]] = [
    ("RFC 9126 2.2: a plain push", {}, 201, ""),
    ("RFC 9126 2.1: request_uri", {"request_uri": "urn:x"}, 400, "invalid_request"),
    ("RFC 9101 6: no request object", {"request": "a.b.c"}, 400, "invalid_request_object"),
    ("RFC 6749 4.1.1: response_type missing", {"response_type": None}, 400, "invalid_request"),
    ("SP 5.3.2.2-1: token", {"response_type": "token"}, 400, "unsupported_response_type"),
    ("hybrid", {"response_type": "code id_token"}, 400, "unsupported_response_type"),
    ("response_mode query", {"response_mode": "query"}, 201, ""),
    ("response_mode fragment", {"response_mode": "fragment"}, 400, "invalid_request"),
    ("SP 5.3.2.2-6: redirect_uri missing", {"redirect_uri": None}, 400, "invalid_request"),
    ("not registered", {"redirect_uri": "https://evil.example/cb"}, 400, "invalid_request"),
    ("a query more", {"redirect_uri": REDIRECT_URI + "&a=b"}, 400, "invalid_request"),
    ("another case", {"redirect_uri": REDIRECT_URI.upper()}, 400, "invalid_request"),
    ("SP 5.3.2.2-5: no PKCE", {"code_challenge": None}, 400, "invalid_request"),
    ("RFC 7636 4.3: no method", {"code_challenge_method": None}, 400, "invalid_request"),
    ("plain", {"code_challenge_method": "plain"}, 400, "invalid_request"),
    ("a challenge of 42", {"code_challenge": "a" * 42}, 400, "invalid_request"),
    ("a challenge of 44", {"code_challenge": "a" * 44}, 400, "invalid_request"),
    ("a padded challenge", {"code_challenge": challenge_of("v") + "="}, 400, "invalid_request"),
    ("RFC 6749 3.3: no scope", {"scope": None}, 400, "invalid_scope"),
    ("an unknown scope", {"scope": "order.read everything"}, 400, "invalid_scope"),
    ("SP 5.3.2.2 note 4: no state", {"state": None}, 201, ""),
    ("a state of 1000", {"state": "s" * 1000}, 201, ""),
    ("a state of 3000", {"state": "s" * 3000}, 400, "invalid_request"),
    ("unknown parameters are ignored", {"acr_values": "x", "foo": "bar"}, 201, ""),
    ("no details", {"authorization_details": None}, 201, ""),
    ("RFC 9396 10: an optional component", details(*DETAILS, SWEEP), 201, ""),
    ("RFC 9449 10.1: dpop_jkt", {"dpop_jkt": "a" * 43}, 201, ""),
    ("dpop_jkt of nonsense", {"dpop_jkt": "a" * 44}, 400, "invalid_request"),
]
BAD_DETAILS: list[tuple[str, dict[str, Any]]] = [
    ("not JSON", {"authorization_details": "{"}),
    ("an object", {"authorization_details": "{}"}),
    ("empty", {"authorization_details": "[]"}),
    ("no objects", {"authorization_details": "[1]"}),
    ("a repeated member", {"authorization_details": '[{"type":"a","type":"b"}]'}),
    ("no type", details({"a": 1})),
    ("an unknown type", details({"type": "urn:other"})),
    ("too many", details(*[DETAILS[0]] * 33)),
    ("an unknown member", details(*without("purse"), DETAILS[0] | {"note": "x"})),
    ("an unknown package", details(*[each | {"package": "yacht"} for each in DETAILS])),
    ("an unknown version", details(*[each | {"version": "9.9.9"} for each in DETAILS])),
    ("an unknown component", details(*DETAILS, entry("yacht", "open"))),
    ("a component twice", details(*DETAILS, DETAILS[1])),
    ("a required one missing", details(*without("ride"))),
    ("a negative amount", details(*without("purse"), entry("purse", "open", top_up=fen(-1)))),
    ("an amount above 2^53", details(*without("purse"), entry("purse", "open", top_up=fen(2**53)))),
]


async def test_every_parameter_is_held_to_its_clause(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    rows = ROWS + [
        (f"RFC 9396 5: {clause}", fields, 400, "invalid_authorization_details")
        for clause, fields in BAD_DETAILS
    ]
    wrong = []
    for clause, fields, status, error in rows:
        answer = await post(http, "/oauth/par", partner.par_form(**fields))
        if (answer.status_code, answer.json().get("error", "")) != (status, error):
            wrong.append((clause, answer.status_code, answer.text))
        if answer.headers["cache-control"] != "no-store":
            wrong.append((clause, "is kept by caches", ""))
    assert wrong == []


async def test_the_answer_is_short_lived_and_unguessable(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    answers = [(await post(http, "/oauth/par", partner.par_form())).json() for _ in range(2)]
    assert all(0 < answer["expires_in"] < 600 for answer in answers)
    uris = {answer["request_uri"] for answer in answers}
    assert len(uris) == 2
    assert all(
        uri.startswith("urn:ietf:params:oauth:request_uri:") and len(uri) > 33 + 22 for uri in uris
    )


class Text(msgspec.Struct):
    request_digest: str


async def test_only_a_digest_of_the_request_uri_is_stored(
    story: Story, partner: Partner, database: Database
) -> None:
    request_uri = await story.request_uri(partner)
    rows = await database.all(Query("select request_digest from pushed_request", Text))
    assert all(row.request_digest not in request_uri for row in rows)


async def test_only_post_pushes(http: httpx.AsyncClient) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert (await http.request(method, "/oauth/par")).status_code == 405


async def test_proof_and_dpop_jkt_name_one_key(http: httpx.AsyncClient, partner: Partner) -> None:
    jkt = partner.dpop_key.thumbprint()
    for form, status in (
        (partner.par_form(dpop_jkt=jkt), 201),
        (partner.par_form(), 201),
        (partner.par_form(dpop_jkt=new_key().thumbprint()), 400),
    ):
        answer = await post(http, "/oauth/par", form, partner.proof(URL))
        assert answer.status_code == status, answer.text
    assert answer.json()["error"] == "invalid_dpop_proof"


async def test_a_bad_proof_is_refused_and_uses_nothing_up(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    form = partner.par_form()
    bad = partner.proof(URL, htm="GET")
    answer = await post(http, "/oauth/par", form, bad)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert (await post(http, "/oauth/par", form)).status_code == 201


async def test_a_code_is_bound_to_the_pushed_key(
    http: httpx.AsyncClient, story: Story, partner: Partner, oauth: OAuth
) -> None:
    for binding in ("parameter", "header"):
        fields = {"dpop_jkt": partner.dpop_key.thumbprint()} if binding == "parameter" else {}
        proof = partner.proof(URL) if binding == "header" else None
        pushed = (await post(http, "/oauth/par", partner.par_form(**fields), proof)).json()
        location = await oauth.authorizations.approve(
            partner.client_id, pushed["request_uri"], story.approval()
        )
        form = partner.code_form(answer_of(location)["code"])
        other = partner.proof(f"{ISSUER}/oauth/token", key=new_key())
        answer = await post(http, "/oauth/token", form, other)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        await story.exchange(partner, partner.code_form(answer_of(location)["code"]))


async def test_an_old_request_uri_is_unknown(
    story: Story, partner: Partner, oauth: OAuth, clock: SetClock
) -> None:
    request_uri = await story.request_uri(partner)
    clock.advance(539)
    await oauth.authorizations.begin(partner.client_id, request_uri)
