"""Registration over HTTP (RFC 7591), for whoever brings a trusted issuer's software statement."""

import re
from datetime import datetime
from typing import Any

import msgspec

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.kit.clock import Clock
from gateway.kit.ids import digest, new_id
from gateway.onboarding import metadata, statements, store
from gateway.onboarding.clients import echoed
from gateway.onboarding.issuers import TrustedIssuer, TrustedIssuers
from gateway.onboarding.registrar import Judged, Registrar
from gateway.onboarding.statements import SoftwareStatement

# The grant of a client that names none (RFC 7591 section 2).
_USUAL_GRANTS = ["authorization_code"]
_PARTNER_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class StatementRegistration:
    """Registers clients of partners that exist; the statement says of which, and how far."""

    def __init__(
        self,
        database: Database,
        registrar: Registrar,
        issuers: TrustedIssuers,
        audit: Audit,
        clock: Clock,
        *,
        server: str,
    ) -> None:
        """``server`` is the issuer identifier that a statement with an `aud` must name."""
        self.issuers = issuers
        self._database = database
        self._registrar = registrar
        self._audit = audit
        self._clock = clock
        self._server = server

    async def register(self, body: bytes) -> dict[str, Any]:
        """Registers the client a request describes; the client information response (3.2.1).

        Raises ``InvalidSoftwareStatement``, ``UnapprovedSoftwareStatement``,
        ``InvalidRedirectUri`` or ``InvalidClientMetadata`` (RFC 7591 section 3.2.2); a refused
        request does not use the statement up. Of several requests with one statement one wins.
        """
        at = self._clock.now()
        request = statements.read_request(body)
        statement = statements.read(request)
        issuer = await self._approved(statement, at)
        partner_id = await self._partner_of(issuer, statement)
        judged = await self._judge(request, statement, at)
        client_id = new_id("cli")
        await self._commit(statement, partner_id, client_id, judged, at)
        return echoed(judged.document) | {
            "client_id": client_id,
            "client_id_issued_at": int(at.timestamp()),
            "software_statement": request["software_statement"],
        }

    async def _approved(self, statement: SoftwareStatement, at: datetime) -> TrustedIssuer:
        issuer = await self.issuers.find(statement.issuer)
        if issuer is None:
            raise errors.UnapprovedSoftwareStatement
        keys = await self.issuers.keys(issuer, statement.may_be_by, at)
        statements.verify(statement, keys, self._server, at)
        # Told now, so that a used statement makes us fetch nothing; the commit decides.
        spent = await self._database.find(
            store.FIND_SPENT, issuer=statement.issuer, jti_digest=digest(statement.jti)
        )
        if spent is not None:
            raise _used()
        return issuer

    async def _partner_of(self, issuer: TrustedIssuer, statement: SoftwareStatement) -> str:
        named = issuer.partner_id or statement.claims.get("org_id")
        if not isinstance(named, str) or not _PARTNER_ID.fullmatch(named):
            raise errors.UnapprovedSoftwareStatement("The statement's org_id is no partner's id.")
        if not await self.issuers.is_partner(named):
            raise errors.UnapprovedSoftwareStatement(
                "The statement's org_id names no partner of the bank."
            )
        return named

    async def _judge(
        self, request: dict[str, Any], statement: SoftwareStatement, at: datetime
    ) -> Judged:
        document = statements.vouched(request, statement.claims)
        try:
            wanted: ClientMetadata = metadata.decode(
                document | {"grant_types": _USUAL_GRANTS}
                if document.get("grant_types", []) == []
                else document
            )
            return await self._registrar.judge(wanted, at)
        except msgspec.ValidationError as error:
            reason = str(error)[:300]
            statements.refuse(
                "redirect_uris" if "$.redirect_uris" in reason else "document", reason
            )
        except errors.InvalidField as refusal:
            statements.refuse(str(refusal.extras.get("field", "metadata")), refusal.detail)

    async def _commit(
        self,
        statement: SoftwareStatement,
        partner_id: str,
        client_id: str,
        judged: Judged,
        at: datetime,
    ) -> None:
        spent = digest(statement.jti)
        unit = Unit("client.register", locks=(f"statement {statement.issuer} {spent}",))
        unit.add(
            store.HOLD_ISSUER,
            otherwise=errors.UnapprovedSoftwareStatement,
            issuer=statement.issuer,
        )
        thumbprints = self._registrar.add_client(unit, partner_id, client_id, judged, at)
        unit.add(
            store.SPEND_STATEMENT,
            otherwise=_used,
            issuer=statement.issuer,
            jti_digest=spent,
            client_id=client_id,
            used_at=at,
        )
        self._audit.append(
            unit,
            action="client.register",
            actor=f"issuer:{statement.issuer}",
            partner_id=partner_id,
            client_id=client_id,
            resource=client_id,
            rules=("CN-API-03",),
            detail={"thumbprints": thumbprints, "statement": spent},
            at=at,
        )
        try:
            await self._database.commit(unit)
        except errors.NotFound:
            # The partner was suspended since it was looked up.
            raise errors.UnapprovedSoftwareStatement from None
        except errors.KeyAlreadyRegistered as refusal:
            raise errors.InvalidClientMetadata(f"jwks: {refusal.detail}", field="jwks") from None


def _used() -> errors.GatewayError:
    return errors.InvalidSoftwareStatement("The statement was used before.")
