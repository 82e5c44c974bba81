"""Mutual TLS in the OAuth room: whom a certificate proves (RFC 8705 section 2)."""

import ipaddress
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from gateway.database import Database
from gateway.oauth.addresses import PATHS
from gateway.oauth.discovery import server_metadata
from gateway.onboarding.service import Onboarding
from gateway.rules.service import RuleBook
from tests.certificates import (
    NOT_AFTER,
    NOT_BEFORE,
    Held,
    common_name,
    self_signed,
    signing_itself,
)
from tests.conftest import SetClock
from tests.gateway.oauth.mtls.mutual import (
    A1_SCOPE,
    AUTHORITY,
    BY_ASSERTION,
    MTLS,
    PACKAGES,
    SECRET,
    SELF_SIGNED,
    TRAVEL,
    VERIFIED,
    assert_invalid_client,
    behind_door,
    build,
    by_certificate,
    handed_over,
    token,
)
from tests.gateway.oauth.partner import (
    ASSERTION_TYPE,
    ISSUER,
    REDIRECT_URI,
    VERIFIER,
    Partner,
    challenge_of,
    new_key,
)
from tests.gateway.oauth.story import register
from tests.packs import book_of, shipped_file, with_figure

# ---- who a certificate proves -----------------------------------------------------------------

SUBJECTS: list[tuple[str, dict[str, str], list[x509.GeneralName]]] = [
    ("subject DN", {"tls_client_auth_subject_dn": "cn=TRAVEL client"}, []),
    ("SAN dns", {"tls_client_auth_san_dns": "T.example"}, [x509.DNSName("t.example")]),
    (
        "SAN uri",
        {"tls_client_auth_san_uri": "https://t.example/c"},
        [x509.UniformResourceIdentifier("https://t.example/c")],
    ),
    (
        "SAN ip",
        {"tls_client_auth_san_ip": "2001:db8:0:0::7"},
        [x509.IPAddress(ipaddress.ip_address("2001:db8::7"))],
    ),
    (
        "SAN email",
        {"tls_client_auth_san_email": "Ops@T.example"},
        [x509.RFC822Name("Ops@t.example")],
    ),
]
NEARLY: list[x509.GeneralName] = [
    x509.DNSName("*.example"),
    x509.DNSName("t.example.evil.example"),
    x509.UniformResourceIdentifier("https://t.example/C"),
    x509.IPAddress(ipaddress.ip_address("2001:db8::8")),
    x509.RFC822Name("ops@t.example"),
]


@pytest.mark.parametrize(("kind", "subject", "names"), SUBJECTS, ids=[s[0] for s in SUBJECTS])
async def test_the_registered_subject_proves_the_client_and_a_near_one_does_not(
    http: httpx.AsyncClient,
    onboarding: Onboarding,
    clock: SetClock,
    kind: str,
    subject: dict[str, str],
    names: list[x509.GeneralName],
) -> None:
    one = await register(onboarding, clock, kind, metadata=by_certificate(**subject))
    right = AUTHORITY.issue(common_name("Travel Client"), *names)
    wrong = AUTHORITY.issue(common_name("Travel Clients"), *NEARLY)
    answer = await token(http, one.client_id, right)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer"), answer.text
    assert_invalid_client(await token(http, one.client_id, wrong), "does not name")


async def authenticate_everywhere(
    http: httpx.AsyncClient, client_id: str, held: Held | None
) -> dict[str, httpx.Response]:
    """The client's answer at every endpoint, each asked for something it may have."""
    pushed = {
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "order.read",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    asked: dict[str, dict[str, str]] = {
        "par": pushed,
        "token": {"grant_type": "client_credentials", "scope": "catalog.read"},
        "revocation": {"token": "unknown"},
        "introspection": {"token": "unknown"},
    }
    return {
        endpoint: await http.post(
            PATHS[endpoint],  # type: ignore[index]
            data=form | {"client_id": client_id},
            headers=handed_over(held),
        )
        for endpoint, form in asked.items()
    }


async def test_a_certificate_proves_its_client_at_every_endpoint(
    http: httpx.AsyncClient, travel: Partner
) -> None:
    answers = await authenticate_everywhere(http, travel.client_id, TRAVEL)
    statuses = {endpoint: answer.status_code for endpoint, answer in answers.items()}
    assert statuses == {"par": 201, "token": 200, "revocation": 200, "introspection": 200}
    other = AUTHORITY.issue(common_name("Somebody"))
    for answer in (await authenticate_everywhere(http, travel.client_id, other)).values():
        assert_invalid_client(answer, "does not name")
    for answer in (await authenticate_everywhere(http, travel.client_id, None)).values():
        assert_invalid_client(answer, "present its certificate")


async def test_at_the_ordinary_address_it_is_told_where_to_go(
    http: httpx.AsyncClient, travel: Partner
) -> None:
    form = {"grant_type": "client_credentials", "client_id": travel.client_id}
    # Nobody but a terminator is believed about a certificate.
    for headers in ({}, {"Client-Cert": TRAVEL.field}, {"Tessera-Terminator": "guess" * 8}):
        answer = await http.post("/oauth/token", data=form, headers=headers)
        assert_invalid_client(answer, f"{MTLS}/oauth/token")


async def test_a_certificate_has_its_dates(
    http: httpx.AsyncClient, travel: Partner, clock: SetClock
) -> None:
    now, day = clock.now(), timedelta(days=1)
    for dates in ((NOT_BEFORE, now - day), (now + day, NOT_AFTER)):
        held = AUTHORITY.issue(
            common_name("Travel Client"), not_before=dates[0], not_after=dates[1]
        )
        assert_invalid_client(await token(http, travel.client_id, held), "expired or is not valid")


async def test_a_self_signed_certificate_proves_no_subject(
    http: httpx.AsyncClient, travel: Partner
) -> None:
    forged = self_signed("Travel Client")
    assert_invalid_client(await token(http, travel.client_id, forged), "vouches")
    # Not even where a terminator believes its own list of them, and says so.
    form = {"grant_type": "client_credentials", "client_id": travel.client_id}
    answer = await http.post("/oauth/token", data=form, headers=handed_over(forged) | VERIFIED)
    assert_invalid_client(answer, "proves no subject")


# OpenSSL compares names without case and spaces, so that each of these is "self-signed" to a
# terminator that lets those in, while no byte-for-byte comparison finds it so.
UNKNOWN_TYPE = x509.ObjectIdentifier("1.2.3.4")
IN_ANOTHER_SPELLING = {
    "another case": common_name("TRAVEL CLIENT"),
    "two spaces": common_name("Travel  Client"),
    "a space before": common_name(" Travel Client"),
    "a space after": common_name("Travel Client "),
}


@pytest.mark.parametrize("issuer", IN_ANOTHER_SPELLING)
async def test_a_certificate_that_spells_its_own_name_differently_proves_no_subject(
    issuer: str, http: httpx.AsyncClient, travel: Partner
) -> None:
    forged = signing_itself(common_name("Travel Client"), IN_ANOTHER_SPELLING[issuer])
    assert_invalid_client(await token(http, travel.client_id, forged), "vouches")


async def test_an_alternative_name_that_nobody_vouches_for_proves_nothing(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    subject = by_certificate(tls_client_auth_san_dns="t.example")
    one = await register(onboarding, clock, "SAN", metadata=subject)
    small, large = (x509.Name([x509.NameAttribute(UNKNOWN_TYPE, text)]) for text in ("abc", "ABC"))
    forged = signing_itself(small, large, x509.DNSName("t.example"))
    assert_invalid_client(await token(http, one.client_id, forged), "vouches")


async def test_a_subject_counts_only_where_the_terminator_says_that_it_verified_it(
    http: httpx.AsyncClient, travel: Partner
) -> None:
    form = {
        "grant_type": "client_credentials",
        "scope": "catalog.read",
        "client_id": travel.client_id,
    }
    said = {"Tessera-Terminator": SECRET, "Client-Cert": TRAVEL.field}
    name = "Tessera-Certificate-Verified"
    unsaid: list[list[tuple[str, str]]] = [
        [], [(name, "")], [(name, "0")], [(name, "true")], [(name, "1"), (name, "1")],
    ]  # fmt: skip
    for words in unsaid:
        headers = [*said.items(), *words]
        answer = await http.post("/oauth/token", data=form, headers=headers)
        assert_invalid_client(answer, "vouches")
    # The very same certificate, and the gateway remembers what was said of each handshake.
    answer = await http.post("/oauth/token", data=form, headers=said | {name: "1"})
    assert answer.status_code == 200, answer.text
    assert_invalid_client(await http.post("/oauth/token", data=form, headers=said), "vouches")


async def test_a_self_signed_client_is_proved_by_its_registered_key(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = ECKey(key, key).as_dict(private=False) | {"kid": "tls"}
    one = await register(
        onboarding, clock, "Own", metadata=SELF_SIGNED, jwks={"keys": [jwk]}, scope=A1_SCOPE
    )
    # The certificate may be renewed: it is the key that is registered (RFC 8705 section 2.2).
    for name in ("anything", "anything else"):
        answer = await token(http, one.client_id, self_signed(name, key))
        assert answer.status_code == 200, answer.text
    for wrong in (self_signed("anything"), AUTHORITY.issue(common_name("anything"))):
        assert_invalid_client(await token(http, one.client_id, wrong), "key is not registered")
    early = self_signed("anything", key, not_before=clock.now() + timedelta(days=1))
    assert_invalid_client(await token(http, one.client_id, early), "not valid yet")


async def test_everything_names_one_client_in_one_way(
    http: httpx.AsyncClient, travel: Partner, onboarding: Onboarding, clock: SetClock
) -> None:
    """RFC 7521 section 4.2, and one method for each client (requirement 30)."""
    other = await register(onboarding, clock, "Other", metadata=BY_ASSERTION)
    assertion = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": other.assertion()}
    # The assertion's client, and the certificate of another by its client_id.
    answer = await token(http, travel.client_id, TRAVEL, **assertion)
    assert_invalid_client(answer, "client_id")
    # A client registered for certificates has no assertion, not even beside its certificate.
    forged = Partner(travel.client_id, clock, new_key())
    assertion["client_assertion"] = forged.assertion()
    for held in (TRAVEL, None):
        answer = await token(http, travel.client_id, held, **assertion)
        assert_invalid_client(answer, "no client_assertion")
    # A client registered for assertions is not proved by a certificate.
    assert_invalid_client(await token(http, other.client_id, TRAVEL), "private_key_jwt")
    assert_invalid_client(await token(http, "cli_nobody", TRAVEL), "names no client")
    answer = await http.post("/oauth/token", data={"grant_type": "client_credentials"})
    assert_invalid_client(answer, "must authenticate")


async def test_a_certificate_with_another_clients_key_is_refused_beside_an_assertion(
    http: httpx.AsyncClient, onboarding: Onboarding, clock: SetClock
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = ECKey(key, key).as_dict(private=False) | {"kid": "tls"}
    await register(
        onboarding, clock, "Own", metadata=SELF_SIGNED, jwks={"keys": [jwk]}, scope=A1_SCOPE
    )
    one = await register(onboarding, clock, "One", metadata=BY_ASSERTION)
    assertion = one.assertion()
    fields = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    stolen = await token(http, one.client_id, self_signed("x", key), **fields)
    assert_invalid_client(stolen, "another client")
    # The refusal used nothing up.
    answer = await token(http, one.client_id, AUTHORITY.issue(common_name("One")), **fields)
    assert answer.status_code == 200, answer.text


async def test_a_malformed_certificate_is_the_terminators_fault(
    http: httpx.AsyncClient, travel: Partner
) -> None:
    said = {"Tessera-Terminator": SECRET, "Client-Cert": ":bm8gY2VydA==:"}
    form = {"grant_type": "client_credentials", "client_id": travel.client_id}
    answer = await http.post("/oauth/token", data=form, headers=said)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "Client-Cert" in answer.json()["error_description"]
    answer = await http.get(PACKAGES, headers=said | {"Authorization": "Bearer x"})
    assert answer.status_code == 400


# ---- the rule pack ----------------------------------------------------------------------------


def rules_allowing(*methods: str) -> RuleBook:
    return book_of(with_figure(shipped_file(), "CN-API-03", "a2_auth", methods))


async def test_cn_api_03_holds_an_a2_client_to_the_methods_in_force(
    rooms: tuple[Any, ...], onboarding: Onboarding, clock: SetClock, database: Database
) -> None:
    everybody = await register(onboarding, clock, "All", metadata=by_certificate())
    harmless = await register(
        onboarding, clock, "Some", metadata=by_certificate(), jwks=None, scope=A1_SCOPE
    )
    for methods, status in ((("private_key_jwt", "tls_client_auth"), 200), (("other",), 401)):
        oauth = build(*rooms, rules=rules_allowing(*methods))
        await oauth.ensure()
        transport = httpx.ASGITransport(behind_door(oauth, database, clock))
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
            answer = await token(http, everybody.client_id, TRAVEL)
            assert answer.status_code == status, answer.text
            if status == 401:
                assert_invalid_client(answer, "level A2")
            assert (await token(http, harmless.client_id, TRAVEL)).status_code == 200


# ---- what the server says of itself ------------------------------------------------------------


def test_the_aliases_are_at_the_terminators_address_and_never_for_browsers() -> None:
    said = server_metadata(ISSUER, MTLS)
    aliases = said["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == f"{MTLS}/oauth/token"
    assert aliases["pushed_authorization_request_endpoint"] == f"{MTLS}/oauth/par"
    assert {"revocation_endpoint", "introspection_endpoint"} <= aliases.keys()
    assert "authorization_endpoint" not in aliases
    assert all(name.endswith("_endpoint") and name in said for name in aliases)
    assert said["tls_client_certificate_bound_access_tokens"] is True
    methods = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"]
    for name in ("token", "revocation", "introspection"):
        assert said[f"{name}_endpoint_auth_methods_supported"] == methods


def test_without_a_terminator_nothing_of_it_is_said() -> None:
    said = server_metadata(ISSUER)
    assert "mtls_endpoint_aliases" not in said
    assert "tls_client_certificate_bound_access_tokens" not in said
    assert said["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
