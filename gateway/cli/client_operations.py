"""What the commands for clients do, over the opened rooms; partners are suspended and ended here
too, because that is done to their clients."""

from typing import Any

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.cli.operations import opened
from gateway.onboarding.service import Kind, Onboarding, Verb, client_document
from gateway.settings import Settings


async def client(settings: Settings, client_id: str) -> dict[str, Any]:
    """A client as it is registered now, with its keys by value; raises ``NotFound``."""
    async with opened(settings) as built:
        return await _shown(built.onboarding, client_id)


async def clients(settings: Settings) -> list[Any]:
    """Every client that was ever registered, with its status and its partner's."""
    async with opened(settings) as built:
        return list(await built.onboarding.suspensions.clients())


async def replace(
    settings: Settings, client_id: str, wanted: ClientMetadata, version: int, operator: str
) -> tuple[list[str], dict[str, Any]]:
    """See ``Amendments.replace``; the members that changed, and the client as it is by then."""
    async with opened(settings) as built:
        onboarding = built.onboarding
        changed = await onboarding.amendments.replace(
            client_id, wanted, version=version, operator=operator, at=built.clock.now()
        )
        return changed, await _shown(onboarding, client_id)


async def add_keys(
    settings: Settings, client_id: str, document: dict[str, Any], operator: str
) -> list[str]:
    """See ``Amendments.add_keys``."""
    async with opened(settings) as built:
        return await built.onboarding.amendments.add_keys(
            client_id, document, operator=operator, at=built.clock.now()
        )


async def move(
    settings: Settings, kind: Kind, verb: Verb, named: str, reason: str, operator: str
) -> int:
    """Suspends, reinstates or ends a client or a partner; see ``Suspensions``.

    Returns how many consents ended with it. A run that was interrupted there is run again.
    """
    async with opened(settings) as built:
        suspensions, at = built.onboarding.suspensions, built.clock.now()
        act = suspensions.move_client if kind == "client" else suspensions.move_partner
        await act(named, verb, reason=reason, operator=operator, at=at)
        if verb != "end":
            return 0
        whose = [
            row.client_id
            for row in await suspensions.clients()
            if named == (row.client_id if kind == "client" else row.partner_id)
        ]
        actor = f"operator:{operator}"
        return sum([await built.consents.end_all(one, actor=actor, at=at) for one in whose])


async def _shown(onboarding: Onboarding, client_id: str) -> dict[str, Any]:
    found = await onboarding.find(client_id)
    if found is None:
        raise errors.NotFound("There is no such client: see `tessera client list`.")
    return client_document(found) | {"keys": await onboarding.live_keys(client_id)}
