"""The statements of sessions, flows and what was shown in them, and the rows they answer."""

from datetime import datetime

import msgspec

from gateway.database import Query, SealedColumn, Statement, sweeping


class SessionRow(msgspec.Struct, frozen=True):
    """A signed-in browser; the cookie's value is known by its digest only."""

    session_digest: str
    customer_id: str
    signed_in_at: datetime
    seen_at: datetime
    acr: str | None
    amr: str | None


class FlowRow(msgspec.Struct, frozen=True):
    """A partner's request that a browser has open."""

    flow_id: str
    client_id: str
    request_uri_sealed: str
    expires_at: datetime
    answered_at: datetime | None


class ShownRow(msgspec.Struct, frozen=True):
    """What stood on a flow's page for a customer, known by a digest, from ``shown_at`` on."""

    shown_id: str
    flow_id: str
    customer_id: str
    language: str
    content_digest: str
    shown_at: datetime


SEALED = SealedColumn("hosted_flow", "request_uri_sealed", "flow_id")
INSERT_SESSION = Statement(
    "insert into hosted_session (session_digest, customer_id, signed_in_at, seen_at, acr, amr)"
    " values (:session_digest, :customer_id, :signed_in_at, :at, :acr, :amr)"
)
FIND_SESSION = Query(
    "select session_digest, customer_id, signed_in_at, seen_at, acr, amr from hosted_session"
    " where session_digest = :session_digest",
    SessionRow,
)
TOUCH_SESSION = Statement(
    "update hosted_session set seen_at = :at"
    " where session_digest = :session_digest and seen_at < :at"
)
DELETE_SESSION = Statement("delete from hosted_session where session_digest = :session_digest")

INSERT_FLOW = Statement(
    "insert into hosted_flow (flow_id, session_digest, client_id, request_uri_sealed, started_at,"
    " expires_at, answered_at) values (:flow_id, :session_digest, :client_id,"
    " :request_uri_sealed, :at, :expires_at, null)"
)
FIND_FLOW = Query(
    "select flow_id, client_id, request_uri_sealed, expires_at, answered_at from hosted_flow"
    " where flow_id = :flow_id and session_digest = :session_digest",
    FlowRow,
)
MOVE_FLOWS = Statement("update hosted_flow set session_digest = :to where session_digest = :from_")
ANSWER_FLOW = Statement(
    "update hosted_flow set answered_at = :at where flow_id = :flow_id and answered_at is null"
)
# Shown again, the same page has been there since the first time.
INSERT_SHOWN = Statement(
    "insert into hosted_shown (shown_id, flow_id, customer_id, language, content_digest, shown_at)"
    " values (:shown_id, :flow_id, :customer_id, :language, :content_digest, :at)"
    " on conflict (shown_id) do nothing"
)
FIND_SHOWN = Query(
    "select shown_id, flow_id, customer_id, language, content_digest, shown_at from hosted_shown"
    " where shown_id = :shown_id",
    ShownRow,
)
SWEEP_SESSIONS = sweeping("hosted_session", "session_digest", "seen_at")
SWEEP_FLOWS = sweeping("hosted_flow", "flow_id", "expires_at")
SWEEP_SHOWN = sweeping("hosted_shown", "shown_id", "shown_at")
