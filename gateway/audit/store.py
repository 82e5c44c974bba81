"""The statements of the audit: insert, seal, and read back in the order of the chain."""

from datetime import datetime

import msgspec

from gateway.audit.chain import AuditRecord, Seal
from gateway.database import Query, Statement


class SealedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A link with its record; every record member is missing when the record is."""

    seq: int
    sealed_id: str
    prev_hash: str
    hash: str
    record_id: str | None
    recorded_at: datetime | None
    action: str | None
    actor: str | None
    partner_id: str | None
    client_id: str | None
    subject: str | None
    resource: str | None
    decision: str | None
    rules: str | None
    rule_pack: str | None
    detail: str | None


class LooseRow(msgspec.Struct, frozen=True):
    """A record that no link covers; `waiting` is 1 if it is marked for the sealer."""

    ordinal: int
    record_id: str
    waiting: int


class LostRow(msgspec.Struct, frozen=True):
    """A mark for the sealer whose record is gone."""

    record_id: str


INSERT_RECORD = Statement(
    """
    insert into audit_record (record_id, recorded_at, action, actor, partner_id, client_id, subject,
        resource, decision, rules, rule_pack, detail)
    values (:record_id, :recorded_at, :action, :actor, :partner_id, :client_id, :subject,
        :resource, :decision, :rules, :rule_pack, :detail)
    """
)
INSERT_PENDING = Statement("insert into audit_pending (record_id) values (:record_id)")
DELETE_PENDING = Statement(
    "delete from audit_pending where record_id in"
    " (select record_id from audit_seal where seq between :first and :last)"
)
FIND_PENDING = Query(
    """
    select r.record_id, r.recorded_at, r.action, r.actor, r.partner_id, r.client_id, r.subject,
        r.resource, r.decision, r.rules, r.rule_pack, r.detail
    from audit_pending p join audit_record r on r.record_id = p.record_id
    order by r.ordinal limit :limit
    """,
    AuditRecord,
)
INSERT_SEAL = Statement(
    """
    insert into audit_seal (seq, record_id, prev_hash, hash)
    values (:seq, :record_id, :prev_hash, :hash)
    """
)
FIND_LAST_SEAL = Query(
    "select seq, record_id, prev_hash, hash from audit_seal order by seq desc limit 1", Seal
)
INSERT_LEASE = Statement(
    """
    insert into audit_lease (name, holder, leased_until) values (:name, :holder, :now)
    on conflict do nothing
    """
)
TAKE_LEASE = Statement(
    """
    update audit_lease set holder = :holder, leased_until = :until
    where name = :name and (holder = :holder or leased_until <= :now)
    """
)
FIND_SEALED_PAGE = Query(
    """
    select s.seq, s.record_id as sealed_id, s.prev_hash, s.hash, r.record_id, r.recorded_at,
        r.action, r.actor, r.partner_id, r.client_id, r.subject, r.resource, r.decision, r.rules,
        r.rule_pack, r.detail
    from audit_seal s left join audit_record r on r.record_id = s.record_id
    where s.seq > :after order by s.seq limit :limit
    """,
    SealedRow,
)
FIND_LOOSE_RECORDS = Query(
    """
    select r.ordinal, r.record_id,
        case when exists (select 1 from audit_pending p where p.record_id = r.record_id)
            then 1 else 0 end as waiting
    from audit_record r
    where r.ordinal > :after
        and not exists (select 1 from audit_seal s where s.record_id = r.record_id)
    order by r.ordinal limit :limit
    """,
    LooseRow,
)
FIND_LOST_PENDING = Query(
    """
    select p.record_id from audit_pending p
    where not exists (select 1 from audit_record r where r.record_id = p.record_id)
    order by p.record_id limit :limit
    """,
    LostRow,
)
