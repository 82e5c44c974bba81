"""Refreshing (RFC 6749 section 6) without rotation, with any key the client holds now."""

from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import TokenMixin
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from contracts import errors
from gateway.kit.ids import digest
from gateway.oauth import store
from gateway.oauth.account_information import scope_within
from gateway.oauth.clients import CLIENT_METHODS, RegisteredClient
from gateway.oauth.details import check_not_wider, parse_details
from gateway.oauth.identity.claims import kept_claims
from gateway.oauth.rights import effective_rights
from gateway.oauth.scopes import join_scope
from gateway.oauth.store import RefreshTokenRow
from gateway.oauth.tokens import Grant, store_customer_tokens
from gateway.oauth.work import ProtocolRequest, Work


class HeldRefreshToken(TokenMixin):  # type: ignore[misc]
    """A stored refresh token as Authlib asks about it."""

    def __init__(self, row: RefreshTokenRow) -> None:
        self.row = row

    def check_client(self, client: RegisteredClient) -> bool:
        """Bound to the client it was given to."""
        return self.row.client_id == client.client_id

    def get_scope(self) -> str:
        """The scope the customer approved, less what they have taken back since."""
        return join_scope(effective_rights(self.row).scope)


class RefreshToken(RefreshTokenGrant):  # type: ignore[misc]
    """The refresh grant; the same refresh token goes on working (FAPI 2.0 SP 5.3.2.1-9)."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(CLIENT_METHODS)
    INCLUDE_NEW_REFRESH_TOKEN = False
    request: ProtocolRequest

    @property
    def work(self) -> Work:
        """The request's loaded rows and its unit."""
        assert self.request.work is not None, "the token endpoint always brings its work"
        return self.request.work

    def authenticate_refresh_token(self, refresh_token: str) -> HeldRefreshToken | None:
        """The token while it stands; it dies with its consent."""
        row = self.work.refresh
        if row is None or not row.stands(self.work.at):
            return None
        return HeldRefreshToken(row)

    def authenticate_user(self, refresh_token: HeldRefreshToken) -> str:
        """The customer behind the token."""
        return refresh_token.row.customer_id

    def save_token(self, token: dict[str, Any]) -> None:
        """Adds the access token to the unit, bound to the key of this request's proof."""
        row: RefreshTokenRow = self.request.refresh_token.row
        assert self.work.binding is not None, "check_sender_constraint ran before"
        assert row.consent_id is not None, "a refresh token rests on a consent"
        rights = effective_rights(row)
        details = rights.details
        asked = self.work.arrival.form.get("authorization_details")
        if asked is not None:
            # RFC 9396 section 6: a refresh may ask for less.
            narrower = parse_details(asked)
            check_not_wider(details, narrower)
            if narrower != details:
                # Judged as at the approval: less must still be one coherent order.
                self.server.check_details(narrower, rights.scope, self.request.client.client)
            token["scope"] = scope_within(token["scope"], details, narrower)
            details = narrower
        grant = Grant(
            client_id=row.client_id,
            consent_id=row.consent_id,
            customer_id=row.customer_id,
            subject=row.subject,
            code_digest=row.code_digest,
            scope=join_scope(rights.scope),
            details=details,
            acr=row.acr,
            amr=tuple((row.amr or "").split()),
            authenticated_at=row.authenticated_at,
            claims=kept_claims(row.claims),
        )
        self.work.grant = grant
        self.work.unit.lock(row.consent_id, row.code_digest)
        self.work.unit.add(
            store.HOLD_REFRESH_TOKEN,
            otherwise=errors.InvalidGrant("The refresh token has ended."),
            token_digest=digest(self.work.arrival.form["refresh_token"]),
        )
        store_customer_tokens(
            self.work.unit, token, grant, binding=self.work.binding, at=self.work.at
        )

    def revoke_old_credential(self, refresh_token: HeldRefreshToken) -> None:
        """Nothing to end: refresh tokens of confidential clients do not rotate."""
