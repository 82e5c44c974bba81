"""The sandbox bank's own tables; no other room reads or writes them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from gateway.database import METADATA, Instant

# Elements that identify a person are kept as digests: the bank compares them, nobody reads them.
CUSTOMER = Table(
    "bank_customer",
    METADATA,
    Column("customer_id", Text, primary_key=True),
    Column("login_digest", Text, nullable=False, unique=True),
    Column("passcode_hash", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("id_digest", Text, nullable=False),
    Column("mobile_digest", Text, nullable=False),
    Column("kyc_level", Text, nullable=False),
    Column("born_on", Text, nullable=False),
    Column("status", Text, nullable=False),
    # What the bank thinks of the customer. It decides on orders and is told to nobody.
    Column("segment", Text, nullable=False, server_default="mass"),
    Column("score", BigInteger, nullable=False, server_default="650"),
    Column("on_list", BigInteger, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
)

# Kinds: "customer" (tiered, opened here), "bound" (the customer's own account that feeds the
# others) and "internal". Internal accounts have no balance row to guard: many customers post to
# one at the same time, and what they hold is the sum of their legs.
ACCOUNT = Table(
    "bank_account",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("customer_id", Text, ForeignKey("bank_customer.customer_id")),
    Column("tier", Text),
    Column("number_masked", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("balance", BigInteger),
    Column("bound_funded_at", Instant),
    Column("inflow_agreed_at", Instant),
    Column("confirmed_at", Instant),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Index("ix_bank_account_customer_id", "customer_id"),
)

# What the bank that holds the bound account says of it: the five elements of CN-ACC-07.
BOUND_ACCOUNT = Table(
    "bank_bound_account",
    METADATA,
    Column("customer_id", Text, ForeignKey("bank_customer.customer_id"), primary_key=True),
    Column("account_id", Text, ForeignKey("bank_account.account_id"), nullable=False),
    Column("declared_number_digest", Text, nullable=False),
    Column("number_digest", Text, nullable=False),
    Column("number_masked", Text, nullable=False),
    Column("holder_name", Text, nullable=False),
    Column("holder_id_digest", Text, nullable=False),
    Column("holder_mobile_digest", Text, nullable=False),
    Column("account_class", Text, nullable=False),
)

# Every limit is a row with a sum that a guarded update may raise: a leg of an account on a day or
# in a year, a mandate's day, a customer's number of open accounts of a tier.
COUNTER = Table(
    "bank_counter",
    METADATA,
    Column("owner_id", Text, primary_key=True),
    Column("leg", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("used", BigInteger, nullable=False),
)

MANDATE = Table(
    "bank_mandate",
    METADATA,
    Column("mandate_id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("bank_customer.customer_id"), nullable=False),
    Column("account_id", Text, ForeignKey("bank_account.account_id"), nullable=False),
    Column("payee_id", Text, nullable=False),
    Column("per_debit_cap", BigInteger, nullable=False),
    Column("daily_cap", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("last_debit_at", Instant),
    Column("ended_at", Instant),
    Index("ix_bank_mandate_account_id", "account_id"),
)

OPERATION = Table(
    "bank_operation",
    METADATA,
    Column("operation_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
)

POSTING = Table(
    "bank_posting",
    METADATA,
    Column("posting_id", Text, primary_key=True),
    Column("operation_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("bank_day", Text, nullable=False),
    Column("remittance_information", Text, nullable=False),
    Column("posted_at", Instant, nullable=False),
)

LEG = Table(
    "bank_leg",
    METADATA,
    Column("posting_id", Text, ForeignKey("bank_posting.posting_id"), primary_key=True),
    Column("leg_number", BigInteger, primary_key=True),
    Column("account_id", Text, ForeignKey("bank_account.account_id"), nullable=False),
    Column("minor_units", BigInteger, nullable=False),
    Index("ix_bank_leg_account_id", "account_id"),
)
