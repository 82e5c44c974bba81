"""Sectors: within which a customer has one name, and who may say that it is theirs."""

from typing import Any

import pytest

from contracts import errors
from gateway.onboarding.metadata import decode
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.gateway.onboarding.documents import Documents, fresh, jwks, wish

TWO = ["https://a.example/back", "https://b.example/back"]


async def sector(onboarding: Onboarding, clock: SetClock, **members: Any) -> str:
    document = {"redirect_uris": TWO, "jwks": jwks(fresh())} | members
    asked = wish(metadata=decode(document), redirect_uris=[])
    made = await onboarding.register(asked, operator="ada", at=clock.now())
    client = await onboarding.find(made.client_id)
    assert client is not None
    return client.sector


async def test_the_sector_is_the_host_of_the_redirect_address(
    onboarding: Onboarding, clock: SetClock
) -> None:
    found = await sector(onboarding, clock, redirect_uris=["https://A.example:8443/back"])
    assert found == "a.example"


async def test_a_client_without_redirect_addresses_has_no_sector(
    onboarding: Onboarding, clock: SetClock
) -> None:
    grants = {"grant_types": ["client_credentials"], "redirect_uris": []}
    assert await sector(onboarding, clock, **grants) == ""


async def test_a_document_names_the_sector_of_several_hosts(
    onboarding: Onboarding, clock: SetClock, documents: Documents
) -> None:
    uri = documents.put("/sector.json", [*TWO, "https://c.example/back"])
    assert await sector(onboarding, clock, sector_identifier_uri=uri) == "127.0.0.1"
    assert documents.asked == ["/sector.json"]


@pytest.mark.parametrize(
    ("document", "status", "says"),
    [
        (TWO[:1], 200, "every redirect address"),
        ([], 200, "every redirect address"),
        ([f"{TWO[0]}/", TWO[1]], 200, "every redirect address"),
        ({"redirect_uris": TWO}, 200, "JSON array"),
        ([*TWO, 1], 200, "JSON array"),
        (b"<html>", 200, "JSON array"),
        (TWO, 404, "not read"),
        (TWO, 302, "not read"),
        ([*TWO, "x" * 70_000], 200, "not read"),
    ],
)
async def test_a_document_that_does_not_vouch_is_refused(
    onboarding: Onboarding,
    clock: SetClock,
    documents: Documents,
    document: Any,
    status: int,
    says: str,
) -> None:
    uri = documents.put("/sector.json", document, status=status)
    with pytest.raises(errors.InvalidField, match=says) as refusal:
        await sector(onboarding, clock, sector_identifier_uri=uri)
    assert refusal.value.extras["field"] == "sector_identifier_uri"
    assert documents.asked == ["/sector.json"]


async def test_only_the_senders_addresses_are_asked(live: Onboarding, clock: SetClock) -> None:
    with pytest.raises(errors.InvalidField, match="not read"):
        await sector(live, clock, sector_identifier_uri="https://a.example/sector.json")
