"""The registrar: judges a client's metadata whole, then writes the client, its keys and all."""

from datetime import datetime
from typing import Any, get_args

import msgspec

from contracts import errors
from contracts.v1.clients import AuthenticationMethod, ClientMetadata
from contracts.v1.onboarding import DialectKey
from gateway.database import Unit
from gateway.kit import public_keys
from gateway.kit.clock import bank_day
from gateway.kit.http import Sender
from gateway.kit.vault import Vault
from gateway.onboarding import jwks, keys, metadata, store
from gateway.onboarding.sectors import sector_of
from gateway.rules.service import RuleBook, UnknownRule


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata fit to be registered; keys by value stand beside it, because each has a life."""

    metadata: ClientMetadata
    jwks: tuple[dict[str, Any], ...]
    sector: str

    @property
    def document(self) -> ClientMetadata:
        """The metadata with its keys, as it is echoed."""
        if not self.jwks:
            return self.metadata
        return msgspec.structs.replace(self.metadata, jwks={"keys": list(self.jwks)})


class Registrar:
    """Shared by the ways of registering: an operator's file, and a software statement."""

    def __init__(
        self,
        vault: Vault,
        sender: Sender | None,
        rules: RuleBook,
        *,
        sandbox: bool,
        mutual_tls: bool,
    ) -> None:
        self.rules = rules
        self.sandbox = sandbox
        self._mutual_tls = mutual_tls
        self._vault = vault
        self._sender = sender

    async def judge(self, wanted: ClientMetadata, at: datetime) -> Judged:
        """The completed metadata; raises ``InvalidField`` naming the member to correct."""
        by_value = () if wanted.jwks is None else tuple(jwks.registered(wanted.jwks))
        whole = metadata.completed(wanted)
        metadata.check(
            metadata.Asked(
                metadata=whole,
                jwks=by_value,
                sandbox=self.sandbox,
                mutual_tls=self._mutual_tls,
                a2_methods=self.a2_methods(at),
                a2_integrity=self._a2_integrity(at),
            )
        )
        sector = await sector_of(whole, self._sender)
        stored = msgspec.structs.replace(whole, jwks=None)
        return Judged(metadata=stored, jwks=by_value, sector=sector)

    def a2_methods(self, at: datetime) -> tuple[str, ...]:
        """The ways of authenticating that CN-API-03 lets a client of level A2 use."""
        try:
            return self.rules.words("CN-API-03", "a2_auth", on=bank_day(at))
        except UnknownRule:
            # No method that the contract knows is a shared secret; all are good without the rule.
            return get_args(AuthenticationMethod)

    def _a2_integrity(self, at: datetime) -> tuple[str, ...]:
        try:
            return self.rules.words("CN-API-05", "a2_integrity", on=bank_day(at))
        except UnknownRule:
            return ()

    def add_client(
        self, unit: Unit, partner_id: str, client_id: str, judged: Judged, at: datetime
    ) -> list[str]:
        """Adds the client with its keys to the unit and returns the keys' thumbprints.

        The unit raises ``KeyAlreadyRegistered`` for a key that has a purpose already.
        """
        unit.add(
            store.INSERT_CLIENT,
            otherwise=errors.NotFound("There is no such active partner."),
            client_id=client_id,
            partner_id=partner_id,
            sector=judged.sector,
            created_at=at,
            **_columns(judged.metadata),
        )
        return [self.add_key(unit, client_id, jwk, at) for jwk in judged.jwks]

    def set_client(
        self,
        unit: Unit,
        client_id: str,
        judged: Judged,
        *,
        sector: str,
        version: int,
        otherwise: errors.GatewayError,
    ) -> None:
        """Replaces the client's metadata in the unit, which raises ``otherwise`` at another
        version; its keys by value are the caller's to add and to retire."""
        unit.add(
            store.SET_CLIENT,
            otherwise=otherwise,
            client_id=client_id,
            sector=sector,
            version=version,
            **_columns(judged.metadata),
        )

    def add_key(self, unit: Unit, client_id: str, jwk: dict[str, Any], at: datetime) -> str:
        """Adds a key that the client authenticates with; see ``add_client``."""
        return self._add_key(unit, client_id, keys.CLIENT_AUTHENTICATION, jwk, at)

    def add_dialect(self, unit: Unit, client_id: str, wish: DialectKey, at: datetime) -> str:
        """Adds the client's key for a dialect and a pair of the bank's; returns its public half."""
        jwk = public_keys.rsa_jwk_of_pem(wish.public_key_pem, "dialect_keys.public_key_pem")
        self._add_key(unit, client_id, keys.dialect_purpose(wish.dialect), jwk, at)
        private_pem, public_pem = public_keys.new_rsa_pair()
        unit.add(
            store.INSERT_DIALECT_KEY,
            client_id=client_id,
            dialect=wish.dialect,
            sealed_private_pem=self._vault.seal(private_pem, purpose=keys.DIALECT_KEY),
            public_pem=public_pem,
            created_at=at,
        )
        return public_pem

    def _add_key(
        self, unit: Unit, client_id: str, purpose: str, jwk: dict[str, Any], at: datetime
    ) -> str:
        thumbprint = public_keys.thumbprint(jwk)
        # So does whoever binds a token to the key: of the two, the later one sees the earlier.
        unit.lock(thumbprint)
        unit.add(
            store.INSERT_KEY,
            otherwise=errors.KeyAlreadyRegistered(
                "Every purpose needs a key pair of its own.", thumbprint=thumbprint
            ),
            thumbprint=thumbprint,
            client_id=client_id,
            purpose=purpose,
            jwk=_json(jwk),
            created_at=at,
        )
        return thumbprint


def _columns(document: ClientMetadata) -> dict[str, Any]:
    return {
        "redirect_uris": _json(document.redirect_uris),
        "scopes": _json(document.scope.split()),
        "grant_types": _json(document.grant_types),
        "authorization_details_types": _json(document.authorization_details_types),
        "metadata": _json(document),
    }


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
