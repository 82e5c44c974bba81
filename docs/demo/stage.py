"""Sets the stage: database, partners registered once, customers made fresh for every run."""

import json
from dataclasses import dataclass
from typing import Any

import keyring
import lantu
import machine
import wayfare
from lantu_client import DIALECT
from machine import Home

PARTNERS = {"wayfare": wayfare.REGISTRATION, "lantu": lantu.REGISTRATION}
SPEAKS_DIALECT = "lantu"


@dataclass(frozen=True)
class Stage:
    """A bank that is ready to open its doors."""

    address: str
    environment: dict[str, str]
    customers: list[dict[str, Any]]
    registered: list[str]


def set_stage(home: Home, port: int, customers: int) -> Stage:
    """Migrates, registers what is not registered yet, makes customers, writes the stage file.

    Everything here happens before the gateway starts: the embedded store serves one process.
    """
    ports = machine.free_ports(2)
    environment = home.environment(port, ports)
    is_new = not home.database.exists()
    machine.command(environment, "migrate")
    registered = [
        name
        for name, registration in PARTNERS.items()
        if is_new or not _is_registered(home, name, registration)
    ]
    for name in registered:
        _register(home, environment, name, PARTNERS[name])
    printed = machine.command(environment, "sandbox", "persona", "--count", str(customers))
    fresh = [json.loads(line) for line in printed.splitlines()]
    document = {
        "address": environment["TESSERA_ISSUER"],
        "partners": {name: str(home.partner(name)) for name in PARTNERS},
        "ports": ports,
        "customers": fresh,
    }
    keyring.save(home.stage, document)
    return Stage(environment["TESSERA_ISSUER"], environment, fresh, registered)


def _is_registered(home: Home, name: str, registration: dict[str, Any]) -> bool:
    document = keyring.load(home.partner(name))
    return document is not None and document.get("registration") == registration


def _register(
    home: Home, environment: dict[str, str], name: str, registration: dict[str, Any]
) -> None:
    # Keys are made anew for every attempt and kept only with the client that they belong to: a
    # demo that dies in between leaves a partner nobody knows, not keys that cannot be used again.
    keys = keyring.new_keys()
    asked = registration | {"jwks": {"keys": [keyring.public_jwk(keys["client_key"])]}}
    if name == SPEAKS_DIALECT:
        pem = keyring.public_pem(keys["dialect_key_pem"])
        asked["dialect_keys"] = [{"dialect": DIALECT, "public_key_pem": pem}]
    file = home.path / "partners" / f"{name}.registration.json"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_text(json.dumps(asked, ensure_ascii=False, indent=1), encoding="utf-8")
    client = machine.command_json(environment, "partner", "register", str(file))
    keyring.save(home.partner(name), {"registration": registration, "keys": keys, "client": client})
