"""Partners and clients as the register knows them, for whoever asks who is who."""

from datetime import datetime
from typing import Any

import msgspec

from contracts.v1.clients import ClientMetadata
from gateway.onboarding import store
from gateway.onboarding.standings import PartnerStanding, standing_of


class Partner(msgspec.Struct, frozen=True):
    """A partner as the customer may see it: name and mark from the register."""

    partner_id: str
    name: str
    name_zh: str
    mark: str
    scenarios: tuple[str, ...]


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client with the public keys it registered by value; none where it has a `jwks_uri`."""

    client_id: str
    partner_id: str
    name: str
    status: str
    jwks: tuple[dict[str, Any], ...]
    redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    grant_types: frozenset[str]
    authorization_details_types: frozenset[str]
    sector: str
    version: int
    # Whose tokens it may look up: its own partner's, or everybody's (a resource server of ours).
    introspection: str = "own"
    metadata: ClientMetadata = ClientMetadata()
    # Until when the bank's assessment of its partner stands (CN-API-02); without one, never.
    assessed_until: datetime | None = None
    created_at: datetime | None = None
    standing: PartnerStanding = PartnerStanding("")
    # Counts the changes of the standing, as ``version`` counts those of the client.
    standing_revision: int = 0

    def is_assessed(self, at: datetime) -> bool:
        """Whether the partner's risk assessment stands at the instant (CN-API-02)."""
        return self.assessed_until is not None and at < self.assessed_until


def client_of(row: store.ClientRow, live_keys: list[str]) -> Client:
    """The client of a row and its live keys; what it may do is told by its metadata alone."""
    jwks = tuple(msgspec.json.decode(jwk, type=dict[str, Any]) for jwk in live_keys)
    metadata = msgspec.json.decode(row.metadata, type=ClientMetadata)
    if metadata.jwks_uri is None and jwks:
        metadata = msgspec.structs.replace(metadata, jwks={"keys": list(jwks)})
    return Client(
        client_id=row.client_id,
        partner_id=row.partner_id,
        name=row.name,
        status=row.status,
        jwks=jwks,
        redirect_uris=tuple(metadata.redirect_uris),
        scopes=frozenset(metadata.scope.split()),
        grant_types=frozenset(metadata.grant_types),
        authorization_details_types=frozenset(metadata.authorization_details_types),
        sector=row.sector,
        version=row.version,
        introspection=row.introspection,
        metadata=metadata,
        assessed_until=row.assessed_until,
        created_at=row.created_at,
        standing=standing_of(row.partner_id, row.listed, row.licences),
        standing_revision=row.standing,
    )


def echoed(metadata: ClientMetadata) -> dict[str, Any]:
    """The whole document, defaults included and what is not set left out (RFC 7591 3.2.1).

    It can be registered again as it is (RFC 7592 section 2.2).
    """
    members = msgspec.structs.asdict(metadata)
    return {name: value for name, value in members.items() if value is not None and value != []}


def client_document(client: Client) -> dict[str, Any]:
    """A client as an operator reads it: whose it is, whether it lives, and its whole metadata."""
    return {
        "client_id": client.client_id,
        "partner_id": client.partner_id,
        "status": client.status,
        "version": client.version,
        "assessed_until": client.assessed_until,
        "metadata": echoed(client.metadata),
    }
