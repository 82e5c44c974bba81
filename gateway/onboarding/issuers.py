"""Trusted issuers: whose software statements register clients, and with which keys they sign."""

import re
from datetime import datetime
from typing import Any, Final

import msgspec

from contracts import errors
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.kit.jose import PublicKey
from gateway.onboarding import jwks, redirects, store
from gateway.onboarding.key_sets import KeySets, Wanted

_NAME: Final = re.compile(r"[\x21-\x7e]{1,500}")


class TrustedIssuer(msgspec.Struct, frozen=True, kw_only=True):
    """An issuer as the register knows it; without ``partner_id`` its statements name a partner."""

    issuer: str
    partner_id: str | None
    jwks: dict[str, Any] | None
    jwks_uri: str | None
    status: str


class TrustedIssuers:
    """Trusts, lists and revokes; every change is an operator's and is audited."""

    def __init__(
        self, database: Database, audit: Audit, key_sets: KeySets, *, sandbox: bool
    ) -> None:
        self._database = database
        self._audit = audit
        self._key_sets = key_sets
        self._sandbox = sandbox

    async def trust(
        self,
        issuer: str,
        *,
        document: dict[str, Any] | None,
        jwks_uri: str | None,
        partner_id: str | None,
        operator: str,
        at: datetime,
    ) -> TrustedIssuer:
        """Trusts an issuer, or changes how one is trusted; takes its keys or their address.

        Raises ``InvalidField`` for a name, keys or address that are not acceptable, and
        ``NotFound`` for an unknown partner.
        """
        if not _NAME.fullmatch(issuer):
            raise errors.InvalidField(
                "An issuer is 1 to 500 visible ASCII characters.", field="issuer"
            )
        if (document is None) == (jwks_uri is None):
            raise errors.InvalidField("Give jwks or jwks_uri, one of them.", field="jwks")
        kept = None if document is None else {"keys": jwks.registered(document)}
        if jwks_uri is not None:
            redirects.check(jwks_uri, sandbox=self._sandbox, field="jwks_uri")
        if partner_id is not None and not await self.is_partner(partner_id):
            raise errors.NotFound("There is no such partner.")
        unit = Unit("issuer.trust", locks=(issuer,))
        unit.add(
            store.TRUST_ISSUER,
            issuer=issuer,
            partner_id=partner_id,
            jwks=None if kept is None else msgspec.json.encode(kept).decode(),
            jwks_uri=jwks_uri,
            created_at=at,
        )
        detail = {
            "jwks_uri": jwks_uri,
            "kids": [key["kid"] for key in (kept or {"keys": []})["keys"]],
        }
        self._record(unit, "issuer.trust", issuer, partner_id, operator, at, detail)
        await self._database.commit(unit)
        return TrustedIssuer(
            issuer=issuer, partner_id=partner_id, jwks=kept, jwks_uri=jwks_uri, status="trusted"
        )

    async def revoke(self, issuer: str, *, operator: str, at: datetime) -> None:
        """Trusts the issuer no more, at once; the clients it vouched for stay as they are.

        Raises ``NotFound`` when it is not trusted.
        """
        unit = Unit("issuer.revoke", locks=(issuer,))
        unit.add(
            store.REVOKE_ISSUER,
            otherwise=errors.NotFound("There is no such trusted issuer."),
            issuer=issuer,
        )
        self._record(unit, "issuer.revoke", issuer, None, operator, at, {})
        await self._database.commit(unit)

    async def all(self) -> list[TrustedIssuer]:
        """Every issuer that was ever trusted, by name."""
        return [_issuer(row) for row in await self._database.all(store.ALL_ISSUERS)]

    async def find(self, issuer: str) -> TrustedIssuer | None:
        """The issuer if it is trusted now."""
        row = await self._database.find(store.FIND_ISSUER, issuer=issuer)
        return _issuer(row) if row is not None and row.status == "trusted" else None

    async def keys(
        self, issuer: TrustedIssuer, wanted: Wanted, at: datetime
    ) -> tuple[PublicKey, ...]:
        """The keys its statements are signed with; see ``KeySets.keys`` for ``wanted``."""
        if issuer.jwks_uri is not None:
            return await self._key_sets.keys(f"issuer {issuer.issuer}", issuer.jwks_uri, at, wanted)
        return jwks.parse((issuer.jwks or {"keys": []})["keys"])

    async def is_partner(self, partner_id: str) -> bool:
        """Whether there is an active partner of this id."""
        row = await self._database.find(store.FIND_PARTNER, partner_id=partner_id)
        return row is not None and row.status == "active"

    def _record(
        self,
        unit: Unit,
        action: str,
        issuer: str,
        partner_id: str | None,
        operator: str,
        at: datetime,
        detail: dict[str, Any],
    ) -> None:
        self._audit.append(
            unit,
            action=action,
            actor=f"operator:{operator}",
            partner_id=partner_id,
            resource=issuer,
            detail=detail,
            at=at,
        )


def _issuer(row: store.IssuerRow) -> TrustedIssuer:
    return TrustedIssuer(
        issuer=row.issuer,
        partner_id=row.partner_id,
        jwks=None if row.jwks is None else msgspec.json.decode(row.jwks),
        jwks_uri=row.jwks_uri,
        status=row.status,
    )
