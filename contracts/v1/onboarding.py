"""Registration: what a partner and its client are made of (names of RFC 7591 where it has them)."""

from typing import Annotated, Any

import msgspec

from contracts.v1.clients import ClientMetadata
from contracts.v1.names import Code, Id, Scopes

RedirectUri = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
PartnerName = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class DialectKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A public key (PEM) for the signatures of one dialect, and for nothing else."""

    dialect: Id
    public_key_pem: Annotated[str, msgspec.Meta(max_length=4000)]


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A partner with one client; ``jwks`` holds client authentication keys."""

    partner_name: PartnerName
    partner_name_zh: PartnerName
    mark: Annotated[str, msgspec.Meta(min_length=1, max_length=2)]
    scenarios: Annotated[list[Code], msgspec.Meta(min_length=1, max_length=8)]
    redirect_uris: Annotated[list[RedirectUri], msgspec.Meta(min_length=1, max_length=8)]
    scope: Scopes
    jwks: Annotated[
        dict[str, Any],
        msgspec.Meta(max_length=8, description="A JWK set (RFC 7517) of public keys."),
    ]
    dialect_keys: Annotated[list[DialectKey], msgspec.Meta(max_length=8)] = []
    # Everything RFC 7591 and its kin know beyond the members above.
    metadata: ClientMetadata = ClientMetadata()


class RegisteredClient(msgspec.Struct, frozen=True, kw_only=True):
    """The client as registered; ``dialects`` maps a dialect to the bank's public key (PEM)."""

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
