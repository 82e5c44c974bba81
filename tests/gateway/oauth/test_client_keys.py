"""Keys of clients: chosen by kind before name, and followed to the address that publishes them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from joserfc.jwk import Key

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.audit.service import Audit
from gateway.database import Database, Statement, Unit
from gateway.kit.http import Sender as KitSender
from gateway.kit.vault import Vault
from gateway.oauth.clients import RegisteredClients, Sought
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, new_key, post
from tests.gateway.oauth.story import Story, register
from tests.gateway.onboarding.documents import (
    Documents,
    Sender,
    fresh,
    jwks,
    public,
    serving,
)

SUSPEND = Statement("update client set status = 'suspended' where client_id = :client_id")


@pytest.fixture
async def documents() -> AsyncIterator[Documents]:
    async with serving() as held:
        yield held


@pytest.fixture
async def sender(documents: Documents) -> AsyncIterator[KitSender]:
    opened = Sender(listed=[documents.place])
    yield opened
    await opened.close()


@pytest.fixture
def onboarding(database: Database, audit: Audit, vault: Vault, sender: KitSender) -> Onboarding:
    return Onboarding(database, audit, vault, sandbox=True, sender=sender)


@pytest.fixture
async def publisher(onboarding: Onboarding, clock: SetClock, documents: Documents) -> Partner:
    """A client whose keys stand at an address of its own."""
    key = fresh(kid="first")
    uri = documents.put("/jwks", jwks(key))
    made = await register(
        onboarding, clock, "Publisher", jwks=None, metadata=ClientMetadata(jwks_uri=uri)
    )
    return Partner(made.client_id, clock, key)


async def ask(http: httpx.AsyncClient, partner: Partner, **assertion: Any) -> str:
    """What the token endpoint says to an assertion: `ok` or the error."""
    form = partner.form(
        grant_type="client_credentials",
        scope="catalog.read",
        assertion=partner.assertion(**assertion),
    )
    answer = await post(http, "/oauth/token", form, partner.proof(f"{ISSUER}/oauth/token"))
    said: str = "ok" if answer.status_code == 200 else answer.json()["error"]
    return said


@pytest.mark.parametrize("kid", ["k", None])
async def test_keys_of_one_kid_are_told_apart_by_kind(
    http: httpx.AsyncClient,
    onboarding: Onboarding,
    clock: SetClock,
    documents: Documents,
    kid: str | None,
) -> None:
    """FAPI 2.0 SP 5.4.3: several keys may share a `kid`; none of them hides another."""
    keys = [fresh(name, kid="k") for name in ("ES256", "ES256", "PS256", "EdDSA")]
    uri = documents.put("/jwks", jwks(*keys))
    made = await register(
        onboarding, clock, "Many", jwks=None, metadata=ClientMetadata(jwks_uri=uri)
    )
    for key, algorithm in zip(keys, ("ES256", "ES256", "PS256", "EdDSA"), strict=True):
        partner = Partner(made.client_id, clock, key, algorithm)
        assert await ask(http, partner, header={"kid": kid}) == "ok"
    stranger = Partner(made.client_id, clock, fresh(kid="k"))
    assert await ask(http, stranger, header={"kid": kid}) == "invalid_client"


async def test_a_set_with_keys_for_other_uses_serves(
    http: httpx.AsyncClient, publisher: Partner, documents: Documents
) -> None:
    mixed = [
        public(fresh("PS256", kid="first"), use="enc"),
        public(fresh("PS256", kid="first"), alg="RS256"),
        public(publisher.key, use="sig", alg="ES256"),
    ]
    documents.put("/jwks", {"keys": mixed})
    assert await ask(http, publisher) == "ok"


async def test_a_rotated_key_works_at_once_and_the_old_one_ends_within_a_minute(
    http: httpx.AsyncClient, publisher: Partner, documents: Documents, clock: SetClock
) -> None:
    """OIDC Core 10.1.1: the new `kid` is the sign to look again."""
    assert await ask(http, publisher) == "ok"
    old, new = publisher.key, fresh(kid="second")
    documents.put("/jwks", jwks(new))
    clock.advance(5)
    assert await ask(http, publisher, key=new, header={"kid": "second"}) == "ok"
    assert await ask(http, publisher, key=old) == "invalid_client"
    assert documents.asked == ["/jwks", "/jwks"]


async def test_a_key_that_nobody_asks_past_ends_within_a_minute(
    http: httpx.AsyncClient, publisher: Partner, documents: Documents, clock: SetClock
) -> None:
    assert await ask(http, publisher) == "ok"
    documents.put("/jwks", jwks(fresh(kid="second")))
    clock.advance(59)
    assert await ask(http, publisher) == "ok"
    clock.advance(1)
    assert await ask(http, publisher) == "invalid_client"


async def test_nobody_has_us_fetch_faster_by_naming_a_client(
    http: httpx.AsyncClient, publisher: Partner, documents: Documents, clock: SetClock
) -> None:
    assert await ask(http, publisher) == "ok"
    attacker = new_key()
    for number in range(40):
        clock.advance(0.25)
        kid = f"invented-{number}"
        assert await ask(http, publisher, key=attacker, header={"kid": kid}) == "invalid_client"
    assert len(documents.asked) == 3
    # The client itself is not kept out by it.
    assert await ask(http, publisher) == "ok"


async def test_an_address_that_is_down_does_not_stop_its_client_at_once(
    http: httpx.AsyncClient, publisher: Partner, documents: Documents, clock: SetClock
) -> None:
    assert await ask(http, publisher) == "ok"
    documents.put("/jwks", b"down", status=503)
    clock.advance(11 * 60 - 1)
    assert await ask(http, publisher) == "ok"
    clock.advance(1)
    assert await ask(http, publisher) == "invalid_client"


async def test_nothing_is_fetched_for_a_suspended_client(
    http: httpx.AsyncClient, publisher: Partner, documents: Documents, database: Database
) -> None:
    unit = Unit("test.suspend")
    unit.add(SUSPEND, client_id=publisher.client_id)
    await database.commit(unit)
    assert await ask(http, publisher) == "invalid_client"
    assert documents.asked == []


async def test_a_certificates_key_that_is_not_known_is_looked_for(
    onboarding: Onboarding, documents: Documents, clock: SetClock
) -> None:
    """RFC 8705 section 2.2.2: a new self-signed certificate is announced by its key."""
    uri = documents.put("/jwks", jwks(fresh()))
    metadata = ClientMetadata(
        jwks_uri=uri,
        token_endpoint_auth_method="self_signed_tls_client_auth",
    )
    publisher = await register(
        onboarding, clock, "Own", jwks=None, scope="openid", metadata=metadata
    )
    clients = RegisteredClients(onboarding, clock)
    assert await clients.find(publisher.client_id)
    renewed = fresh()
    documents.put("/jwks", jwks(renewed))
    clock.advance(5)
    found = await clients.find(publisher.client_id, Sought(thumbprint=renewed.thumbprint()))
    assert found is not None
    assert found.has_key(renewed.thumbprint())
    again = await clients.find(publisher.client_id, Sought(thumbprint=renewed.thumbprint()))
    assert again is not None
    assert len(documents.asked) == 2


async def test_an_authoritys_certificate_is_not_looked_for(
    onboarding: Onboarding, publisher: Partner, documents: Documents, clock: SetClock
) -> None:
    clients = RegisteredClients(onboarding, clock)
    for _ in range(3):
        assert await clients.find(publisher.client_id, Sought(thumbprint=fresh().thumbprint()))
        clock.advance(6)
    assert documents.asked == ["/jwks"]


async def test_a_request_object_brings_a_new_key_too(
    http: httpx.AsyncClient, publisher: Partner, documents: Documents, clock: SetClock
) -> None:
    assert await ask(http, publisher) == "ok"
    documents.put("/jwks", jwks(publisher.key, fresh(kid="signer")))
    clock.advance(5)
    # Not a good object, but its `kid` is looked for before anybody judges it.
    header = "eyJhbGciOiJFUzI1NiIsImtpZCI6InNpZ25lciJ9"
    await post(http, "/oauth/par", publisher.form(request=f"{header}.e30.AA"))
    assert len(documents.asked) == 2
    # What is not even a header is not looked for.
    clock.advance(5)
    await post(http, "/oauth/par", publisher.form(request="\N{SNOWMAN}"))
    assert len(documents.asked) == 2


async def test_a_published_key_proves_the_client_and_binds_no_token(
    http: httpx.AsyncClient, publisher: Partner
) -> None:
    """A key has one purpose, also where it is not registered by value."""
    publisher.dpop_key = publisher.key
    assert await ask(http, publisher) == "invalid_dpop_proof"
    publisher.dpop_key = new_key()
    assert await ask(http, publisher) == "ok"


async def test_a_key_that_a_live_token_is_bound_to_cannot_be_registered(
    story: Story, partner: Partner, onboarding: Onboarding, clock: SetClock
) -> None:
    """A key has one purpose: not this one's proof and that one's assertion."""
    await story.client_token(partner)
    held: Key = partner.dpop_key
    wanted = {"jwks": {"keys": [public(held)]}}
    with pytest.raises(errors.KeyAlreadyRegistered):
        await register(onboarding, clock, "Thief", **wanted)
    clock.advance(24 * 3600)
    await register(onboarding, clock, "Later", **wanted)


async def test_a_client_id_is_never_shaped_like_a_customers_name(
    oauth: Any, partner: Partner
) -> None:
    """FAPI 2.0 SP 6: a token's `client_id` and `sub` cannot be taken for one another."""
    subject = oauth.subjects.pairwise("cus_1", "travel.example")
    assert partner.client_id.startswith("cli_")
    assert len(partner.client_id) < len(subject)
    assert not subject.startswith("cli_")
