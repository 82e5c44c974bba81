"""Client keys: which may be registered by value, and what is taken from a fetched set."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from contracts import errors
from gateway.kit import jose, public_keys

# More keys than anybody rotates through; bounds the work for a set that others write.
FETCHED_KEYS_MOST: Final = 32


class UnreadableSet(ValueError):
    """A fetched document is not a JWK set; the text is fit for the journal."""


def registered(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The keys of a set registered by value, as they are kept; raises ``InvalidField``.

    Every key has a `kid` of its own (FAPI 2.0 SP 5.4.2) and is one that the OAuth room verifies
    with: what it would skip silently later is refused here, with the reason.
    """
    kept = public_keys.public_jwks(document)
    for index, given in enumerate(document["keys"]):
        try:
            jose.parse_public_jwk(given)
        except jose.JoseRefused as refusal:
            raise errors.InvalidField(f"{refusal}.", field=f"jwks.keys[{index}]") from None
    return kept


def parse(jwks: Sequence[Mapping[str, Any]]) -> tuple[jose.PublicKey, ...]:
    """The keys of a set that can verify here; others, such as encryption keys, are passed over.

    Several keys may carry one `kid`: which of them made a signature is told by kind and
    algorithm first (FAPI 2.0 SP 5.4.3).
    """
    keys = []
    for jwk in jwks:
        try:
            keys.append(jose.parse_public_jwk(jwk))
        except jose.JoseRefused:
            continue
    return tuple(keys)


def read_set(body: bytes) -> tuple[jose.PublicKey, ...]:
    """The usable keys of a fetched JWK set (RFC 7517 section 5); raises ``UnreadableSet``."""
    try:
        keys = jose.strict_json_object(body).get("keys")
    except jose.JoseRefused as refusal:
        raise UnreadableSet(str(refusal)) from None
    if not isinstance(keys, list) or len(keys) > FETCHED_KEYS_MOST:
        raise UnreadableSet(f"a key set is an object with at most {FETCHED_KEYS_MOST} keys")
    return parse(keys)
