"""What must be there before the load: a partner, its tokens, and customers who consented.

It is written through the rooms' own services, before the server starts. There is a client for
each algorithm that FAPI 2.0 knows, which signs its assertions and proofs with keys of that kind.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from joserfc.jwk import ECKey, KeyParameters, OKPKey, RSAKey

from contracts.v1.onboarding import Registration
from gateway.app import Roof
from gateway.corebank.sandbox.personas import load_personas
from gateway.corebank.sandbox.service import SandboxBank
from gateway.database import Unit
from gateway.kit.ids import digest, new_secret
from gateway.oauth import store
from gateway.onboarding.service import SCOPES
from gateway.products.service import DisclosureRules, load_types
from gateway.rooms import Rooms
from gateway.settings import Settings
from tests.agreed import texts_read

Key = ECKey | OKPKey | RSAKey
ALGORITHMS = ("ES256", "EdDSA", "PS256")
PACKAGE, VERSION = "commuter-wallet", "1.0.0"
REDIRECT = "https://bench.example/back"


@dataclass(frozen=True)
class Prepared:
    """What the signer of one client needs: its name, its keys, and live access tokens."""

    algorithm: str
    client_id: str
    client_key: Key
    dpop_key: Key
    client_token: str
    customer_tokens: list[str]
    details: list[dict[str, Any]]


def make_key(algorithm: str, kid: str | None = None) -> Key:
    """A fresh key of the algorithm's kind."""
    members: KeyParameters | None = None if kid is None else {"kid": kid}
    if algorithm == "ES256":
        return ECKey.generate_key("P-256", members)
    if algorithm == "PS256":
        return RSAKey.generate_key(2048, members)
    return OKPKey.generate_key("Ed25519", members)


async def prepare(
    settings: Settings, algorithms: Sequence[str], customers: int
) -> dict[str, Prepared]:
    """Fills an empty, migrated database: a client for each algorithm, customers for the first."""
    roof = Roof(msgspec.structs.replace(settings, work="off"))
    rooms = await roof.open()
    try:
        return {
            algorithm: await _fill(rooms, algorithm, 0 if number else customers)
            for number, algorithm in enumerate(algorithms)
        }
    finally:
        await roof.close()


async def _fill(rooms: Rooms, algorithm: str, customers: int) -> Prepared:
    at = rooms.clock.now()
    client_key = make_key(algorithm, "bench")
    dpop_key = make_key(algorithm)
    client = await rooms.onboarding.register(
        Registration(
            partner_name=f"Bench {algorithm}",
            partner_name_zh=f"测速 {algorithm}",
            mark="测",
            scenarios=["travel_app"],
            redirect_uris=[REDIRECT],
            scope=" ".join(sorted(SCOPES)),
            jwks={"keys": [client_key.as_dict(private=False)]},
        ),
        operator="bench",
        at=at,
    )
    client_token = new_secret()
    unit = Unit("bench.token")
    unit.add(
        store.INSERT_CLIENT_TOKEN,
        token_digest=digest(client_token),
        client_id=client.client_id,
        jkt=dpop_key.thumbprint(),
        x5t_s256=None,
        scope="catalog.read",
        created_at=at,
        expires_at=at + timedelta(hours=2),
    )
    await rooms.database.commit(unit)
    details = _details(rooms)
    tokens = []
    for login in await _enrol(rooms, customers):
        tokens.append(
            await _consent(rooms, client, f"cus_{login}", details, dpop_key.thumbprint(), at)
        )
    return Prepared(
        algorithm, client.client_id, client_key, dpop_key, client_token, tokens, details
    )


def _details(rooms: Rooms) -> list[dict[str, Any]]:
    package = rooms.catalogue.find(PACKAGE, VERSION)
    assert package is not None
    details: list[dict[str, Any]] = []
    for component in package.components:
        entry: dict[str, Any] = {
            "type": "urn:tessera:package-order",
            "package": PACKAGE,
            "version": VERSION,
            "component": component.component,
            "actions": component.actions,
        }
        if component.type == "account_t3":
            entry["top_up"] = {"minor_units": 5000, "currency": "CNY"}
        if component.type == "nfc_or_qr_pass":
            entry["per_debit_cap"] = {"minor_units": 5000, "currency": "CNY"}
            entry["daily_cap"] = {"minor_units": 20000, "currency": "CNY"}
        details.append(entry)
    return details


async def _enrol(rooms: Rooms, count: int) -> list[str]:
    assert isinstance(rooms.bank, SandboxBank)
    model = load_personas()[0]
    logins = [f"bench-{secrets.token_hex(6)}" for _ in range(count)]
    await rooms.bank.seed(
        tuple(
            msgspec.structs.replace(
                model, login=login, bound_number=f"622848{secrets.randbelow(10**10):010d}"
            )
            for login in logins
        )
    )
    return logins


async def _consent(
    rooms: Rooms,
    client: Any,
    customer_id: str,
    details: list[dict[str, Any]],
    jkt: str,
    at: datetime,
) -> str:
    scope = "order.read order.write payment.initiate"
    token, subject = new_secret(), new_secret()
    unit = Unit("bench.consent")
    consent_id = rooms.consents.grant(
        unit,
        partner_id=client.partner_id,
        client_id=client.client_id,
        customer_id=customer_id,
        scope=scope,
        authorization_details=details,
        acr="urn:tessera:acr:two-factor",
        amr=("pin", "otp", "mfa"),
        at=at,
        read=texts_read(rooms.catalogue, DisclosureRules(load_types(), rooms.rules), details, at),
    )
    unit.add(
        store.INSERT_CUSTOMER_TOKEN,
        token_digest=digest(token),
        client_id=client.client_id,
        consent_id=consent_id,
        customer_id=customer_id,
        subject=subject,
        code_digest=None,
        jkt=jkt,
        x5t_s256=None,
        authenticated_at=at,
        claims=None,
        scope=scope,
        authorization_details=msgspec.json.encode(details).decode(),
        acr="urn:tessera:acr:two-factor",
        created_at=at,
        expires_at=at + timedelta(hours=2),
    )
    await rooms.database.commit(unit)
    return token
