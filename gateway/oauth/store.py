"""The statements of the OAuth room and the rows they answer.

Every read of a token, code or handle joins the client's standing and the consent's: what was
taken back in another room is dead here on the very next call, on every process.
"""

from datetime import datetime

import msgspec

from gateway.database import Query, Statement, sweeping

# A client is live when neither it nor its partner is suspended (onboarding's columns); a consent
# by its stored status and its end (the consents room's columns).
_STANDING = (
    "p.partner_id, c.version as client_version,"
    " case when p.status = 'active' then c.status else p.status end as client_status,"
    " k.status as consent_status, k.expires_at as consent_expires_at, k.scope as consent_scope,"
    " k.authorization_details as consent_details, p.assessed_until"
)
_JOINED = (
    "join client c on c.client_id = t.client_id join partner p on p.partner_id = c.partner_id"
    " left join consent k on k.consent_id = t.consent_id"
)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a credential is, and whether those it rests on still stand."""

    client_id: str
    partner_id: str
    client_version: int
    client_status: str
    consent_id: str | None
    consent_status: str | None
    consent_expires_at: datetime | None
    # What the consent says by now; see ``rights.effective_rights``.
    consent_scope: str | None
    consent_details: str | None
    # Until when the risk assessment of the partner stands (CN-API-02).
    assessed_until: datetime | None
    revoked_at: datetime | None

    def is_assessed(self, at: datetime) -> bool:
        """Whether the partner's risk assessment stands."""
        return self.assessed_until is not None and at < self.assessed_until

    def stands(self, at: datetime) -> bool:
        """Not revoked, its client live, and its consent, where it has one, live."""
        if self.revoked_at is not None or self.client_status != "active":
            return False
        if self.consent_id is None:
            return True
        expires_at = self.consent_expires_at
        return self.consent_status == "active" and expires_at is not None and at < expires_at


class AccessTokenRow(Standing, frozen=True, kw_only=True):
    """An access token; the person's members are ``None`` in a client's own token."""

    customer_id: str | None
    subject: str | None
    jkt: str | None
    x5t_s256: str | None
    scope: str
    authorization_details: str | None
    acr: str
    authenticated_at: datetime | None
    claims: str | None
    created_at: datetime
    expires_at: datetime


class RefreshTokenRow(Standing, frozen=True, kw_only=True):
    """A refresh token; it lives as long as its consent."""

    customer_id: str
    subject: str
    code_digest: str
    scope: str
    authorization_details: str
    acr: str
    amr: str | None
    authenticated_at: datetime | None
    claims: str | None
    created_at: datetime


class CodeRow(msgspec.Struct, frozen=True, kw_only=True):
    """An authorization code and everything it is bound to."""

    code_digest: str
    client_id: str
    consent_id: str
    consent_status: str
    consent_scope: str
    consent_details: str
    customer_id: str
    subject: str
    redirect_uri: str
    code_challenge: str
    dpop_jkt: str | None
    scope: str
    authorization_details: str
    acr: str
    amr: str
    nonce: str | None
    claims: str | None
    authenticated_at: datetime
    expires_at: datetime
    used_at: datetime | None


class PushedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A pushed authorization request; ``parameters`` is a JSON object."""

    request_digest: str
    client_id: str
    status: str
    parameters: str
    dpop_jkt: str | None
    created_at: datetime
    expires_at: datetime


class HandleRow(Standing, frozen=True, kw_only=True):
    """A grant handle, bound to its client and one dialect."""

    dialect: str
    customer_id: str
    subject: str
    scope: str
    authorization_details: str
    acr: str
    created_at: datetime
    expires_at: datetime


INSERT_PUSHED = Statement(
    "insert into pushed_request (request_digest, client_id, status, parameters, dpop_jkt,"
    " created_at, expires_at, completed_at) values (:request_digest, :client_id, 'pending',"
    " :parameters, :dpop_jkt, :created_at, :expires_at, null)"
)
FIND_PUSHED = Query(
    "select request_digest, client_id, status, parameters, dpop_jkt, created_at, expires_at"
    " from pushed_request where request_digest = :request_digest",
    PushedRow,
)
COMPLETE_PUSHED = Statement(
    "update pushed_request set status = :to, completed_at = :at"
    " where request_digest = :request_digest and status = 'pending' and expires_at > :at"
)

INSERT_CODE = Statement(
    "insert into authorization_code (code_digest, client_id, consent_id, customer_id, subject,"
    " redirect_uri, code_challenge, dpop_jkt, scope, authorization_details, acr, amr,"
    " nonce, claims, authenticated_at, created_at, expires_at, used_at) values (:code_digest,"
    " :client_id,"
    " :consent_id, :customer_id, :subject, :redirect_uri, :code_challenge, :dpop_jkt, :scope,"
    " :authorization_details, :acr, :amr, :nonce, :claims, :authenticated_at, :created_at,"
    " :expires_at, null)"
)
FIND_CODE = Query(
    "select t.code_digest, t.client_id, t.consent_id, k.status as consent_status,"
    " k.scope as consent_scope, k.authorization_details as consent_details, t.customer_id,"
    " t.subject, t.redirect_uri, t.code_challenge, t.dpop_jkt, t.scope, t.authorization_details,"
    " t.acr, t.amr, t.nonce, t.claims, t.authenticated_at, t.expires_at, t.used_at"
    " from authorization_code t"
    " join consent k on k.consent_id = t.consent_id where t.code_digest = :code_digest",
    CodeRow,
)
CONSUME_CODE = Statement(
    "update authorization_code set used_at = :at"
    " where code_digest = :code_digest and used_at is null and expires_at > :at"
)

# A registered key has its one purpose already, so it never becomes the key of a token.
INSERT_CLIENT_TOKEN = Statement(
    "insert into access_token (token_digest, client_id, consent_id, customer_id, subject,"
    " code_digest, jkt, x5t_s256, scope, authorization_details, acr, authenticated_at, created_at,"
    " expires_at, revoked_at) select :token_digest, :client_id, null, null, null, null, :jkt,"
    " :x5t_s256, :scope, null, '', null, :created_at, :expires_at, null"
    " where not exists (select 1 from client_key where thumbprint = :jkt)"
)
INSERT_CUSTOMER_TOKEN = Statement(
    "insert into access_token (token_digest, client_id, consent_id, customer_id, subject,"
    " code_digest, jkt, x5t_s256, scope, authorization_details, acr, authenticated_at, claims,"
    " created_at, expires_at, revoked_at) select :token_digest, :client_id, :consent_id,"
    " :customer_id, :subject, :code_digest, :jkt, :x5t_s256, :scope, :authorization_details, :acr,"
    " :authenticated_at, :claims, :created_at, :expires_at, null"
    " where not exists (select 1 from client_key where thumbprint = :jkt)"
)
INSERT_REFRESH_TOKEN = Statement(
    "insert into refresh_token (token_digest, client_id, consent_id, customer_id, subject,"
    " code_digest, scope, authorization_details, acr, amr, authenticated_at, claims, created_at,"
    " revoked_at) values (:token_digest, :client_id, :consent_id, :customer_id, :subject,"
    " :code_digest, :scope, :authorization_details, :acr, :amr, :authenticated_at, :claims,"
    " :created_at, null)"
)
FIND_ACCESS_TOKEN = Query(
    "select t.client_id, t.consent_id, t.customer_id, t.subject, t.jkt, t.x5t_s256, t.scope,"  # noqa: S608
    f" t.authorization_details, t.acr, t.authenticated_at, t.claims, t.created_at, t.expires_at,"
    f" t.revoked_at, {_STANDING}"
    f" from access_token t {_JOINED} where t.token_digest = :token_digest",
    AccessTokenRow,
)
FIND_REFRESH_TOKEN = Query(
    "select t.client_id, t.consent_id, t.customer_id, t.subject, t.code_digest, t.scope,"  # noqa: S608
    f" t.authorization_details, t.acr, t.amr, t.authenticated_at, t.claims, t.created_at,"
    f" t.revoked_at, {_STANDING}"
    f" from refresh_token t {_JOINED} where t.token_digest = :token_digest",
    RefreshTokenRow,
)
REVOKE_ACCESS_TOKEN = Statement(
    "update access_token set revoked_at = :at"
    " where token_digest = :token_digest and revoked_at is null"
)
# A refresh rests on a token that stands at its commit, not only when it was read.
HOLD_REFRESH_TOKEN = Statement(
    "update refresh_token set revoked_at = null"
    " where token_digest = :token_digest and revoked_at is null"
)
REVOKE_ACCESS_TOKENS_OF_CODE = Statement(
    "update access_token set revoked_at = :at"
    " where code_digest = :code_digest and revoked_at is null"
)
REVOKE_REFRESH_TOKENS_OF_CODE = Statement(
    "update refresh_token set revoked_at = :at"
    " where code_digest = :code_digest and revoked_at is null"
)

# A handle descends from the code of the token that asked for it, which stands at the commit.
INSERT_HANDLE = Statement(
    "insert into grant_handle (handle_digest, client_id, partner_id, dialect, consent_id,"
    " customer_id, subject, code_digest, scope, authorization_details, acr, created_at, expires_at,"
    " revoked_at) select :handle_digest, :client_id, :partner_id, :dialect, :consent_id,"
    " :customer_id, :subject, t.code_digest, :scope, :authorization_details, :acr, :created_at,"
    " :expires_at, null from access_token t where t.token_digest = :token_digest"
    " and t.code_digest is not null and t.revoked_at is null"
)
FIND_HANDLE = Query(
    "select t.client_id, t.dialect, t.consent_id, t.customer_id, t.subject, t.scope,"  # noqa: S608
    f" t.authorization_details, t.acr, t.created_at, t.expires_at, t.revoked_at, {_STANDING}"
    f" from grant_handle t {_JOINED} where t.handle_digest = :handle_digest",
    HandleRow,
)
REVOKE_HANDLE = Statement(
    "update grant_handle set revoked_at = :at"
    " where handle_digest = :handle_digest and revoked_at is null"
)
REVOKE_HANDLES_OF_CODE = Statement(
    "update grant_handle set revoked_at = :at"
    " where code_digest = :code_digest and revoked_at is null"
)
REVOKE_HANDLES_OF_ACCESS_TOKEN = Statement(
    "update grant_handle set revoked_at = :at where revoked_at is null and code_digest ="
    " (select code_digest from access_token where token_digest = :token_digest)"
)

# Run by the roof's job loop; a spent row is kept while it can still refuse or revoke something.
SWEEP_REPLAYS = sweeping("oauth_replay", "key", "expires_at")
SWEEP_PUSHED = sweeping("pushed_request", "request_digest", "expires_at")
SWEEP_CODES = sweeping("authorization_code", "code_digest", "expires_at")
SWEEP_ACCESS_TOKENS = sweeping("access_token", "token_digest", "expires_at")
SWEEP_HANDLES = sweeping("grant_handle", "handle_digest", "expires_at")
