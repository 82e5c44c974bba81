"""Standing: who may move where, what the audit keeps of it, and that everybody knows at once."""

from typing import Any

import msgspec
import pytest

from contracts import errors
from contracts.v1.onboarding import RegisteredClient
from gateway.audit.service import Audit
from gateway.database import Database
from gateway.kit.vault import Vault
from gateway.onboarding.service import Kind, Onboarding, Verb
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.onboarding.applicant import ACTS, Applicant
from tests.gateway.onboarding.documents import wish

KINDS: list[Kind] = ["client", "partner"]


async def move(
    onboarding: Onboarding,
    clock: SetClock,
    made: RegisteredClient,
    kind: Kind,
    verb: Verb,
    reason: str = "ticket 7",
) -> None:
    named = {"client": made.client_id, "partner": made.partner_id}[kind]
    act = getattr(onboarding.suspensions, f"move_{kind}")
    await act(named, verb, reason=reason, operator="ada", at=clock.now())


async def status(onboarding: Onboarding, made: RegisteredClient) -> str:
    client = await onboarding.find(made.client_id)
    assert client is not None
    return client.status


@pytest.mark.parametrize("kind", KINDS)
async def test_a_move_is_known_to_everybody_who_remembered_otherwise(
    database: Database,
    onboarding: Onboarding,
    clock: SetClock,
    vault: Vault,
    partner: RegisteredClient,
    kind: Kind,
) -> None:
    elsewhere = Onboarding(database, Audit(load_book()), vault, sandbox=True)
    assert await status(elsewhere, partner) == "active"
    moves: list[tuple[Verb, str]] = [
        ("suspend", "suspended"),
        ("reinstate", "active"),
        ("suspend", "suspended"),
        ("end", "ended"),
    ]
    for verb, found in moves:
        await move(onboarding, clock, partner, kind, verb)
        assert await status(elsewhere, partner) == found
    acts = await database.all(ACTS)
    assert [act.action for act in acts] == [f"{kind}.{verb}" for verb, _ in moves]
    assert {(act.actor, act.partner_id) for act in acts} == {("operator:ada", partner.partner_id)}
    assert msgspec.json.decode(acts[-1].detail) == {"from": "suspended", "reason": "ticket 7"}


@pytest.mark.parametrize("kind", KINDS)
async def test_an_end_is_for_good(
    database: Database,
    onboarding: Onboarding,
    clock: SetClock,
    partner: RegisteredClient,
    kind: Kind,
) -> None:
    await move(onboarding, clock, partner, kind, "end")
    refused: list[Verb] = ["suspend", "reinstate"]
    for verb in refused:
        with pytest.raises(errors.Conflict, match="an end is for good"):
            await move(onboarding, clock, partner, kind, verb)
    # Whoever was interrupted after it ends it again, and that changes nothing.
    await move(onboarding, clock, partner, kind, "end", "again")
    assert await status(onboarding, partner) == "ended"
    assert [act.action for act in await database.all(ACTS)] == [f"{kind}.end"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_move_that_is_none_is_told(
    onboarding: Onboarding, clock: SetClock, partner: RegisteredClient, kind: Kind
) -> None:
    with pytest.raises(errors.Conflict, match="nothing to reinstate"):
        await move(onboarding, clock, partner, kind, "reinstate")
    await move(onboarding, clock, partner, kind, "suspend")
    with pytest.raises(errors.Conflict, match="suspended already"):
        await move(onboarding, clock, partner, kind, "suspend")


async def test_a_client_suspended_by_itself_stays_so_when_its_partner_returns(
    onboarding: Onboarding, clock: SetClock, partner: RegisteredClient
) -> None:
    await move(onboarding, clock, partner, "client", "suspend")
    await move(onboarding, clock, partner, "partner", "suspend")
    await move(onboarding, clock, partner, "partner", "reinstate")
    assert await status(onboarding, partner) == "suspended"
    await move(onboarding, clock, partner, "partner", "end")
    with pytest.raises(errors.Conflict, match="an end is for good"):
        await move(onboarding, clock, partner, "client", "reinstate")


@pytest.mark.parametrize("reason", ["", "  ", "a" * 281, "two\nlines", "\x00"])
async def test_a_reason_is_one_short_line(
    onboarding: Onboarding, clock: SetClock, partner: RegisteredClient, reason: str
) -> None:
    with pytest.raises(errors.InvalidField) as refusal:
        await move(onboarding, clock, partner, "client", "suspend", reason)
    assert refusal.value.extras["field"] == "reason"
    assert await status(onboarding, partner) == "active"


async def test_an_ended_partner_gets_no_further_client(
    onboarding: Onboarding, clock: SetClock, partner: RegisteredClient, applicant: Applicant
) -> None:
    await move(onboarding, clock, partner, "partner", "end")
    answer = await applicant.apply()
    assert answer.json()["error"] == "unapproved_software_statement"


async def test_lists_show_each_status_by_itself(
    onboarding: Onboarding, clock: SetClock, partner: RegisteredClient
) -> None:
    other = await onboarding.register(wish(), operator="ada", at=clock.now())
    await move(onboarding, clock, partner, "client", "suspend")
    await move(onboarding, clock, other, "partner", "end")
    partners: dict[str, Any] = {
        row.partner_id: row.status for row in await onboarding.suspensions.partners()
    }
    assert partners == {partner.partner_id: "active", other.partner_id: "ended"}
    clients = {
        row.client_id: (row.status, row.partner_status)
        for row in await onboarding.suspensions.clients()
    }
    assert clients == {
        partner.client_id: ("suspended", "active"),
        other.client_id: ("active", "ended"),
    }
