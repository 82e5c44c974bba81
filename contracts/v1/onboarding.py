"""Registration: what a partner and its client are made of (names of RFC 7591 where it has them)."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from contracts.v1.clients import MEMBERS_MOST, ClientMetadata, KeySet
from contracts.v1.names import Code, Id, Moment, Reference, Scopes

RedirectUri = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
PartnerName = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class DialectKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A public key (PEM) for the signatures of one dialect, and for nothing else."""

    dialect: Id
    public_key_pem: Annotated[str, msgspec.Meta(max_length=4000)]


class RiskAssessment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bank's risk assessment of a partner (CN-API-02); both days are days of the bank."""

    reference: Reference
    assessed_on: date
    # The last day on which it stands.
    expires_on: date


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A partner with one client.

    ``redirect_uris``, ``scope`` and ``jwks`` may stand here or in ``metadata``; where they stand
    in both they must agree.
    """

    partner_name: PartnerName
    partner_name_zh: PartnerName
    mark: Annotated[str, msgspec.Meta(min_length=1, max_length=2)]
    scenarios: Annotated[list[Code], msgspec.Meta(min_length=1, max_length=8)]
    redirect_uris: Annotated[list[RedirectUri], msgspec.Meta(max_length=8)] = []
    scope: Scopes = ""
    jwks: KeySet | None = None
    dialect_keys: Annotated[list[DialectKey], msgspec.Meta(max_length=8)] = []
    # Everything RFC 7591 and its kin know beyond the members above.
    metadata: Annotated[
        ClientMetadata, msgspec.Meta(extra_json_schema={"maxProperties": MEMBERS_MOST})
    ] = ClientMetadata()
    risk_assessment: RiskAssessment | None = None
    # Whose tokens the client may look up (RFC 7662): its own partner's, or everybody's.
    introspection: Literal["own", "all"] = "own"


class RegisteredClient(msgspec.Struct, frozen=True, kw_only=True):
    """The client as registered; ``dialects`` maps a dialect to the bank's public key (PEM).

    ``metadata`` is the whole document in force, defaults included (RFC 7591 section 3.2.1).
    """

    partner_id: Id
    client_id: Id
    partner_name: str
    redirect_uris: list[str]
    scope: str
    grant_types: list[str]
    token_endpoint_auth_method: str
    authorization_details_types: list[str]
    key_thumbprints: list[str]
    dialects: dict[str, str]
    metadata: dict[str, Any]
    assessed_until: Moment | None
