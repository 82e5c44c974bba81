"""The statements of the accounts room and the rows they answer."""

import msgspec

from gateway.accounts.states import AccountStatus, MandateStatus
from gateway.corebank.port import Tier
from gateway.database import Query, Statement


class Account(msgspec.Struct, frozen=True):
    """An account under the partner's name for it, with the bank's."""

    account_id: str
    bank_account_id: str
    partner_id: str
    client_id: str
    consent_id: str
    customer_id: str
    order_id: str
    component: str
    tier: Tier
    status: AccountStatus


class Mandate(msgspec.Struct, frozen=True):
    """A mandate under the partner's name for it; caps in minor units of ``currency``."""

    mandate_id: str
    bank_mandate_id: str
    account_id: str
    bank_account_id: str
    partner_id: str
    client_id: str
    consent_id: str
    customer_id: str
    order_id: str
    component: str
    payee_id: str
    per_debit_cap: int
    daily_cap: int
    currency: str
    status: MandateStatus
    # How surely the customer was known when they approved it; it is the consent's own record.
    acr: str | None


class MandateRoom(msgspec.Struct, frozen=True):
    """The caps of one active mandate and what a day has used of them."""

    per_debit_cap: int
    daily_cap: int
    used: int


class Named(msgspec.Struct, frozen=True):
    """A mandate of which only the existence matters."""

    mandate_id: str


class Used(msgspec.Struct, frozen=True):
    """What a day has used of a mandate's daily cap."""

    used: int


_ACCOUNT = (
    "select account_id, bank_account_id, partner_id, client_id, consent_id, customer_id,"
    " order_id, component, tier, status from account"
)
INSERT_ACCOUNT = Statement(
    "insert into account (account_id, bank_account_id, partner_id, client_id, consent_id,"
    " customer_id, order_id, component, tier, status, opened_at, closed_at)"
    " values (:account_id, :bank_account_id, :partner_id, :client_id, :consent_id,"
    " :customer_id, :order_id, :component, :tier, 'active', :opened_at, null)"
)
FIND_ACCOUNT = Query(_ACCOUNT + " where account_id = :account_id", Account)
# Whose it is stands in the query: a stranger's account and none at all are one and the same.
FIND_ACCOUNT_OF = Query(
    _ACCOUNT + " where account_id = :account_id and partner_id = :partner_id"
    " and consent_id = :consent_id",
    Account,
)
CLOSE_ACCOUNT = Statement(
    "update account set status = :to, closed_at = :at"
    " where account_id = :account_id and status = :from_"
)

_MANDATE = (
    "select m.mandate_id, m.bank_mandate_id, m.account_id, a.bank_account_id, m.partner_id,"
    " m.client_id, m.consent_id, m.customer_id, m.order_id, m.component, m.payee_id,"
    " m.per_debit_cap, m.daily_cap, m.currency, m.status, k.acr"
    " from mandate m join account a on a.account_id = m.account_id"
    " left join consent k on k.consent_id = m.consent_id"
)
INSERT_MANDATE = Statement(
    "insert into mandate (mandate_id, bank_mandate_id, account_id, partner_id, client_id,"
    " consent_id, customer_id, order_id, component, payee_id, per_debit_cap, daily_cap, currency,"
    " status, recorded_at, ended_at)"
    " values (:mandate_id, :bank_mandate_id, :account_id, :partner_id, :client_id, :consent_id,"
    " :customer_id, :order_id, :component, :payee_id, :per_debit_cap, :daily_cap, :currency,"
    " 'active', :recorded_at, null)"
)
FIND_MANDATE = Query(_MANDATE + " where m.mandate_id = :mandate_id", Mandate)
FIND_MANDATE_OF = Query(
    _MANDATE + " where m.mandate_id = :mandate_id and m.partner_id = :partner_id"
    " and m.consent_id = :consent_id",
    Mandate,
)
END_MANDATE = Statement(
    "update mandate set status = :to, ended_at = :at"
    " where mandate_id = :mandate_id and status = :from_"
)
# A guard inside a unit that locks the mandate: no row means that it ended meanwhile.
STILL_ACTIVE = Query(
    "select mandate_id from mandate where mandate_id = :mandate_id and status = 'active'", Named
)
ROOMS = Query(
    "select m.per_debit_cap, m.daily_cap, coalesce(d.used, 0) as used from mandate m"
    " left join mandate_day d on d.mandate_id = m.mandate_id and d.bank_day = :bank_day"
    " where m.account_id = :account_id and m.status = 'active'",
    MandateRoom,
)

FIND_USED = Query(
    "select used from mandate_day where mandate_id = :mandate_id and bank_day = :bank_day", Used
)
ENSURE_DAY = Statement(
    "insert into mandate_day (mandate_id, bank_day, used) values (:mandate_id, :bank_day, 0)"
    " on conflict do nothing"
)
RESERVE = Statement(
    "update mandate_day set used = used + :amount"
    " where mandate_id = :mandate_id and bank_day = :bank_day and used + :amount <= :daily_cap"
)
COUNT = Statement(
    "update mandate_day set used = used + :amount"
    " where mandate_id = :mandate_id and bank_day = :bank_day"
)
RELEASE = Statement(
    "update mandate_day set used = used - :amount"
    " where mandate_id = :mandate_id and bank_day = :bank_day and used >= :amount"
)
