"""Looking a token up (RFC 7662) for those entitled to know."""

from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from gateway.oauth.assessed_levels import assessed_scopes
from gateway.oauth.binding import stored_binding
from gateway.oauth.clients import CLIENT_METHODS, RegisteredClient
from gateway.oauth.endpoints.tokens import HeldToken, loaded_token
from gateway.oauth.rights import Rights, effective_rights, without_scopes
from gateway.oauth.scopes import join_scope
from gateway.oauth.store import AccessTokenRow, HandleRow, RefreshTokenRow
from gateway.oauth.work import ProtocolRequest


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """Authlib's endpoint; whoever may not know hears `active: false` (RFC 7662 section 2.2)."""

    CLIENT_AUTH_METHODS: ClassVar[list[str]] = list(CLIENT_METHODS)

    def check_params(self, request: ProtocolRequest, client: RegisteredClient) -> None:
        """RFC 7662 section 2.1: the token is required; an unknown hint is ignored."""
        if "token" not in request.form:
            raise InvalidRequestError("The token is missing.")

    def query_token(self, token_string: str, token_type_hint: str | None) -> HeldToken | None:
        """The token the request names."""
        return loaded_token(self.server.work)

    def check_permission(
        self, token: HeldToken, client: RegisteredClient, request: ProtocolRequest
    ) -> bool:
        """RFC 7662 section 4, RFC 9701 section 5: a client sees the tokens of its own partner.

        Only a resource server of the bank's own sees everybody's; an operator registered it so.
        """
        if client.client.introspection == "all":
            return True
        return bool(token.row.partner_id == client.client.partner_id)

    def introspect_token(self, token: HeldToken) -> dict[str, Any]:
        """RFC 7662 section 2.2, RFC 9449 section 6.2 (`cnf`), RFC 9396 section 9.2 (details)."""
        row = token.row
        rights = self._usable(row)
        if row.scope and not rights.scope:
            return {"active": False}
        answer: dict[str, Any] = {
            "active": True,
            "iss": self.server.issuer,
            "client_id": row.client_id,
            "scope": join_scope(rights.scope),
            "iat": int(row.created_at.timestamp()),
        }
        if row.subject is not None:
            answer["sub"] = row.subject
            answer["authorization_details"] = list(rights.details)
            answer["acr"] = row.acr
            if not isinstance(row, HandleRow) and row.authenticated_at is not None:
                # RFC 9470 section 6.2.
                answer["auth_time"] = int(row.authenticated_at.timestamp())
        if isinstance(row, AccessTokenRow):
            binding = stored_binding(row.jkt, row.x5t_s256)
            answer["token_type"] = binding.token_type
            answer["exp"] = int(row.expires_at.timestamp())
            answer["cnf"] = binding.confirmation
        elif row.consent_expires_at is not None:
            answer["exp"] = int(row.consent_expires_at.timestamp())
        return answer

    def _usable(self, row: AccessTokenRow | RefreshTokenRow | HandleRow) -> Rights:
        """What a resource would let the token do now: CN-API-02 takes out what the guard would."""
        rights, at = effective_rights(row), self.server.work.at
        if row.is_assessed(at):
            return rights
        return without_scopes(rights, assessed_scopes(rights.scope, self.server.assessed_levels))
