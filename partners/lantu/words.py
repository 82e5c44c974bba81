"""Lantu's words: how it writes values, its code lists, and the rows of everything it reads."""

from partners.converters import AmountText, Codes, Flag, Languages, LocalTime, Text, Texts, Whole
from partners.tables import Each, Field, Group

TEXT, TEXTS, WHOLE, FLAG, WORDS = Text(), Texts(), Whole(), Flag(), Languages()
# Amounts are decimal yuan as text; times are wall-clock text of GMT+8 without a zone mark.
YUAN = AmountText(currency="CNY", decimals=2)
# Bounds may be in another currency, such as those of buying dollars; that one is then named.
BOUND = AmountText(currency="CNY", decimals=2, foreign=True)
TIME = LocalTime(offset_minutes=480)

ORDER_STATUS = Codes(
    {
        "received": "RECEIVED",
        "activating": "PROCESSING",
        "active": "ACTIVE",
        "compensating": "CANCELLING",
        "cancelled": "CANCELLED",
    }
)
LINE_STATUS = Codes(
    {
        "pending": "WAITING",
        "activating": "PROCESSING",
        "unknown": "UNKNOWN",
        "active": "ACTIVE",
        "referred": "REFERRED",
        "declined": "DECLINED",
        "failed": "FAILED",
        "compensating": "CANCELLING",
        "compensated": "CANCELLED",
    }
)
REASON_FAMILY = Codes(
    {
        "identity": "IDENTITY",
        "policy": "POLICY",
        "risk": "RISK",
        "duplicate": "DUPLICATE",
        "limit": "LIMIT",
        "technical": "TECHNICAL",
    }
)
TRADE_STATUS = Codes(
    {
        "received": "TRADE_RECEIVED",
        "submitted": "TRADE_PROCESSING",
        "unknown": "TRADE_UNKNOWN",
        "settled": "TRADE_SUCCESS",
        "declined": "TRADE_CLOSED",
    }
)
ACCOUNT_STATUS = Codes({"active": "NORMAL", "restricted": "RESTRICTED", "closed": "CLOSED"})
MANDATE_STATUS = Codes({"active": "NORMAL", "ended": "TERMINATED"})
CONSENT_STATUS = Codes(
    {"active": "VALID", "paused": "PAUSED", "revoked": "REVOKED", "expired": "EXPIRED"}
)
BALANCE_BAND = Codes({"empty": "EMPTY", "low": "LOW", "medium": "MEDIUM", "high": "HIGH"})
BOUNDARY = Codes({"EMBED": "EMBEDDED", "REFER": "REFERRED", "LICENSED": "LICENSED"})
PERIOD = Codes(
    {
        "each": "EACH",
        "day": "DAY",
        "month": "MONTH",
        "year": "YEAR",
        "balance": "BALANCE",
        "total": "TOTAL",
    }
)
SENSE = Codes({"most": "AT_MOST", "least": "AT_LEAST"})
REPAYMENT = Codes(
    {
        "flat_fee": "FIXED_FEE",
        "equal_instalment": "EQUAL_INSTALLMENT",
        "equal_principal": "EQUAL_PRINCIPAL",
    }
)
COOLING_OFF_KIND = Codes({"none": "NONE", "contractual": "CONTRACTUAL", "statutory": "STATUTORY"})
PAID = Codes({"once": "ONCE", "month": "MONTHLY", "each": "EACH"})
EVENT_TYPE = Codes(
    {
        "order.received": "ORDER_RECEIVED",
        "order.active": "ORDER_ACTIVE",
        "order.compensating": "ORDER_CANCELLING",
        "order.cancelled": "ORDER_CANCELLED",
        "order.line_active": "ORDER_LINE_ACTIVE",
        "order.line_referred": "ORDER_LINE_REFERRED",
        "order.line_failed": "ORDER_LINE_FAILED",
        "order.line_compensated": "ORDER_LINE_CANCELLED",
        "account.opened": "ACCOUNT_OPENED",
        "account.closed": "ACCOUNT_CLOSED",
        "mandate.active": "MANDATE_ACTIVE",
        "mandate.ended": "MANDATE_ENDED",
        "purse.topped_up": "PURSE_TOPPED_UP",
        "payment.settled": "PAYMENT_SETTLED",
        "payment.declined": "PAYMENT_DECLINED",
        "consent.granted": "CONSENT_GRANTED",
        "consent.narrowed": "CONSENT_NARROWED",
        "consent.paused": "CONSENT_PAUSED",
        "consent.resumed": "CONSENT_RESUMED",
        "consent.revoked": "CONSENT_REVOKED",
        "endpoint.test": "ENDPOINT_TEST",
    }
)

SUMMARY = (
    Field("package_code", "code", TEXT),
    Field("package_version", "version", TEXT),
    Field("title", "title", WORDS),
    Field("scenario_list", "scenarios", TEXTS),
    Field("digest", "digest", TEXT),
)
LIMIT = (
    Field("limit_code", "code", TEXT),
    Field("title", "title", WORDS),
    Field("rule", "rule", TEXT),
    Field("period", "period", PERIOD),
    Field("sense", "sense", SENSE, "default"),
    Field("amount", "amount", BOUND, "null"),
    Field("count", "count", WHOLE, "null"),
    Field("unit", "unit", TEXT, "null"),
    Field("rate", "rate", TEXT, "null"),
)
COMPONENT = (
    Field("component_code", "component", TEXT),
    Field("component_type", "type", TEXT),
    Field("sales_boundary", "boundary", BOUNDARY),
    Field("required", "required", FLAG),
    Field("title", "title", WORDS),
    Field("summary", "summary", WORDS),
    Field("action_list", "actions", TEXTS),
    Each("limit_list", "limits", LIMIT),
)
PRICE = (
    Field("price_code", "code", TEXT),
    Field("title", "title", WORDS),
    Field("payer", "payer", TEXT),
    Field("amount", "amount", YUAN, "null"),
    Field("rate", "rate", TEXT, "null"),
    Field("rate_of", "of", TEXT, "null"),
)
DISCLOSURE = (
    Field("disclosure_code", "code", TEXT),
    Field("disclosure_version", "version", TEXT),
    Field("disclosure_kind", "kind", TEXT),
    Field("component_list", "components", TEXTS),
    Field("read_seconds", "read_seconds", WHOLE),
    Field("text", "text", WORDS),
    Field("digest", "digest", TEXT),
)
PLAN = (
    Field("plan_code", "code", TEXT),
    Field("component_code", "component", TEXT),
    Field("repayment_method", "method", REPAYMENT),
    Field("term_count", "terms", WHOLE),
    Field("principal_min", "principal_min", YUAN),
    Field("principal_max", "principal_max", YUAN),
    Field("annual_rate_irr", "apr", TEXT),
    Field("annual_rate_effective", "effective_rate", TEXT),
    Field("rate_monthly", "rate_monthly", TEXT, "null"),
    Field("rate_annual", "rate_annual", TEXT, "null"),
    Field("free_term_count", "free_terms", WHOLE, "default"),
)
CONSENT = (
    Field("consent_kind", "kind", TEXT),
    Field("purpose", "purpose", WORDS),
    Field("required", "required", FLAG),
    Field("component_list", "components", TEXTS),
)
COOLING_OFF = (
    Field("day_count", "days", WHOLE),
    Field("cooling_off_kind", "kind", COOLING_OFF_KIND),
    Field("component_list", "components", TEXTS),
    Field("rule", "rule", TEXT, "null"),
)
COMMISSION = (
    Field("component_list", "components", TEXTS),
    Field("commission_basis", "basis", TEXT),
    Field("paid_period", "period", PAID),
    Field("hold_day_count", "hold_days", WHOLE),
    Field("amount", "amount", YUAN, "null"),
    Field("rate", "rate", TEXT, "null"),
    Field("qualifying_event", "qualifying_event", TEXT, "null"),
)
PACKAGE = (
    *SUMMARY,
    Each("component_list", "components", COMPONENT),
    Each("price_list", "prices", PRICE),
    Each("disclosure_list", "disclosures", DISCLOSURE),
    Each("plan_list", "plans", PLAN),
    Each("consent_list", "consents", CONSENT),
    Each("cooling_off_list", "cooling_off", COOLING_OFF),
    Each("commission_list", "commissions", COMMISSION),
    Field("scope_list", "scopes", TEXTS),
    Field("shared_list", "shared_with_partner", TEXTS),
    Field("never_shared_list", "never_shared", TEXTS),
)

LINE_REASON = (
    Field("reason_family", "reason_family", REASON_FAMILY),
    Field("reason_code", "code", TEXT),
)
LINE = (
    Field("line_no", "line_id", TEXT),
    Field("component_code", "component", TEXT),
    Field("component_type", "type", TEXT),
    Field("required", "required", FLAG),
    Field("line_status", "status", LINE_STATUS),
    Field("account_no", "account_id", TEXT, "null"),
    Field("mandate_no", "mandate_id", TEXT, "null"),
    Field("top_up_amount", "topped_up", YUAN, "null"),
    Field("refer_url", "refer_to", TEXT, "null"),
    Group("fail_reason", "reason", LINE_REASON, "null"),
    Field("schedule_digest", "schedule_digest", TEXT, "null"),
)
AGREED = (
    Field("disclosure_code", "code", TEXT),
    Field("disclosure_version", "version", TEXT),
    Field("disclosure_kind", "kind", TEXT),
    Field("digest", "digest", TEXT),
    Field("read_language", "language", TEXT),
    Field("gmt_agree", "agreed_at", TIME),
)
ORDER = (
    Field("order_no", "order_id", TEXT),
    Field("out_order_no", "reference", TEXT),
    Field("package_code", "package", TEXT),
    Field("package_version", "version", TEXT),
    Field("consent_no", "consent_id", TEXT),
    Field("order_status", "status", ORDER_STATUS),
    Each("line_list", "lines", LINE),
    Field("order_sequence", "sequence", WHOLE),
    Field("gmt_create", "created_at", TIME),
    Field("gmt_modified", "updated_at", TIME),
    Each("disclosure_list", "disclosures", AGREED, "default"),
)

LEG = (Field("today_amount", "today", YUAN), Field("year_amount", "this_year", YUAN))
HEADROOM = (
    Group("out_limit", "outgoing", LEG, "null"),
    Group("in_limit", "incoming", LEG, "null"),
    Field("balance_amount", "balance", YUAN, "null"),
)
NEXT_ACCEPTED = (
    Field("next_debit_amount", "debit", YUAN),
    Field("next_top_up_amount", "top_up", YUAN),
)
CAPABILITIES = (
    Field("account_no", "account_id", TEXT),
    Field("account_tier", "tier", TEXT),
    Field("account_status", "status", ACCOUNT_STATUS),
    Field("balance_band", "balance_band", BALANCE_BAND, "null"),
    Group("headroom", "headroom", HEADROOM),
    Group("", "next_accepted", NEXT_ACCEPTED),
    Field("rule_list", "rules", TEXTS),
    Field("bank_day", "bank_day", TEXT),
    Field("gmt_query", "as_of", TIME),
)

PAYMENT_REASON = (
    Field("reason_code", "code", TEXT),
    Field("next_action", "next_action", TEXT),
    Field("headroom_amount", "headroom", YUAN, "null"),
)
PAYMENT = (
    Field("trade_no", "payment_id", TEXT),
    Field("mandate_no", "mandate_id", TEXT),
    Field("out_trade_no", "end_to_end_id", TEXT),
    Field("trade_status", "status", TRADE_STATUS),
    Field("total_amount", "instructed_amount", YUAN),
    Field("gmt_create", "created_at", TIME),
    Field("trade_sequence", "sequence", WHOLE),
    Field("gmt_payment", "settled_at", TIME, "null"),
    Group("fail_reason", "reason", PAYMENT_REASON, "null"),
)

ORDER_LINE_NOTICE = (
    Field("order_no", "order_id", TEXT),
    Field("out_order_no", "reference", TEXT),
    Group("", "line", LINE),
)
ACCOUNT_NOTICE = (
    Field("account_no", "account_id", TEXT),
    Field("order_no", "order_id", TEXT),
    Field("component_code", "component", TEXT),
    Field("account_tier", "tier", TEXT),
    Field("account_status", "status", ACCOUNT_STATUS),
    Field("top_up_amount", "amount", YUAN),
    Field("bank_day", "bank_day", TEXT),
)
MANDATE_NOTICE = (
    Field("mandate_no", "mandate_id", TEXT),
    Field("account_no", "account_id", TEXT),
    Field("order_no", "order_id", TEXT),
    Field("component_code", "component", TEXT),
    Field("mandate_status", "status", MANDATE_STATUS),
    Field("single_limit_amount", "per_debit_cap", YUAN),
    Field("day_limit_amount", "daily_cap", YUAN),
)
CONSENT_NOTICE = (
    Field("consent_no", "consent_id", TEXT),
    Field("consent_status", "status", CONSENT_STATUS),
    Field("scope", "scope", TEXT),
    Field("gmt_create", "created_at", TIME),
    Field("gmt_expire", "expires_at", TIME),
    Field("gmt_revoke", "revoked_at", TIME, "null"),
)
