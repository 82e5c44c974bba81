"""Checks on a request's message signature (RFC 9421 as FAPI 2.0 HTTP Signatures profiles it)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from contracts import errors
from gateway.kit.content_digest import DigestRefused, check_content_digest
from gateway.kit.jose import PublicKey
from gateway.kit.signature_algorithms import ALGORITHMS, fits, verifies
from gateway.kit.signature_base import RequestMessage
from gateway.kit.signature_fields import MessageSignature

TAG: Final = "fapi-2-request"
# FAPI recommends a minute; the half minute is for a client whose clock is ahead.
AGE_SECONDS: Final = 60
AHEAD_SECONDS: Final = 30


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request with the one signature that is judged, and the base it is over."""

    message: RequestMessage
    signature: MessageSignature
    base: bytes
    at: datetime


def choose(signatures: Sequence[MessageSignature]) -> MessageSignature | None:
    """The signature made for us, or ``None`` where proxies and other purposes alone have signed."""
    ours = [one for one in signatures if one.tag == TAG]
    if len(ours) > 1:
        raise errors.InvalidSignature(f"More than one signature has the tag {TAG}; send one.")
    return ours[0] if ours else None


def components(message: RequestMessage) -> list[str]:
    """What a signature of this request must cover."""
    wanted = ["@method", "@target-uri", "authorization"]
    # Which key retries are told apart by decides whether money moves again.
    wanted += [name for name in ("dpop", "idempotency-key") if message.fields.lines(name)]
    if _announces_body(message):
        wanted.append("content-digest")
    return wanted


def check_components(request: SignedRequest) -> None:
    """Method, address and token are covered; proof, idempotency key and content where there are."""
    missing = [name for name in components(request.message) if not request.signature.covers(name)]
    if missing:
        raise errors.InvalidSignature(f"The signature does not cover {', '.join(missing)}.")


def check_keyid(request: SignedRequest) -> None:
    """RFC 9421 section 2.3: the signature says which key it is by."""
    if request.signature.keyid is None:
        raise errors.InvalidSignature("The signature has no parameter keyid.")


def check_created(request: SignedRequest) -> None:
    """Made within the last minute, by a clock that may be half a minute ahead."""
    created = request.signature.created
    if created is None:
        raise errors.InvalidSignature("The signature has no parameter created.")
    age = request.at.timestamp() - created
    if not -AHEAD_SECONDS <= age <= AGE_SECONDS:
        raise errors.StaleRequest(
            f"The signature was created outside the last {AGE_SECONDS} seconds; sign again."
        )


def good_until(request: SignedRequest) -> datetime:
    """When a signature that passed ``check_created`` is too old to be taken again."""
    created = request.signature.created or 0
    return datetime.fromtimestamp(created + AGE_SECONDS + 1, UTC)


def check_expires(request: SignedRequest) -> None:
    """RFC 9421 section 2.3: the signer's own end is kept to, where it set one."""
    expires = request.signature.expires
    if expires is not None and request.at.timestamp() >= expires:
        raise errors.StaleRequest("The signature has expired; sign again.")


def check_content(request: SignedRequest, content: bytes) -> None:
    """RFC 9530: the digest that is covered is that of the content received."""
    if not request.signature.covers("content-digest"):
        if content:
            raise errors.InvalidSignature("The signature does not cover content-digest.")
        return
    try:
        check_content_digest(request.message.fields.combined("content-digest"), content)
    except DigestRefused as refusal:
        raise errors.InvalidSignature(str(refusal)) from None


def check_key(request: SignedRequest, keys: Sequence[PublicKey]) -> None:
    """One of the client's keys made it; ``keys`` are those that the keyid names.

    The client is the token's, never whoever the keyid may belong to.
    """
    signature = request.signature
    if not keys:
        raise errors.InvalidSignature("The keyid is that of no registered key of this client.")
    fit = [key for key in keys if fits(key, signature.alg)]
    if not fit:
        raise errors.InvalidSignature(
            f"The alg does not fit the key; leave it out, or use one of {', '.join(ALGORITHMS)}."
        )
    if not any(verifies(key, signature.alg, request.base, signature.signature) for key in fit):
        raise errors.InvalidSignature(
            "The signature does not verify: compare your signature base with RFC 9421 section 2.5,"
            " with @target-uri as the address that our metadata publishes."
        )


def _announces_body(message: RequestMessage) -> bool:
    lengths = message.fields.lines("content-length")
    return bool(message.fields.lines("transfer-encoding")) or any(
        length.strip(b"0") for length in lengths
    )
