"""Asking about tokens and taking them back: introspection (RFC 7662), revocation (RFC 7009)."""

from datetime import datetime
from typing import Any, Final

from authlib.oauth2 import OAuth2Error

from gateway.audit.service import Audit
from gateway.database import Database
from gateway.oauth.commits import commit
from gateway.oauth.endpoints.introspection import Introspection
from gateway.oauth.endpoints.revocation import Revocation
from gateway.oauth.intake import Intake
from gateway.oauth.keys import SigningKeys
from gateway.oauth.media_types import prefers_signed
from gateway.oauth.refusals import refused
from gateway.oauth.requests import FormRequest
from gateway.oauth.server import Collaborators, PreloadedServer
from gateway.oauth.work import ProtocolRequest, Work

INTROSPECTION_TYPE: Final = "token-introspection+jwt"


class Holdings:
    """What is said and done about tokens that were issued."""

    def __init__(
        self,
        database: Database,
        intake: Intake,
        collaborators: Collaborators,
        keys: SigningKeys,
        audit: Audit,
    ) -> None:
        self._database = database
        self._keys = keys
        self._intake = intake
        self._collaborators = collaborators
        self._audit = audit

    async def revoke(self, arrival: FormRequest) -> None:
        """Ends a token or handle of the client; succeeds also when there was none."""
        work = await self._intake.load("revocation", arrival)
        server = PreloadedServer(work, self._collaborators)
        _call(Revocation(server), work)
        held = work.access or work.refresh or work.grant_handle
        if held is not None and work.client is not None and held.client_id == work.client.client_id:
            self._audit.append(
                work.unit,
                action="token.revoke" if work.grant_handle is None else "grant_handle.revoke",
                actor=f"client:{held.client_id}",
                partner_id=held.partner_id,
                client_id=held.client_id,
                subject=held.customer_id,
                resource=held.consent_id,
                at=work.at,
            )
        await commit(self._database, work.unit)

    async def introspect(self, arrival: FormRequest) -> dict[str, Any] | str:
        """What a token stands for, or `active: false`; as a JWT (RFC 9701) where that is wanted."""
        work = await self._intake.load("introspection", arrival)
        server = PreloadedServer(work, self._collaborators)
        answer = _call(Introspection(server), work)
        client = work.client
        assert client is not None, "a client that was not found was refused"
        # RFC 9701 sections 4 and 6: registered for, or asked for. Who asks without being registered
        # gets the one algorithm that the metadata names, never the RS256 of section 6.
        registered = client.client.metadata.introspection_signed_response_alg is not None
        signed = None
        if registered or prefers_signed(arrival.accept):
            signed = await self._signed(server.issuer, client.client_id, answer, work.at)
        await commit(self._database, work.unit)
        return answer if signed is None else signed

    async def _signed(
        self, issuer: str, client_id: str, answer: dict[str, Any], at: datetime
    ) -> str:
        """RFC 9701 section 5: the answer is inside, so that nothing outside makes it a token.

        It has neither `sub` nor `exp` of its own, and its type is no other's.
        """
        claims = {
            "iss": issuer,
            "aud": client_id,
            "iat": int(at.timestamp()),
            "token_introspection": answer,
        }
        return await self._keys.sign(claims, typ=INTROSPECTION_TYPE)


def _call(endpoint: Revocation | Introspection, work: Work) -> dict[str, Any]:
    try:
        _, body, _ = endpoint(ProtocolRequest(work.url, work.arrival.form, work))
    except OAuth2Error as error:
        raise refused(error) from error
    return dict(body)
