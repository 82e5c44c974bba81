"""The sandbox bank's SQL: plain statements that carry their own guards."""

from datetime import datetime

import msgspec

from gateway.corebank.port import AccountStatus, KycLevel, Tier
from gateway.database import Query, Statement


class CustomerRow(msgspec.Struct, frozen=True):
    """A customer with what the five-element check compares, on either side."""

    customer_id: str
    passcode_hash: str
    name_zh: str
    name_en: str
    id_digest: str
    mobile_digest: str
    kyc_level: KycLevel
    born_on: str
    status: str
    on_list: int
    open_t2: int
    open_t3: int
    declared_number_digest: str | None
    number_digest: str | None
    bound_masked: str | None
    holder_name: str | None
    holder_id_digest: str | None
    holder_mobile_digest: str | None
    account_class: Tier | None


class FactsRow(msgspec.Struct, frozen=True):
    """What may be known of a customer before an order; no opinion of the bank's is read with it."""

    kyc_level: KycLevel
    born_on: str
    open_t2: int
    open_t3: int
    account_class: Tier | None


class StandingRow(msgspec.Struct, frozen=True):
    """An account with everything its limits look at, as of one day and year."""

    account_id: str
    customer_id: str
    tier: Tier
    status: AccountStatus
    balance: int
    bound_funded_at: datetime | None
    inflow_agreed_at: datetime | None
    confirmed_at: datetime | None
    closed_at: datetime | None
    bound_account_id: str | None
    bound_balance: int | None
    in_day: int
    in_year: int
    out_day: int
    out_year: int


class MandateRow(msgspec.Struct, frozen=True):
    """A mandate with what its day has used."""

    mandate_id: str
    account_id: str
    payee_id: str
    per_debit_cap: int
    daily_cap: int
    status: str
    ended_at: datetime | None
    used_today: int


class OperationRow(msgspec.Struct, frozen=True):
    """What became of an operation."""

    kind: str
    fingerprint: str
    verdict: str
    document: str


class Found(msgspec.Struct, frozen=True):
    """Something that exists, by id."""

    found: str


_OPEN = """
      coalesce((select used from bank_counter where owner_id = c.customer_id
        and leg = 'open_t2' and period = 'now'), 0) as open_t2,
      coalesce((select used from bank_counter where owner_id = c.customer_id
        and leg = 'open_t3' and period = 'now'), 0) as open_t3
"""
_CUSTOMER = f"""
    select c.customer_id, c.passcode_hash, c.name_zh, c.name_en, c.id_digest, c.mobile_digest,
      c.kyc_level, c.born_on, c.status, c.on_list, {_OPEN},
      b.declared_number_digest, b.number_digest, b.number_masked as bound_masked, b.holder_name,
      b.holder_id_digest, b.holder_mobile_digest, b.account_class
    from bank_customer c left join bank_bound_account b on b.customer_id = c.customer_id
"""  # noqa: S608
FIND_CUSTOMER = Query(f"{_CUSTOMER} where c.customer_id = :customer_id", CustomerRow)
FIND_FACTS = Query(
    f"""
    select c.kyc_level, c.born_on, {_OPEN}, b.account_class
    from bank_customer c left join bank_bound_account b on b.customer_id = c.customer_id
    where c.customer_id = :customer_id
    """,  # noqa: S608
    FactsRow,
)
FIND_LOGIN = Query(f"{_CUSTOMER} where c.login_digest = :login_digest", CustomerRow)
ANY_CUSTOMER = Query("select customer_id as found from bank_customer limit 1", Found)
INSERT_CUSTOMER = Statement("""
    insert into bank_customer (customer_id, login_digest, passcode_hash, name_zh, name_en,
      id_digest, mobile_digest, kyc_level, born_on, status, segment, score,
      on_list, created_at)
    values (:customer_id, :login_digest, :passcode_hash, :name_zh, :name_en,
      :id_digest, :mobile_digest, :kyc_level, :born_on, 'active', :segment, :score,
      :on_list, :at)
""")
INSERT_BOUND_ACCOUNT = Statement("""
    insert into bank_bound_account (customer_id, account_id, declared_number_digest,
      number_digest, number_masked, holder_name, holder_id_digest, holder_mobile_digest,
      account_class)
    values (:customer_id, :account_id, :number_digest, :number_digest, :number_masked,
      :holder_name, :holder_id_digest, :holder_mobile_digest, :account_class)
""")

FIND_STANDING = Query(
    """
    select a.account_id, a.customer_id, a.tier, a.status, a.balance, a.bound_funded_at,
      a.inflow_agreed_at, a.confirmed_at, a.closed_at,
      b.account_id as bound_account_id, b.balance as bound_balance,
      coalesce((select used from bank_counter where owner_id = a.account_id
        and leg = 'in' and period = :day), 0) as in_day,
      coalesce((select used from bank_counter where owner_id = a.account_id
        and leg = 'in' and period = :year), 0) as in_year,
      coalesce((select used from bank_counter where owner_id = a.account_id
        and leg = 'out' and period = :day), 0) as out_day,
      coalesce((select used from bank_counter where owner_id = a.account_id
        and leg = 'out' and period = :year), 0) as out_year
    from bank_account a
      left join bank_bound_account link on link.customer_id = a.customer_id
      left join bank_account b on b.account_id = link.account_id
    where a.account_id = :account_id and a.kind = 'customer'
    """,
    StandingRow,
)
INSERT_ACCOUNT = Statement("""
    insert into bank_account (account_id, kind, customer_id, tier, number_masked, status, balance,
      confirmed_at, opened_at)
    values (:account_id, :kind, :customer_id, :tier, :number_masked, 'active', 0,
      :confirmed_at, :at)
""")
ENSURE_INTERNAL = Statement("""
    insert into bank_account (account_id, kind, number_masked, status, opened_at)
    values (:account_id, 'internal', '', 'active', :at) on conflict (account_id) do nothing
""")
# Raises or lowers a balance; it never leaves 0 to cap, and a closed account never moves.
MOVE_BALANCE = Statement("""
    update bank_account set balance = balance + :minor_units
    where account_id = :account_id and status = 'active' and balance + :minor_units >= 0
      and balance + :minor_units <= :cap
""")
MARK_BOUND_FUNDED = Statement("""
    update bank_account set bound_funded_at = coalesce(bound_funded_at, :at)
    where account_id = :account_id
""")
AGREE_INFLOW = Statement("""
    update bank_account set inflow_agreed_at = coalesce(inflow_agreed_at, :at)
    where account_id = :account_id and tier = 'T3'
""")
CONFIRM_IN_PERSON = Statement("""
    update bank_account set confirmed_at = coalesce(confirmed_at, :at)
    where account_id = :account_id and tier = 'T2'
""")
CLOSE_ACCOUNT = Statement("""
    update bank_account set status = 'closed', closed_at = :at
    where account_id = :account_id and status = 'active' and balance = 0
""")

# The first use of a period makes its row; the caller has already found units <= cap.
USE_COUNTER = Statement("""
    insert into bank_counter (owner_id, leg, period, used) values (:owner_id, :leg, :period, :units)
    on conflict (owner_id, leg, period) do update set used = bank_counter.used + :units
    where bank_counter.used + :units <= :cap
""")
RELEASE_COUNTER = Statement("""
    update bank_counter set used = used - 1
    where owner_id = :owner_id and leg = :leg and period = :period and used > 0
""")

FIND_MANDATE = Query(
    """
    select m.mandate_id, m.account_id, m.payee_id, m.per_debit_cap, m.daily_cap, m.status,
      m.ended_at, coalesce((select used from bank_counter where owner_id = m.mandate_id
        and leg = 'debit' and period = :day), 0) as used_today
    from bank_mandate m where m.mandate_id = :mandate_id
    """,
    MandateRow,
)
INSERT_MANDATE = Statement("""
    insert into bank_mandate (mandate_id, customer_id, account_id, payee_id, per_debit_cap,
      daily_cap, status, recorded_at)
    select :mandate_id, customer_id, account_id, :payee_id, :per_debit_cap, :daily_cap,
      'active', :at
    from bank_account where account_id = :account_id and status = 'active'
""")
TOUCH_MANDATE = Statement("""
    update bank_mandate set last_debit_at = :at
    where mandate_id = :mandate_id and status = 'active'
""")
END_MANDATE = Statement("""
    update bank_mandate set status = 'ended', ended_at = :at
    where mandate_id = :mandate_id and status = 'active'
""")
END_MANDATES_OF = Statement("""
    update bank_mandate set status = 'ended', ended_at = :at
    where account_id = :account_id and status = 'active'
""")

FIND_OPERATION = Query(
    "select kind, fingerprint, verdict, document from bank_operation "
    "where operation_id = :operation_id",
    OperationRow,
)
INSERT_OPERATION = Statement("""
    insert into bank_operation (operation_id, kind, fingerprint, verdict, document, recorded_at)
    values (:operation_id, :kind, :fingerprint, :verdict, :document, :at)
""")

INSERT_POSTING = Statement("""
    insert into bank_posting (posting_id, operation_id, kind, bank_day, remittance_information,
      posted_at)
    values (:posting_id, :operation_id, :kind, :bank_day, :remittance_information, :at)
""")
INSERT_LEG = Statement("""
    insert into bank_leg (posting_id, leg_number, account_id, minor_units)
    values (:posting_id, :leg_number, :account_id, :minor_units)
""")
# What must never be found: a posting that does not sum to zero, a balance that is not its legs.
UNBALANCED_POSTINGS = Query(
    """
    select p.posting_id as found from bank_posting p
      left join bank_leg l on l.posting_id = p.posting_id
    group by p.posting_id having count(l.posting_id) < 2 or sum(l.minor_units) <> 0
    """,
    Found,
)
UNEXPLAINED_BALANCES = Query(
    """
    select a.account_id as found from bank_account a
    where a.balance is not null and a.balance <> coalesce(
      (select sum(l.minor_units) from bank_leg l where l.account_id = a.account_id), 0)
    """,
    Found,
)
