"""Pushed authorization requests (RFC 9126): checked whole, stored, and named by a reference."""

from datetime import timedelta
from typing import Any, Final

import msgspec
from authlib.oauth2 import OAuth2Error

from gateway.database import Database
from gateway.kit.ids import digest, new_secret
from gateway.oauth import store
from gateway.oauth.approval import PushedParameters
from gateway.oauth.clients import CLIENT_METHODS, RegisteredClient
from gateway.oauth.commits import commit
from gateway.oauth.deciding import decide
from gateway.oauth.id_tokens import IdTokens
from gateway.oauth.identity.asking import read_needs
from gateway.oauth.identity.claims import parse_claims
from gateway.oauth.intake import Intake
from gateway.oauth.named_quotes import QuoteJudge, check_pushed
from gateway.oauth.refusals import refused
from gateway.oauth.requests import FormRequest
from gateway.oauth.server import Collaborators, PreloadedServer
from gateway.oauth.work import ProtocolRequest, Work

REQUEST_URI_PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
# FAPI 2.0 SP 5.3.2.2-12: under ten minutes, and long enough to sign in and read.
REQUEST_URI_SECONDS: Final = 540


class Pushing:
    """The pushed authorization request endpoint."""

    def __init__(
        self,
        database: Database,
        intake: Intake,
        collaborators: Collaborators,
        id_tokens: IdTokens,
        quotes: QuoteJudge,
    ) -> None:
        self._database = database
        self._intake = intake
        self._collaborators = collaborators
        self._id_tokens = id_tokens
        self._quotes = quotes

    async def push(self, arrival: FormRequest) -> dict[str, Any]:
        """Stores the request and returns `request_uri` and `expires_in`."""
        return await decide(self._intake, "par", arrival, self._keep)

    async def _keep(self, work: Work) -> dict[str, Any]:
        server = PreloadedServer(work, self._collaborators)
        request = ProtocolRequest(work.url, work.arrival.form, work)
        try:
            client = server.authenticate_client(request, list(CLIENT_METHODS), "par")
        except OAuth2Error as error:
            raise refused(error) from error
        partner_id = client.client.partner_id
        await check_pushed(self._quotes, work.details, partner_id=partner_id, at=work.at)
        request_uri = REQUEST_URI_PREFIX + new_secret()
        parameters = _kept(work, client, await self._hinted(work, client))
        # RFC 9449 section 10.1: the header binds the code as the parameter does.
        proved = None if work.proof is None else work.proof.jkt
        work.unit.add(
            store.INSERT_PUSHED,
            request_digest=digest(request_uri),
            client_id=client.client_id,
            parameters=msgspec.json.encode(parameters).decode(),
            dpop_jkt=work.parameters.get("dpop_jkt") or proved,
            created_at=work.at,
            expires_at=work.at + timedelta(seconds=REQUEST_URI_SECONDS),
        )
        await commit(self._database, work.unit)
        return {"request_uri": request_uri, "expires_in": REQUEST_URI_SECONDS}

    async def _hinted(self, work: Work, client: RegisteredClient) -> str | None:
        hint = work.parameters.get("id_token_hint")
        if hint is None:
            return None
        return await self._id_tokens.hinted_subject(hint, client.client_id)


def _kept(work: Work, client: RegisteredClient, hinted: str | None) -> PushedParameters:
    asked = work.parameters
    return PushedParameters(
        response_type=asked["response_type"],
        redirect_uri=asked["redirect_uri"],
        scope=asked["scope"],
        code_challenge=asked["code_challenge"],
        code_challenge_method=asked["code_challenge_method"],
        response_mode=asked.get("response_mode"),
        state=asked.get("state"),
        ui_locales=asked.get("ui_locales"),
        authorization_details=work.details or (),
        nonce=asked.get("nonce"),
        needs=read_needs(asked, client.client.metadata, hinted),
        claims=parse_claims(asked.get("claims")).kept(),
    )
