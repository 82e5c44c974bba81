"""The statements of endpoints, deliveries and attempts."""

from datetime import datetime

import msgspec

from gateway.database import Query, SealedColumn, Statement


class EndpointRow(msgspec.Struct, frozen=True):
    """An endpoint as stored; `secret_sealed` is there for the standard voice only."""

    endpoint_id: str
    partner_id: str
    url: str
    voice: str
    secret_sealed: str | None
    status: str
    created_at: datetime

    def __repr__(self) -> str:
        return f"EndpointRow({self.endpoint_id})"


class DeliveryRow(msgspec.Struct, frozen=True):
    """A claimed delivery; `attempts` counts those that have ended."""

    ordinal: int
    event_id: str
    content_type: str
    body: str
    attempts: int


SEALED = SealedColumn("webhook_endpoint", "secret_sealed", "endpoint_id")
INSERT_ENDPOINT = Statement(
    """
    insert into webhook_endpoint (endpoint_id, partner_id, client_id, url, voice, secret_sealed,
        status, created_at)
    select :endpoint_id, :partner_id, :client_id, :url, :voice, :secret_sealed, 'active',
        :created_at
    where (
        select count(*) from webhook_endpoint
        where partner_id = :partner_id and status <> 'deleted'
    ) < :most
    and not exists (
        select 1 from webhook_endpoint
        where partner_id = :partner_id and url = :url and voice = :voice and status = 'active'
    )
    """
)
REPLACE_SECRET = Statement(
    """
    update webhook_endpoint set secret_sealed = :secret_sealed
    where endpoint_id = :endpoint_id and status = 'active'
    """
)
FIND_ENDPOINTS = Query(
    """
    select endpoint_id, partner_id, url, voice, secret_sealed, status, created_at
    from webhook_endpoint
    where partner_id = :partner_id and status <> 'deleted' order by created_at, endpoint_id
    """,
    EndpointRow,
)
# While a partner, or the client that gave the address, is suspended, nothing is sent and nothing
# is lost (onboarding's columns).
FIND_DUE_ENDPOINTS = Query(
    """
    select e.endpoint_id, e.partner_id, e.url, e.voice, e.secret_sealed, e.status, e.created_at
    from webhook_endpoint e
    where e.status = 'active' and not exists (
        select 1 from partner p where p.partner_id = e.partner_id and p.status <> 'active'
    ) and not exists (
        select 1 from client c where c.client_id = e.client_id and c.status <> 'active'
    ) and exists (
        select 1 from webhook_delivery d
        where d.endpoint_id = e.endpoint_id and d.status = 'pending' and d.due_at <= :now
    )
    """,
    EndpointRow,
)
DELETE_ENDPOINT = Statement(
    """
    update webhook_endpoint
    set status = 'deleted', secret_sealed = null, ended_at = :at, end_reason = 'deleted'
    where endpoint_id = :endpoint_id and partner_id = :partner_id and status <> 'deleted'
    """
)
DISABLE_ENDPOINT = Statement(
    """
    update webhook_endpoint set status = 'disabled', ended_at = :at, end_reason = :reason
    where endpoint_id = :endpoint_id and status = 'active'
    """
)
# Nothing is owed to whoever has ended.
INSERT_DELIVERY = Statement(
    """
    insert into webhook_delivery (endpoint_id, event_id, content_type, body, status, attempts,
        due_at, created_at, ended_at, outcome)
    select :endpoint_id, :event_id, :content_type, :body, :status, 0, :at, :at, :ended_at,
        :outcome
    where exists (
        select 1 from webhook_endpoint e
        where e.endpoint_id = :endpoint_id and e.status = 'active' and not exists (
            select 1 from partner p where p.partner_id = e.partner_id and p.status = 'ended'
        ) and not exists (
            select 1 from client c where c.client_id = e.client_id and c.status = 'ended'
        )
    )
    """
)
CLAIM_DELIVERIES = Query(
    """
    update webhook_delivery set due_at = :until, claim_id = :claim_id
    where ordinal in (
        select ordinal from webhook_delivery
        where endpoint_id = :endpoint_id and status = 'pending' and due_at <= :now
        order by due_at, ordinal limit :limit {skip_locked}
    )
    returning ordinal, event_id, content_type, body, attempts
    """,
    DeliveryRow,
)
# The claim guards each outcome: who was slower than the lease records nothing.
END_DELIVERY = Statement(
    """
    update webhook_delivery
    set status = :status, attempts = attempts + 1, claim_id = null, ended_at = :at,
        outcome = :outcome
    where ordinal = :ordinal and claim_id = :claim_id
    """
)
DEFER_DELIVERY = Statement(
    """
    update webhook_delivery
    set due_at = :due_at, attempts = attempts + 1, claim_id = null, outcome = :outcome
    where ordinal = :ordinal and claim_id = :claim_id
    """
)
ABANDON_DELIVERIES = Statement(
    """
    update webhook_delivery set status = 'abandoned', ended_at = :at, outcome = :outcome
    where endpoint_id = :endpoint_id and status = 'pending'
    """
)
INSERT_ATTEMPT = Statement(
    """
    insert into webhook_attempt (delivery, number, started_at, milliseconds, answer_status,
        outcome)
    values (:ordinal, :number, :started_at, :milliseconds, :answer_status, :outcome)
    """
)
