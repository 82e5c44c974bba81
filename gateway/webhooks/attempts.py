"""One attempt: sign, post, judge the answer. Knows nothing of the database."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from gateway.kit.http import Answer, ForbiddenAddress, Sender, Unreachable
from gateway.kit.vault import Vault
from gateway.webhooks.retries import read_retry_after
from gateway.webhooks.service import FindDialect
from gateway.webhooks.signing import STANDARD_VOICE, WEBHOOK_SECRET, signed_headers
from gateway.webhooks.store import DeliveryRow, EndpointRow

# Standard Webhooks 1.0.0 advises 15 to 30 seconds.
TIMEOUT_SECONDS = 15.0
RETRY_AFTER_STATUSES = (429, 503)
GONE = 410


class Attempt(msgspec.Struct, frozen=True):
    """How one attempt ended: `arrived`, `failed`, or `gone` when the endpoint wants no more."""

    verdict: Literal["arrived", "failed", "gone"]
    outcome: str
    status: int | None = None
    retry_after: timedelta | None = None


class Courier:
    """Makes attempts in the voice of the endpoint."""

    def __init__(
        self,
        *,
        sender: Sender,
        vault: Vault,
        find_dialect: FindDialect,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._sender = sender
        self._vault = vault
        self._find_dialect = find_dialect
        self._timeout_seconds = timeout_seconds

    async def attempt(self, endpoint: EndpointRow, delivery: DeliveryRow, at: datetime) -> Attempt:
        """Post the delivery once. The body is the stored one; only the standard voice's headers
        are of this attempt. An address refused now was fine at registration, so it may come back.
        """
        body = delivery.body.encode()
        headers = {"content-type": delivery.content_type}
        if endpoint.secret_sealed is not None:
            secret = self._vault.open(endpoint.secret_sealed, purpose=WEBHOOK_SECRET)
            headers |= signed_headers(secret.decode(), delivery.event_id, at, body)
        try:
            answer = await self._sender.post(endpoint.url, body, headers, self._timeout_seconds)
        except (ForbiddenAddress, Unreachable) as failure:
            return Attempt("failed", str(failure))
        return self._judge(endpoint.voice, answer, at)

    def _judge(self, voice: str, answer: Answer, at: datetime) -> Attempt:
        status = answer.status
        outcome = f"answered {status}"
        if voice == STANDARD_VOICE:
            if 200 <= status < 300:
                return Attempt("arrived", outcome, status)
            if status == GONE:
                return Attempt("gone", outcome, status)
        else:
            dialect = self._find_dialect(voice)
            if dialect is None:
                return Attempt("failed", "the dialect is not installed", status)
            if dialect.acknowledged(status, answer.headers, answer.body):
                return Attempt("arrived", outcome, status)
            outcome += " without acknowledging"
        retry_after = None
        if status in RETRY_AFTER_STATUSES:
            retry_after = read_retry_after(answer.headers.get("retry-after"), at)
        return Attempt("failed", outcome, status, retry_after)
