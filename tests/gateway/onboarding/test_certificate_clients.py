"""Clients known by certificates: where they are of use, and with the keys that they need."""

from typing import Any

import httpx
import msgspec
import pytest

from contracts import errors
from contracts.v1.onboarding import RegisteredClient
from gateway.audit.service import Audit
from gateway.database import Database
from gateway.kit.vault import Vault
from gateway.onboarding.metadata import decode
from gateway.onboarding.service import Onboarding
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.onboarding.applicant import Applicant, door, refused, trust
from tests.gateway.onboarding.documents import fresh, jwks, wish

BY_SUBJECT = {
    "token_endpoint_auth_method": "tls_client_auth",
    "tls_client_auth_subject_dn": "CN=wayfare,O=Wayfare",
}
BOUND = {"tls_client_certificate_bound_access_tokens": True}


@pytest.fixture
def without(database: Database, vault: Vault) -> Onboarding:
    """The register of a gateway without TESSERA_MTLS_ISSUER."""
    return Onboarding(database, Audit(load_book()), vault, sandbox=True, mutual_tls=False)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        (BY_SUBJECT, "token_endpoint_auth_method"),
        (
            {"token_endpoint_auth_method": "self_signed_tls_client_auth"},
            "token_endpoint_auth_method",
        ),
        (BOUND, "tls_client_certificate_bound_access_tokens"),
    ],
)
async def test_without_addresses_that_ask_for_certificates_the_setting_is_named(
    without: Onboarding,
    onboarding: Onboarding,
    clock: SetClock,
    members: dict[str, Any],
    field: str,
) -> None:
    asked = wish(metadata=decode(members), jwks=jwks(fresh()), scope="catalog.read")
    with pytest.raises(errors.InvalidField, match="TESSERA_MTLS_ISSUER") as refusal:
        await without.register(asked, operator="ada", at=clock.now())
    assert refusal.value.extras["field"] == field
    await onboarding.register(asked, operator="ada", at=clock.now())


async def test_a_statements_client_hears_the_same(
    without: Onboarding, clock: SetClock, partner: RegisteredClient
) -> None:
    await trust(without, clock)
    transport = httpx.ASGITransport(door(without, clock))
    async with httpx.AsyncClient(transport=transport, base_url="https://bank.example") as http:
        applicant = Applicant(http, clock, partner.partner_id)
        answer = await applicant.apply(**BOUND)
        assert "TESSERA_MTLS_ISSUER" in refused(answer, "invalid_client_metadata")
        assert (await applicant.apply()).status_code == 201


@pytest.mark.parametrize(
    ("scope", "members", "says"),
    [
        ("order.write", {}, "Calls with order.write are signed"),
        ("payment.initiate order.read", {}, "Calls with payment.initiate are signed"),
        ("order.read", {"http_message_signatures": "required"}, "is to sign its calls"),
    ],
)
async def test_who_must_sign_needs_a_key_beside_its_certificate(
    onboarding: Onboarding, clock: SetClock, scope: str, members: dict[str, Any], says: str
) -> None:
    document = BY_SUBJECT | members
    asked = wish(metadata=decode(document), scope=scope)
    with pytest.raises(errors.InvalidField, match=says) as refusal:
        await onboarding.register(asked, operator="ada", at=clock.now())
    assert refusal.value.extras["field"] == "jwks"
    for keys in ({"jwks": jwks(fresh())}, {"jwks_uri": "https://wayfare.example/jwks"}):
        whole = wish(metadata=decode(document | keys), scope=scope)
        await onboarding.register(whole, operator="ada", at=clock.now())


async def test_who_only_reads_needs_none(onboarding: Onboarding, clock: SetClock) -> None:
    asked = wish(metadata=decode(BY_SUBJECT), scope="catalog.read order.read")
    made = await onboarding.register(asked, operator="ada", at=clock.now())
    assert made.key_thumbprints == []


async def test_a_name_is_as_long_as_those_of_banks(onboarding: Onboarding, clock: SetClock) -> None:
    longest = ",".join(["OU=" + "w" * 60] * 16) + "w"
    assert len(longest) == 1024
    document = BY_SUBJECT | {"tls_client_auth_subject_dn": longest}
    asked = wish(metadata=decode(document), scope="order.read")
    made = await onboarding.register(asked, operator="ada", at=clock.now())
    client = await onboarding.find(made.client_id)
    assert client is not None and client.metadata.tls_client_auth_subject_dn == longest
    with pytest.raises(msgspec.ValidationError, match="length <= 1024"):
        decode(BY_SUBJECT | {"tls_client_auth_subject_dn": longest + "w"})
