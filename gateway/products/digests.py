"""The digest of what a package, or a part of one, says."""

import hashlib

import msgspec


def digest_of(content: object) -> str:
    """SHA-256 in hex over the content, whatever its layout and comments were."""
    canonical = msgspec.json.encode(content, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()
