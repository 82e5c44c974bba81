"""Turns whatever was raised into one of the voices: problem details or OAuth JSON.

Dialects speak with their own voice in their own room, hosted pages show a page. What went wrong
inside is journalled and never told (CN-API-08).
"""

import re
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)

from contracts import errors

_FIELD = re.compile(r"`\$\.?([^`]*)`")
_BY_STATUS: dict[int, type[errors.GatewayError]] = {
    400: errors.MalformedBody,
    401: errors.InvalidToken,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.BodyTooLarge,
    415: errors.UnsupportedMediaType,
    429: errors.TooManyRequests,
}
journal = structlog.get_logger("tessera.errors")


def translate(raised: Exception) -> errors.GatewayError:
    """The gateway's error for anything raised; an unforeseen one becomes a plain 500."""
    if isinstance(raised, errors.GatewayError):
        return raised
    if isinstance(raised, msgspec.ValidationError):
        return invalid_field(str(raised))
    if isinstance(raised, msgspec.DecodeError | SerializationException):
        cause = raised.__cause__ or raised
        if isinstance(cause, msgspec.ValidationError):
            return invalid_field(str(cause))
        return errors.MalformedBody("The body is not valid JSON.")
    if isinstance(raised, ValidationException):
        return _validation(raised)
    if isinstance(raised, HTTPException):
        kind = _BY_STATUS.get(raised.status_code)
        if kind is None:
            kind = errors.Refused if raised.status_code < 500 else errors.GatewayError
        detail = "" if isinstance(raised, NotFoundException) else kind.title
        error = kind(detail)
        if isinstance(raised, MethodNotAllowedException) and raised.headers:
            error.headers |= raised.headers
        return error
    return errors.GatewayError()


def invalid_field(message: str) -> errors.InvalidField:
    """An ``InvalidField`` that names the field in msgspec's message."""
    found = _FIELD.search(message)
    field = found[1] if found else ""
    return (
        errors.InvalidField(message[:300], field=field)
        if field
        else errors.InvalidField(message[:300])
    )


def _validation(raised: ValidationException) -> errors.GatewayError:
    extra: Any = raised.extra
    if isinstance(extra, list) and extra and isinstance(extra[0], dict):
        first = extra[0]
        if first.get("source") == "body" and first.get("key") == "data":
            # The handler's whole argument: there was no body to make it from.
            return errors.MalformedBody("The body is empty.")
        return errors.InvalidField(
            str(first.get("message", ""))[:300], field=str(first.get("key", ""))
        )
    return errors.InvalidField(str(raised.detail)[:300])


def problem(error: errors.GatewayError, issuer: str, interaction_id: str) -> dict[str, Any]:
    """The RFC 9457 document; ``type`` is the address of the code's page in our docs."""
    return {
        "type": f"{issuer}/docs/errors/{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        **({"detail": error.detail} if error.detail else {}),
        "next_action": error.next_action,
        "instance": f"urn:uuid:{interaction_id}",
        # Last, because a stored refusal brings the instance of its first telling.
        **error.extras,
    }


def problem_response(
    error: errors.GatewayError, issuer: str, interaction_id: str
) -> Response[bytes]:
    """Problem details as a response."""
    return Response(
        msgspec.json.encode(problem(error, issuer, interaction_id)),
        status_code=error.status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store"} | error.headers,
    )


def oauth_response(error: errors.GatewayError) -> Response[bytes]:
    """The error of RFC 6749 section 5.2 as a response."""
    body = {"error": error.oauth}
    description = error.detail or error.title
    # RFC 6749 section 5.2 allows neither quotes nor backslashes in the description.
    body["error_description"] = re.sub(r"[^\x20\x21\x23-\x5b\x5d-\x7e]", "'", description)
    status = error.status
    # RFC 6750 section 3.1: userinfo is a resource among these endpoints, and it alone says 403.
    at_resource = isinstance(error, errors.InsufficientScope)
    if isinstance(error, errors.Refused) and status not in (400, 401, 405, 413, 415, 429):
        status = status if at_resource else 400
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"} | error.headers,
    )


class Voices:
    """The app's exception handler: picks the voice by path, because routers come too late."""

    def __init__(self, issuer: str, oauth_prefix: str) -> None:
        self._issuer = issuer
        self._oauth_prefix = oauth_prefix

    def answer(self, request: Request[Any, Any, Any], raised: Exception) -> Response[bytes]:
        """Renders the error; only the unforeseen is journalled as an error."""
        error = translate(raised)
        interaction_id = request.scope.get("state", {}).get("interaction_id") or str(uuid4())
        if error.status == 500:
            journal.error(
                "request.failed", interaction_id=interaction_id, exc_info=raised.__cause__ or raised
            )
        elif isinstance(error, errors.Unavailable):
            error.headers.setdefault("Retry-After", "1")
            journal.warning(
                "request.unavailable",
                interaction_id=interaction_id,
                code=error.code,
                cause=repr(error.__cause__),
            )
        if request.scope["path"].startswith(self._oauth_prefix):
            return oauth_response(error)
        return problem_response(error, self._issuer, interaction_id)
