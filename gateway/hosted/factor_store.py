"""The statements of second factors and of their failures, and the rows they answer."""

from datetime import datetime
from typing import Literal

import msgspec

from gateway.database import Query, SealedColumn, Statement, sweeping

Purpose = Literal["approve", "sign_in", "consent.resume", "passkey.add", "passkey.remove"]
ConfirmationStatus = Literal["pending", "confirmed", "spent", "void"]


class ConfirmationRow(msgspec.Struct, frozen=True):
    """Something that one browser's customer is about to confirm."""

    confirmation_id: str
    session_digest: str
    customer_id: str
    purpose: Purpose
    status: ConfirmationStatus
    subject: str
    content: str
    content_digest: str
    nonce: str
    tries: int
    code_digest: str | None
    codes_sent: int
    created_at: datetime
    expires_at: datetime


class PasskeyRow(msgspec.Struct, frozen=True):
    """A customer's passkey; ``public_key`` is COSE (RFC 9052) in base64url."""

    credential_id: str
    customer_id: str
    person_id: str
    public_key: str
    sign_count: int
    method: Literal["hwk", "swk"]
    transports: str
    label: str
    created_at: datetime
    last_used_at: datetime | None


class FailuresRow(msgspec.Struct, frozen=True):
    """How many failures in a row there are now."""

    failures: int


class MessageRow(msgspec.Struct, frozen=True):
    """A message that a sandbox kept instead of sending it."""

    code_sealed: str


SEALED = SealedColumn("sandbox_message", "code_sealed", "confirmation_id")
INSERT_CONFIRMATION = Statement(
    "insert into hosted_confirmation (confirmation_id, session_digest, customer_id, purpose,"
    " status, subject, content, content_digest, nonce, tries, code_digest, codes_sent, created_at,"
    " expires_at) values (:confirmation_id, :session_digest, :customer_id, :purpose, 'pending',"
    " :subject, :content, :content_digest, :nonce, 0, null, 0, :at, :expires_at)"
)
FIND_CONFIRMATION = Query(
    "select confirmation_id, session_digest, customer_id, purpose, status, subject, content,"
    " content_digest, nonce, tries, code_digest, codes_sent, created_at, expires_at"
    " from hosted_confirmation where confirmation_id = :confirmation_id",
    ConfirmationRow,
)
# A customer who starts over confirms the newer thing only.
VOID_OTHERS = Statement(
    "update hosted_confirmation set status = 'void' where session_digest = :session_digest"
    " and purpose = :purpose and subject = :subject and status in ('pending', 'confirmed')"
)
# The unit locks the customer, so the count of what was sent to them is exact.
PUT_CODE = Statement(
    "update hosted_confirmation set code_digest = :code_digest, codes_sent = codes_sent + 1"
    " where confirmation_id = :confirmation_id and status = 'pending' and expires_at > :at"
    " and (select coalesce(sum(o.codes_sent), 0) from hosted_confirmation o"
    " where o.customer_id = :customer_id and o.created_at > :since) < :codes_most"
)
SPEND_ATTEMPT = Statement(
    "update hosted_confirmation set nonce = :nonce, tries = tries + 1"
    " where confirmation_id = :confirmation_id and status = 'pending'"
)
CONFIRM_BY_CODE = Statement(
    "update hosted_confirmation set status = :to, nonce = :nonce, code_digest = null"
    " where confirmation_id = :confirmation_id and status = 'pending' and expires_at > :at"
    " and tries < :tries_most and code_digest = :code_digest"
)
CONFIRM_BY_PASSKEY = Statement(
    "update hosted_confirmation set status = :to, nonce = :nonce, code_digest = null"
    " where confirmation_id = :confirmation_id and status = 'pending' and expires_at > :at"
    " and tries < :tries_most and nonce = :nonce_before"
)
SPEND_CONFIRMED = Statement(
    "update hosted_confirmation set status = 'spent' where confirmation_id = :confirmation_id"
    " and status = 'confirmed' and expires_at > :at and nonce = :nonce"
)
RENEW_NONCE = Statement(
    "update hosted_confirmation set nonce = :nonce where confirmation_id = :confirmation_id"
    " and status = 'confirmed'"
)
# What was confirmed in a session goes along when the session gets its new secret.
MOVE_CONFIRMATION = Statement(
    "update hosted_confirmation set session_digest = :to where confirmation_id = :confirmation_id"
)
SWEEP_CONFIRMATIONS = sweeping("hosted_confirmation", "confirmation_id", "expires_at")

_PASSKEY = (
    "select credential_id, customer_id, person_id, public_key, sign_count, method, transports,"
    " label, created_at, last_used_at from passkey"
)
PASSKEYS_OF = Query(
    _PASSKEY + " where customer_id = :customer_id order by created_at, credential_id", PasskeyRow
)
INSERT_PASSKEY = Statement(
    "insert into passkey (credential_id, customer_id, person_id, public_key, sign_count, method,"
    " transports, label, created_at, last_used_at) select :credential_id, :customer_id,"
    " :person_id, :public_key, :sign_count, :method, :transports, :label, :at, null"
    " where (select count(*) from passkey where customer_id = :customer_id) < :passkeys_most"
)
# A count that does not grow belongs to a copy; authenticators without a counter stay at zero.
USE_PASSKEY = Statement(
    "update passkey set sign_count = :sign_count, last_used_at = :at"
    " where credential_id = :credential_id and customer_id = :customer_id"
    " and (sign_count < :sign_count or (sign_count = 0 and :sign_count = 0))"
)
DELETE_PASSKEY = Statement(
    "delete from passkey where credential_id = :credential_id and customer_id = :customer_id"
)

# A lock that has run out starts a new count; nothing else but a success does.
_LOCKED = "customer_lockout.passcode_failures + customer_lockout.factor_failures >= :failures_most"
_OPEN = f"(not ({_LOCKED}) or customer_lockout.failed_at <= :locked_before)"
# Answers no row while the lock stands, and changes nothing then: trying does not prolong it.
COUNT_FAILURE = Query(
    "insert into customer_lockout (customer_key, passcode_failures, factor_failures, failed_at)"  # noqa: S608 - our own text
    " values (:customer_key, :passcode, :factor, :at) on conflict (customer_key) do update set"
    f" failed_at = :at, passcode_failures = :passcode + case when {_LOCKED} then 0"
    f" else customer_lockout.passcode_failures end, factor_failures = :factor + case when {_LOCKED}"
    f" then 0 else customer_lockout.factor_failures end where {_OPEN}"
    " returning passcode_failures + factor_failures as failures",
    FailuresRow,
)
# A right passcode clears wrong passcodes only: who knows it must not get new tries at the other.
CLEAR_PASSCODE = Statement(
    "insert into customer_lockout (customer_key, passcode_failures, factor_failures, failed_at)"  # noqa: S608 - our own text
    " values (:customer_key, 0, 0, :at) on conflict (customer_key) do update set"
    f" passcode_failures = 0, factor_failures = case when {_LOCKED} then 0"
    f" else customer_lockout.factor_failures end where {_OPEN}"
)
CLEAR_ALL = Statement(
    "insert into customer_lockout (customer_key, passcode_failures, factor_failures, failed_at)"  # noqa: S608 - our own text
    " values (:customer_key, 0, 0, :at) on conflict (customer_key) do update set"
    f" passcode_failures = 0, factor_failures = 0 where {_OPEN}"
)
INSERT_PASSING = Statement(
    "insert into customer_lockout (customer_key, passcode_failures, factor_failures, failed_at)"
    " values (:customer_key, 0, 0, :at)"
)
DELETE_PASSING = Statement("delete from customer_lockout where customer_key = :customer_key")
# Strangers' counts and customers' empty ones; a customer's failures wait for their success.
FORGET_COUNTS = Statement(
    "delete from customer_lockout where failed_at < :before"
    " and (customer_key like 'unknown:%' or passcode_failures + factor_failures = 0)"
)

KEEP_MESSAGE = Statement(
    "insert into sandbox_message (confirmation_id, code_sealed, sent_at)"
    " values (:confirmation_id, :code_sealed, :at) on conflict (confirmation_id)"
    " do update set code_sealed = :code_sealed, sent_at = :at"
)
FIND_MESSAGE = Query(
    "select code_sealed from sandbox_message where confirmation_id = :confirmation_id", MessageRow
)
SWEEP_MESSAGES = sweeping("sandbox_message", "confirmation_id", "sent_at")
