"""Spent proofs: a `jti` counts once, in the database, in the unit of the request it came with."""

from datetime import datetime
from typing import Protocol

from contracts import errors
from gateway.database import Statement, Unit
from gateway.kit.ids import digest
from gateway.onboarding.service import Client

# The insert that finds its key already there touches no row, and the unit is refused.
BURN = Statement(
    "insert into oauth_replay (key, expires_at) values (:key, :expires_at) "
    "on conflict (key) do nothing"
)

# Both keys of a request at once, while its client is the one that the decision was made on. The
# typed rows, of which there are none, tell PostgreSQL what the parameters are.
BURN_BOTH = Statement(
    "insert into oauth_replay (key, expires_at) select v.key, v.expires_at from"
    " (select key, expires_at from oauth_replay where 1 = 0"
    " union all select :assertion_key, :assertion_expires_at"
    " union all select :proof_key, :proof_expires_at) v"
    " where exists (select 1 from client c join partner p on p.partner_id = c.partner_id"
    " where c.client_id = :client_id and c.version = :version"
    " and c.status = 'active' and p.status = 'active'"
    " and p.assessed_until is not distinct from :assessed_until)"
    " on conflict (key) do nothing"
)

# At a resource: a key that is there already violates the primary key, and the unit is refused.
BURN_FOR_TOKEN = Statement(
    "insert into oauth_replay (key, expires_at) select :key, :expires_at where exists"
    " (select 1 from access_token where token_digest = :token_digest and jkt = :jkt)"
)


class Unconfirmed(Exception):
    """A client was decided on from memory and has changed, or a proof was used before."""


class Spent(Protocol):
    """A proof or an assertion, by what it is remembered."""

    @property
    def key(self) -> str:
        """The name of its `jti`; see ``replay_key``."""
        ...

    @property
    def expires_at(self) -> datetime:
        """When its `jti` may be forgotten."""
        ...


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


def burn_each(unit: Unit, assertion: Spent | None, proof: Spent | None) -> None:
    """Uses up whichever of the two a request came with, each told by its own name."""
    if assertion is not None:
        burn_assertion(unit, assertion.key, assertion.expires_at)
    if proof is not None:
        burn_proof(unit, proof.key, proof.expires_at)


def burn_signature(unit: Unit, client_id: str, signed: bytes, expires_at: datetime) -> None:
    """Uses up a message signature (RFC 9421 section 7.2.2), by the bytes that it is over.

    Not by its own bytes: from an ECDSA signature anybody can write a second one that verifies.
    """
    key = replay_key("signature", client_id, signed.decode("latin-1"))
    unit.lock(key)
    unit.add(BURN, otherwise=_signature_used, key=key, expires_at=expires_at)


def burn_both(unit: Unit, assertion: Spent, proof: Spent, *, client: Client) -> None:
    """Uses up both of them while the client, which is an active one, is as it was read.

    Otherwise the commit raises ``Unconfirmed``, and nothing of the unit has happened.
    """
    # Read once: an assertion works its key out whenever it is asked.
    assertion_key = assertion.key
    unit.lock(assertion_key, proof.key)
    unit.add(
        BURN_BOTH,
        expect=2,
        otherwise=Unconfirmed,
        assertion_key=assertion_key,
        assertion_expires_at=assertion.expires_at,
        proof_key=proof.key,
        proof_expires_at=proof.expires_at,
        client_id=client.client_id,
        version=client.version,
        assessed_until=client.assessed_until,
    )


def _assertion_used() -> errors.InvalidClient:
    return errors.InvalidClient("The client assertion was used before.")


def _signature_used() -> errors.ReplayedRequest:
    return errors.ReplayedRequest("The signature was used before; sign again, with a nonce.")


def _proof_used() -> errors.InvalidDpopProof:
    return errors.InvalidDpopProof("The DPoP proof was used before.")
