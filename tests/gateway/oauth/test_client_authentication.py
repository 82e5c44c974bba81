"""private_key_jwt, clause by clause, at every endpoint that authenticates a client."""

from typing import Any

import httpx
from joserfc.jwk import ECKey, OctKey

from contracts.v1.clients import ClientMetadata
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, new_key, post, sign
from tests.gateway.oauth.story import register

FOREIGN_KEY = ECKey.generate_key("P-256")
ENDPOINTS: dict[str, tuple[str, dict[str, Any]]] = {
    "par": ("/oauth/par", {}),
    "token": ("/oauth/token", {"grant_type": "client_credentials", "scope": "catalog.read"}),
    "revocation": ("/oauth/revoke", {"token": "unknown"}),
    "introspection": ("/oauth/introspect", {"token": "unknown"}),
}


async def send(
    http: httpx.AsyncClient, partner: Partner, endpoint: str, assertion: str | None, **fields: Any
) -> httpx.Response:
    path, usual = ENDPOINTS[endpoint]
    build = partner.par_form if endpoint == "par" else partner.form
    form = build(assertion=assertion, **(usual | fields))
    return await post(http, path, form, partner.proof(ISSUER + path))


# clause, what the assertion says (a number after "exp", "iat" or "nbf" is seconds from now)
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("SP 5.3.2.1-8: aud as an array", {"aud": [ISSUER]}),
    ("SP 5.3.2.1-8: aud is the token endpoint", {"aud": f"{ISSUER}/oauth/token"}),
    ("SP 5.3.2.1-8: aud is the PAR endpoint", {"aud": f"{ISSUER}/oauth/par"}),
    ("SP 5.3.2.1-8: aud with a slash", {"aud": f"{ISSUER}/"}),
    ("RFC 7523 3-3: aud missing", {"aud": None}),
    ("RFC 7523 3-2: sub missing", {"sub": None}),
    ("RFC 7523 3-1: iss missing", {"iss": None}),
    ("RFC 7523 3-1: iss is somebody else", {"iss": "cli_somebody"}),
    ("RFC 7523 3-2: sub is unknown", {"sub": "cli_somebody", "iss": "cli_somebody"}),
    ("sub is no identifier", {"sub": "a\u0000b", "iss": "a\u0000b"}),
    ("RFC 7523 3-4: exp missing", {"exp": None}),
    ("RFC 7523 3-4: exp five minutes ago", {"exp": -300}),
    ("RFC 7523 3-4: exp a moment ago", {"exp": -1}),
    ("RFC 7523 3-4: exp unreasonably far", {"exp": 86400}),
    ("exp is a string", {"exp": "soon"}),
    ("SP 5.3.2.1-13: nbf over 60 s ahead", {"nbf": 61}),
    ("SP 5.3.2.1-13: iat over 60 s ahead", {"iat": 61}),
    ("OIDCC 9: jti missing", {"jti": None}),
    ("OIDCC 9: jti empty", {"jti": ""}),
    ("jti too long", {"jti": "j" * 300}),
    ("jti is a number", {"jti": 7}),
    ("RFC 8725 3.11: typ of a DPoP proof", {"header": {"typ": "dpop+jwt"}}),
    ("RFC 8725 3.11: typ of a request object", {"header": {"typ": "oauth-authz-req+jwt"}}),
    ("RFC 8725 3.11: typ of an access token", {"header": {"typ": "at+jwt"}}),
    ("RFC 7515 4.1.11: unknown crit", {"header": {"crit": ["b64"], "b64": True}}),
    ("a key nobody registered", {"key": FOREIGN_KEY}),
    ("kid of no key", {"header": {"kid": "nobody"}}),
]
ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("SP 5.3.2.1-13: nbf 10 s ahead", {"nbf": 10}),
    ("SP 5.3.2.1-13: iat 10 s ahead", {"iat": 10}),
    ("SP 5.3.2.1-13: iat 10 s ago", {"iat": -10}),
    ("iat missing", {"iat": None}),
    ("typ JWT", {"header": {"typ": "JWT"}}),
    ("typ client-authentication+jwt", {"header": {"typ": "client-authentication+jwt"}}),
    ("no kid", {"header": {"kid": None}}),
    ("an extra claim", {"extra": {"a": 1}}),
]


def spoiled(partner: Partner, changes: dict[str, Any]) -> str:
    moments = {
        name: int(partner.now) + value
        for name, value in changes.items()
        if name in ("exp", "iat", "nbf") and isinstance(value, int)
    }
    return partner.assertion(**(changes | moments))


def assert_invalid_client(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_assertions_that_are_refused_everywhere(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    wrong = []
    for clause, changes in REFUSED:
        for endpoint in ENDPOINTS:
            answer = await send(http, partner, endpoint, spoiled(partner, changes))
            if (answer.status_code, answer.json().get("error")) != (401, "invalid_client"):
                wrong.append((clause, endpoint, answer.text))
    assert wrong == []


async def test_assertions_that_are_accepted(http: httpx.AsyncClient, partner: Partner) -> None:
    wrong = []
    for clause, changes in ACCEPTED:
        answer = await send(http, partner, "token", spoiled(partner, changes))
        if answer.status_code != 200:
            wrong.append((clause, answer.text))
    assert wrong == []


async def test_an_assertion_counts_once_wherever_it_is_used(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    for endpoint in ENDPOINTS:
        assertion = partner.assertion()
        first = await send(http, partner, endpoint, assertion)
        assert first.status_code in (200, 201), first.text
        for again in ENDPOINTS:
            assert_invalid_client(await send(http, partner, again, assertion))


async def test_two_clients_may_use_one_jti(
    http: httpx.AsyncClient, partner: Partner, stranger: Partner
) -> None:
    for one in (partner, stranger):
        answer = await send(http, one, "token", one.assertion(jti="the-same"))
        assert answer.status_code == 200, answer.text


UNREADABLE: list[dict[str, Any]] = [
    {"client_assertion": None},
    {"client_assertion_type": None},
    {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
    {"client_assertion": "not.a.token"},
    {"client_assertion": "e30.e30.e30"},
    {"client_assertion": "a" * 9000},
]


async def test_without_a_readable_assertion_there_is_no_client(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    for fields in UNREADABLE:
        for endpoint in ENDPOINTS:
            assert_invalid_client(await send(http, partner, endpoint, None, **fields))


async def test_the_form_may_not_name_another_client(
    http: httpx.AsyncClient, partner: Partner, stranger: Partner
) -> None:
    for endpoint in ENDPOINTS:
        answer = await send(http, partner, endpoint, None, client_id=stranger.client_id)
        assert_invalid_client(answer)
        answer = await send(http, partner, endpoint, None, client_id=None)
        assert answer.status_code in (200, 201), answer.text


async def test_a_second_way_of_authenticating_is_refused(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    for endpoint, (path, usual) in ENDPOINTS.items():
        answer = await send(http, partner, endpoint, None, client_secret="secret")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        headers = {"Authorization": "Basic YTpi", "DPoP": partner.proof(ISSUER + path)}
        form = partner.par_form() if endpoint == "par" else partner.form(**usual)
        answer = await http.post(path, data=form, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_every_algorithm_of_fapi_works(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    path = "/oauth/token"
    for algorithm in ("ES256", "PS256", "EdDSA", "Ed25519"):
        one = await register(onboarding, clock, "Algo", algorithm=algorithm)
        one.dpop_key = new_key(algorithm)
        form = one.form(grant_type="client_credentials", scope="catalog.read")
        proof = one.proof(ISSUER + path, header={"alg": algorithm})
        answer = await post(http, path, form, proof)
        assert answer.status_code == 200, answer.text


async def test_rs256_is_refused_with_a_key_that_would_verify_it(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    one = await register(onboarding, clock, "Rsa", algorithm="PS256")
    answer = await send(http, one, "token", one.assertion(header={"alg": "RS256"}))
    assert_invalid_client(answer)
    # By its name, before any key is tried.
    assert "alg is not one of" in answer.json()["error_description"]


async def test_no_algorithm_outside_fapi_passes_whatever_key_is_behind_it(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    """SP 5.4.1-1: neither unsigned, nor keyed with what everybody knows of the client."""
    public = partner.key.as_dict(private=False)
    forged = {
        "none": partner.key,
        "HS256": OctKey.import_key(str(public["x"]).encode()),
    }
    for algorithm, key in forged.items():
        for kid in (partner.key.kid, None):
            assertion = partner.assertion(header={"alg": algorithm, "kid": kid}, key=key)
            for endpoint in ENDPOINTS:
                assert_invalid_client(await send(http, partner, endpoint, assertion))


async def test_a_client_is_held_to_the_algorithm_it_registered(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    """RFC 8725 section 3.1: by the registration and the kind of key, not by the header alone."""
    keys = {algorithm: new_key(algorithm) for algorithm in ("ES256", "PS256", "EdDSA")}
    one = await register(
        onboarding,
        clock,
        "Held",
        metadata=ClientMetadata(token_endpoint_auth_signing_alg="EdDSA"),
        jwks={"keys": [key.as_dict(private=False) for key in keys.values()]},
    )
    for name, key, algorithm, is_good in (
        ("its own", keys["EdDSA"], "EdDSA", True),
        ("its own by the new name", keys["EdDSA"], "Ed25519", True),
        ("another that its keys could make", keys["ES256"], "ES256", False),
        ("another that its keys could make", keys["PS256"], "PS256", False),
    ):
        header = {"alg": algorithm, "kid": key.kid}
        answer = await send(http, one, "token", one.assertion(header=header, key=key))
        assert (answer.status_code == 200) is is_good, (name, answer.text)
        if not is_good:
            assert_invalid_client(answer)
    # A header that claims another key's algorithm finds no key of that kind.
    crossed = one.assertion(header={"alg": "ES256", "kid": keys["EdDSA"].kid}, key=keys["ES256"])
    assert_invalid_client(await send(http, one, "token", crossed))


async def test_a_retired_key_is_refused_at_once(
    http: httpx.AsyncClient, partner: Partner, onboarding: Onboarding, clock: SetClock
) -> None:
    assert (await send(http, partner, "token", None)).status_code == 200
    await onboarding.retire_key(
        partner.client_id, partner.key.thumbprint(), operator="test", at=clock.now()
    )
    assert_invalid_client(await send(http, partner, "token", None))


async def test_an_assertion_with_a_repeated_claim_is_refused(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    claims = (
        f'{{"iss":"{partner.client_id}","sub":"{partner.client_id}","aud":"https://evil.example",'
        f'"aud":"{ISSUER}","jti":"j","exp":{int(partner.now) + 60}}}'
    )
    header = {"alg": "ES256", "kid": partner.key.kid}
    assert_invalid_client(
        await send(http, partner, "token", sign(header, claims.encode(), partner.key))
    )
