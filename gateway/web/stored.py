"""Stored outcomes as answers: the very bytes that were kept under the request's idempotency key."""

from typing import Any

from litestar import Response


def stored_answer(body: bytes, *, replayed: bool, location: str | None = None) -> Response[Any]:
    """201 with the stored bytes as they are, so that every answer to the key is the same."""
    headers = {} if location is None else {"Location": location}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(body, status_code=201, media_type="application/json", headers=headers)
