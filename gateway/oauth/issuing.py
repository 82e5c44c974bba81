"""The token endpoint: a grant is redeemed in one unit, or nothing of it is used up."""

from typing import Any

import msgspec
from authlib.oauth2 import OAuth2Error

from contracts import errors
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.oauth.commits import commit
from gateway.oauth.deciding import decide
from gateway.oauth.id_tokens import IdTokens
from gateway.oauth.intake import Intake
from gateway.oauth.refusals import refused
from gateway.oauth.replay import burn_each
from gateway.oauth.requests import FormRequest
from gateway.oauth.scopes import CLIENT_SCOPES, join_scope, split_scope
from gateway.oauth.server import Collaborators, PreloadedServer
from gateway.oauth.tokens import revoke_tokens_of_code
from gateway.oauth.work import ProtocolRequest, Work


class Issuing:
    """Issues tokens by the grant that a form names."""

    def __init__(
        self,
        database: Database,
        intake: Intake,
        collaborators: Collaborators,
        id_tokens: IdTokens,
        audit: Audit,
    ) -> None:
        self._database = database
        self._intake = intake
        self._collaborators = collaborators
        self._id_tokens = id_tokens
        self._audit = audit

    async def token(self, arrival: FormRequest) -> dict[str, Any]:
        """The token response; see ``OAuth.token``."""
        if "grant_type" not in arrival.form:
            raise errors.OAuthRefused("The grant_type is missing.")
        return await decide(self._intake, "token", arrival, self._issue)

    async def _issue(self, work: Work) -> dict[str, Any]:
        _fill_usual_scope(work)
        try:
            answer = self._decide(work)
            await self._identify(work, answer)
            self._record_issue(work, answer)
            await self._commit_code(work)
        except errors.InvalidGrant:
            if work.code_spent and await self._intake.confirms(work):
                await self._end_tokens_of_spent_code(work)
            raise
        return answer

    def _decide(self, work: Work) -> dict[str, Any]:
        server = PreloadedServer(work, self._collaborators)
        request = ProtocolRequest(work.url, work.arrival.form, work)
        try:
            answer: dict[str, Any] = server.create_token_response(request)
        except OAuth2Error as error:
            raise refused(error) from error
        return answer

    async def _identify(self, work: Work, answer: dict[str, Any]) -> None:
        """Adds the ID token where `openid` was given (OpenID Connect Core section 3.1.3.3)."""
        if work.grant is not None and "openid" in split_scope(answer["scope"]):
            answer["id_token"] = await self._id_tokens.issue(work.grant, work.at)

    def _record_issue(self, work: Work, answer: dict[str, Any]) -> None:
        held = work.code or work.refresh
        assert work.client is not None, "a client that was not found was refused"
        self._audit.append(
            work.unit,
            action="token.issue",
            actor=f"client:{work.client.client_id}",
            partner_id=work.client.client.partner_id,
            client_id=work.client.client_id,
            subject=None if held is None else held.customer_id,
            resource=None if held is None else held.consent_id,
            detail={"grant_type": work.arrival.form["grant_type"], "scope": answer["scope"]},
            at=work.at,
        )

    async def _commit_code(self, work: Work) -> None:
        try:
            await commit(self._database, work.unit)
        except errors.InvalidGrant:
            # Somebody redeemed the code between our reading and our unit.
            work.code_spent = work.code is not None
            raise

    async def _end_tokens_of_spent_code(self, work: Work) -> None:
        """RFC 6749 section 4.1.2; the request's own proofs are used up with it."""
        code = work.code
        assert code is not None, "only a code that was found can be spent"
        unit = Unit("oauth.spent_code", locks=(code.code_digest, code.consent_id))
        burn_each(unit, work.assertion, work.proof)
        revoke_tokens_of_code(unit, code.code_digest, work.at)
        self._audit.append(
            unit,
            action="code.reuse",
            actor=f"client:{code.client_id}",
            client_id=code.client_id,
            subject=code.customer_id,
            resource=code.consent_id,
            decision="deny",
            at=work.at,
        )
        await commit(self._database, unit)


def _fill_usual_scope(work: Work) -> None:
    form = work.arrival.form
    if work.client is not None and form["grant_type"] == "client_credentials":
        # RFC 6749 section 3.3: without a scope, all the client may have by itself.
        usual = join_scope(CLIENT_SCOPES & work.client.scopes)
        work.arrival = msgspec.structs.replace(work.arrival, form={"scope": usual} | form)
        work.parameters = work.arrival.form
