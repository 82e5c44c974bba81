"""Amendments: what an operator changes of a client, what nobody changes, and who was first."""

from typing import Any

import msgspec
import pytest

from contracts import errors
from contracts.v1.onboarding import RegisteredClient
from gateway.audit.service import Audit
from gateway.database import Database
from gateway.kit.vault import Vault
from gateway.onboarding.clients import Client
from gateway.onboarding.metadata import decode_amendment
from gateway.onboarding.service import Onboarding
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.onboarding.applicant import ACTS
from tests.gateway.onboarding.documents import Documents, fresh, jwks, public, wish


async def amend(
    onboarding: Onboarding,
    clock: SetClock,
    made: RegisteredClient,
    *,
    version: int | None = None,
    without: str = "",
    **changes: Any,
) -> list[str]:
    """The document in force with changes, put in its place, from the version in force."""
    client = await found(onboarding, made)
    shown = {name: value for name, value in made.metadata.items() if name != without}
    return await onboarding.amendments.replace(
        made.client_id,
        decode_amendment(shown | changes),
        version=client.version if version is None else version,
        operator="ada",
        at=clock.now(),
    )


async def found(onboarding: Onboarding, made: RegisteredClient) -> Client:
    client = await onboarding.find(made.client_id)
    assert client is not None
    return client


async def kids(onboarding: Onboarding, made: RegisteredClient) -> list[str]:
    return sorted(key["kid"] for key in (await found(onboarding, made)).jwks)


async def test_a_change_is_known_to_everybody_and_audited_by_member(
    database: Database,
    onboarding: Onboarding,
    clock: SetClock,
    vault: Vault,
    partner: RegisteredClient,
) -> None:
    elsewhere = Onboarding(database, Audit(load_book()), vault, sandbox=True)
    assert (await found(elsewhere, partner)).version == 1
    addresses = ["https://wayfare.example/new"]
    changed = await amend(
        onboarding, clock, partner, redirect_uris=addresses, client_name="Wayfare Two"
    )
    assert changed == ["client_name", "redirect_uris"]
    client = await found(elsewhere, partner)
    assert (client.version, client.redirect_uris) == (2, tuple(addresses))
    assert client.metadata.client_name == "Wayfare Two"
    (act,) = await database.all(ACTS)
    assert (act.action, act.actor, act.client_id) == (
        "client.set",
        "operator:ada",
        partner.client_id,
    )
    told = {"version": 2, "members": changed, "added": [], "retired": []}
    assert msgspec.json.decode(act.detail) == told


async def test_nothing_changed_is_no_new_version(
    database: Database, onboarding: Onboarding, clock: SetClock, partner: RegisteredClient
) -> None:
    assert await amend(onboarding, clock, partner) == []
    assert (await found(onboarding, partner)).version == 1
    assert await database.all(ACTS) == []


async def test_of_two_operators_from_one_version_the_second_is_told(
    onboarding: Onboarding, clock: SetClock, partner: RegisteredClient
) -> None:
    await amend(onboarding, clock, partner, client_name="First")
    with pytest.raises(errors.Conflict, match="at version 2 by now"):
        await amend(onboarding, clock, partner, version=1, client_name="Second")
    assert (await found(onboarding, partner)).metadata.client_name == "First"


async def test_who_was_overtaken_between_reading_and_writing_is_told(
    database: Database,
    onboarding: Onboarding,
    clock: SetClock,
    vault: Vault,
    partner: RegisteredClient,
) -> None:
    elsewhere = Onboarding(database, Audit(load_book()), vault, sandbox=True)
    stale = await found(elsewhere, partner)

    async def as_it_was(client_id: str) -> Client | None:
        return stale

    await amend(onboarding, clock, partner, client_name="First")
    elsewhere.amendments = type(elsewhere.amendments)(
        database, Audit(load_book()), elsewhere.registrar, as_it_was
    )
    with pytest.raises(errors.Conflict, match="another by now"):
        await amend(elsewhere, clock, partner, version=1, client_name="Second")
    assert (await found(onboarding, partner)).metadata.client_name == "First"


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"redirect_uris": ["http://wayfare.example/"]}, "redirect_uris", "https"),
        ({"redirect_uris": ["https://else.example/"]}, "redirect_uris", "other names"),
        ({"scope": "catalog.read"}, "scope", "scopes only grow"),
        ({"scope": "catalog.read order.write all"}, "scope", "Choose from"),
        ({"jwks_uri": "https://wayfare.example/jwks"}, "jwks", "not both"),
        ({"dpop_bound_access_tokens": False}, "dpop_bound_access_tokens", "exactly one"),
    ],
)
async def test_a_change_is_judged_like_a_registration_and_by_what_lasts(
    onboarding: Onboarding,
    clock: SetClock,
    partner: RegisteredClient,
    changes: dict[str, Any],
    field: str,
    says: str,
) -> None:
    with pytest.raises(errors.InvalidField, match=says) as refusal:
        await amend(onboarding, clock, partner, **changes)
    assert refusal.value.extras["field"] == field
    assert (await found(onboarding, partner)).version == 1


async def test_a_client_never_changes_to_a_weaker_way_of_authenticating(
    onboarding: Onboarding, clock: SetClock
) -> None:
    one = await onboarding.register(wish(scope="catalog.read"), operator="ada", at=clock.now())
    with pytest.raises(errors.InvalidField, match="weaker"):
        await amend(
            onboarding, clock, one, token_endpoint_auth_method="self_signed_tls_client_auth"
        )
    changed = await amend(
        onboarding,
        clock,
        one,
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=wayfare",
    )
    assert changed == ["tls_client_auth_subject_dn", "token_endpoint_auth_method"]
    again = await amend(
        onboarding,
        clock,
        one,
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=wayfare,O=Wayfare",
    )
    assert again == ["tls_client_auth_subject_dn"]


async def test_further_hosts_keep_the_names_of_customers(
    onboarding: Onboarding, clock: SetClock, documents: Documents
) -> None:
    """A sector_identifier_uri on the host it had is the one way to further hosts."""
    home = documents.url("/back")
    one = await onboarding.register(wish(redirect_uris=[home]), operator="ada", at=clock.now())
    addresses = [home, "https://else.example/back"]
    listed = documents.put("/sector", addresses)
    await amend(onboarding, clock, one, redirect_uris=addresses, sector_identifier_uri=listed)
    client = await found(onboarding, one)
    assert (client.sector, list(client.redirect_uris)) == ("127.0.0.1", addresses)


async def test_who_gives_its_addresses_back_keeps_the_names_of_customers(
    onboarding: Onboarding, clock: SetClock, partner: RegisteredClient
) -> None:
    by_itself = {
        "grant_types": ["client_credentials"],
        "response_types": [],
        "redirect_uris": [],
        "authorization_details_types": [],
    }
    await amend(onboarding, clock, partner, **by_itself)
    assert (await found(onboarding, partner)).sector == "wayfare.example"
    with pytest.raises(errors.InvalidField, match="other names"):
        await amend(onboarding, clock, partner, redirect_uris=["https://else.example/"])


async def test_keys_by_value_become_those_of_the_document(
    onboarding: Onboarding, clock: SetClock
) -> None:
    old, kept, new = (fresh(kid=kid) for kid in ("old", "kept", "new"))
    one = await onboarding.register(wish(jwks=jwks(old, kept)), operator="ada", at=clock.now())
    renamed = {"keys": [public(kept, kid="renamed"), public(new)]}
    assert await amend(onboarding, clock, one, jwks=renamed) == ["jwks"]
    assert await kids(onboarding, one) == ["new", "renamed"]
    with pytest.raises(errors.KeyAlreadyRegistered, match="never comes back"):
        await amend(onboarding, clock, one, jwks=jwks(old, new))
    # Published instead: none of them is good any more.
    await amend(onboarding, clock, one, without="jwks", jwks_uri="https://wayfare.example/jwks")
    assert await onboarding.live_keys(one.client_id) == []


async def test_a_key_is_added_beside_the_old_one_and_the_old_one_retired(
    database: Database, onboarding: Onboarding, clock: SetClock, vault: Vault
) -> None:
    old, new = fresh(kid="old"), fresh(kid="new")
    one = await onboarding.register(wish(jwks=jwks(old)), operator="ada", at=clock.now())
    elsewhere = Onboarding(database, Audit(load_book()), vault, sandbox=True)
    assert await kids(elsewhere, one) == ["old"]
    add = onboarding.amendments.add_keys
    # A partner often hands in its whole set.
    added = await add(one.client_id, jwks(old, new), operator="ada", at=clock.now())
    assert added == [new.thumbprint()]
    assert await kids(elsewhere, one) == ["new", "old"]
    await onboarding.retire_key(one.client_id, old.thumbprint(), operator="ada", at=clock.now())
    assert await kids(elsewhere, one) == ["new"]
    with pytest.raises(errors.Conflict, match="live already"):
        await add(one.client_id, jwks(new), operator="ada", at=clock.now())
    with pytest.raises(errors.KeyAlreadyRegistered, match="never comes back"):
        await add(one.client_id, jwks(old), operator="ada", at=clock.now())
    with pytest.raises(errors.InvalidField, match="kid of its own"):
        await add(one.client_id, jwks(fresh(kid="new")), operator="ada", at=clock.now())
    assert [act.action for act in await database.all(ACTS)] == [
        "client.add_key",
        "client.retire_key",
    ]


async def test_somebody_elses_key_is_not_added(
    onboarding: Onboarding, clock: SetClock, partner: RegisteredClient
) -> None:
    key = fresh()
    await onboarding.register(wish(jwks=jwks(key)), operator="ada", at=clock.now())
    with pytest.raises(errors.KeyAlreadyRegistered, match="a key pair of its own"):
        await onboarding.amendments.add_keys(
            partner.client_id, jwks(key), operator="ada", at=clock.now()
        )


async def test_who_has_no_keys_here_is_told_where_they_are(
    onboarding: Onboarding, clock: SetClock
) -> None:
    published = {"jwks_uri": "https://wayfare.example/jwks"}
    one = await onboarding.register(
        wish(metadata=decode_amendment(published)), operator="ada", at=clock.now()
    )
    with pytest.raises(errors.Conflict, match="published there beside the old one"):
        await onboarding.amendments.add_keys(
            one.client_id, jwks(fresh()), operator="ada", at=clock.now()
        )
    with pytest.raises(errors.NotFound, match="after it left the set there"):
        await onboarding.retire_key(one.client_id, "nope", operator="ada", at=clock.now())
    by_certificate = {
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=wayfare",
    }
    two = await onboarding.register(
        wish(metadata=decode_amendment(by_certificate), scope="order.read"),
        operator="ada",
        at=clock.now(),
    )
    with pytest.raises(errors.NotFound, match="known by its certificate"):
        await onboarding.retire_key(two.client_id, "nope", operator="ada", at=clock.now())


async def test_what_cannot_be_retired_is_told(
    onboarding: Onboarding, clock: SetClock, partner: RegisteredClient
) -> None:
    other = await onboarding.register(wish(), operator="ada", at=clock.now())
    for client_id, thumbprint, says in (
        (partner.client_id, "nope", "no key of this thumbprint"),
        (partner.client_id, other.key_thumbprints[0], "no key of this thumbprint"),
        ("cli_nobody", partner.key_thumbprints[0], "no such client"),
    ):
        with pytest.raises(errors.NotFound, match=says):
            await onboarding.retire_key(client_id, thumbprint, operator="ada", at=clock.now())
    assert len((await found(onboarding, other)).jwks) == 1


async def test_whoever_has_ended_is_changed_no_more(
    onboarding: Onboarding, clock: SetClock, partner: RegisteredClient
) -> None:
    await onboarding.suspensions.move_partner(
        partner.partner_id, "end", reason="over", operator="ada", at=clock.now()
    )
    with pytest.raises(errors.Conflict, match="has ended"):
        await amend(onboarding, clock, partner, client_name="Two")
    with pytest.raises(errors.Conflict, match="has ended"):
        await onboarding.amendments.add_keys(
            partner.client_id, jwks(fresh()), operator="ada", at=clock.now()
        )
    with pytest.raises(errors.NotFound, match="no such client"):
        await onboarding.amendments.add_keys(
            "cli_nobody", jwks(fresh()), operator="ada", at=clock.now()
        )
