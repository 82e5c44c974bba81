"""Spent proofs: a `jti` counts once, in the database, in the unit of the request it came with."""

from datetime import datetime

from contracts import errors
from gateway.database import Statement, Unit
from gateway.kit.ids import digest

# The insert that finds its key already there touches no row, and the unit is refused.
BURN = Statement(
    "insert into oauth_replay (key, expires_at) values (:key, :expires_at) "
    "on conflict (key) do nothing"
)

# At a resource: a key that is there already violates the primary key, and the unit is refused.
BURN_FOR_TOKEN = Statement(
    "insert into oauth_replay (key, expires_at) select :key, :expires_at where exists"
    " (select 1 from access_token where token_digest = :token_digest and jkt = :jkt)"
)


def replay_key(purpose: str, owner: str, jti: str) -> str:
    """The stored name of a `jti`, which is unique per purpose and per client or key."""
    return digest(f"{purpose}\n{owner}\n{jti}")


def burn_assertion(unit: Unit, key: str, expires_at: datetime) -> None:
    """Uses up a client assertion's `jti` (RFC 7523 section 3, point 7)."""
    # Two groups that spend the same two proofs in opposite order would wait for each other.
    unit.lock(key)
    unit.add(BURN, otherwise=_assertion_used, key=key, expires_at=expires_at)


def burn_proof(unit: Unit, key: str, expires_at: datetime) -> None:
    """Uses up a DPoP proof's `jti` (RFC 9449 section 11.1)."""
    unit.lock(key)
    unit.add(BURN, otherwise=_proof_used, key=key, expires_at=expires_at)


def _assertion_used() -> errors.InvalidClient:
    return errors.InvalidClient("The client assertion was used before.")


def _proof_used() -> errors.InvalidDpopProof:
    return errors.InvalidDpopProof("The DPoP proof was used before.")
