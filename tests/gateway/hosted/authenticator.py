"""A software authenticator: makes passkeys and answers challenges as W3C WebAuthn prescribes."""

import hashlib
import json
import secrets
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

PRESENT, VERIFIED, SYNCABLE, SYNCED, WITH_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


class Authenticator:
    """One device with one key; ``flags`` and ``count`` can be bent to see what is refused."""

    def __init__(self, origin: str, *, synced: bool = False, counts: bool = True) -> None:
        self.origin = origin
        self.rp_id = urlsplit(origin).hostname or ""
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.flags = PRESENT | VERIFIED | (SYNCABLE | SYNCED if synced else 0)
        self.counts = counts
        self.count = 0

    def create(self, options: dict[str, Any], **changes: Any) -> str:
        """The browser's answer to ``navigator.credentials.create``."""
        attested = (
            bytes(16)
            + len(self.credential_id).to_bytes(2, "big")
            + self.credential_id
            + self._cose_key()
        )
        statement = {
            "fmt": "none",
            "attStmt": {},
            "authData": self._authenticator_data(self.flags | WITH_KEY) + attested,
        }
        return self._answer(
            {
                "clientDataJSON": self._client_data("webauthn.create", options, changes),
                "attestationObject": encode_cbor(statement),
                "transports": ["internal"],
            }
        )

    def get(self, options: dict[str, Any], **changes: Any) -> str:
        """The browser's answer to ``navigator.credentials.get``."""
        if self.counts:
            self.count += 1
        client_data = self._client_data("webauthn.get", options, changes)
        signed = self._authenticator_data(self.flags)
        digest = hashlib.sha256(client_data).digest()
        return self._answer(
            {
                "clientDataJSON": client_data,
                "authenticatorData": signed,
                "signature": self.key.sign(signed + digest, ec.ECDSA(hashes.SHA256())),
                "userHandle": None,
            }
        )

    def _authenticator_data(self, flags: int) -> bytes:
        named = hashlib.sha256(self.rp_id.encode()).digest()
        return named + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client_data(self, kind: str, options: dict[str, Any], changes: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(said | changes).encode()

    def _cose_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def _answer(self, response: dict[str, Any]) -> str:
        named = bytes_to_base64url(self.credential_id)
        written = {
            name: bytes_to_base64url(value) if isinstance(value, bytes) else value
            for name, value in response.items()
        }
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": written})


def challenge_bytes(options: dict[str, Any]) -> bytes:
    """What the options ask to be signed."""
    return base64url_to_bytes(options["challenge"])
