"""The standard voice: messages signed as Standard Webhooks 1.0.0 prescribes."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

STANDARD_VOICE = "standard-webhooks"
CONTENT_TYPE = "application/json"
SECRET_PREFIX = "whsec_"  # noqa: S105 - the mark of a secret, not one
SECRET_BYTES = 32
# What signing secrets are sealed for.
WEBHOOK_SECRET = "webhook-secret"  # noqa: S105 - a purpose, no secret


def new_signing_secret() -> str:
    """A fresh secret in the form that receivers are given: `whsec_` and base64 of 32 bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of one attempt.

    `message_id` stays the same over all attempts, so that receivers can tell repeats; `at` is the
    attempt's own time, because receivers refuse old ones.
    """
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    timestamp = str(int(at.timestamp()))
    text = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
