"""A partner's own side of the protocol, signed with joserfc and nothing of ours."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from tests.conftest import SetClock

ISSUER = "https://bank.example"
REDIRECT_URI = "https://travel.example/cb?from=bank"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VERIFIER = "v" * 60 + "-._~"


def entry(component: str, action: str, **members: Any) -> dict[str, Any]:
    usual = {
        "type": "urn:tessera:package-order",
        "package": "commuter-wallet",
        "version": "1.0.0",
        "component": component,
        "actions": [action],
    }
    return usual | members


def fen(minor_units: int) -> dict[str, Any]:
    return {"minor_units": minor_units, "currency": "CNY"}


DETAILS: list[dict[str, Any]] = [
    entry("purse", "open", top_up=fen(5000)),
    entry("vault", "open"),
    entry("ride", "mandate", per_debit_cap=fen(2000), daily_cap=fen(10000)),
]
SWEEP = entry("sweep", "refer")
REGISTRY = jws.JWSRegistry(
    algorithms=["ES256", "PS256", "EdDSA", "Ed25519", "RS256", "HS256", "none"],
    strict_check_header=False,
)
REGISTRY.max_header_length = 8000


def new_key(algorithm: str = "ES256") -> Key:
    if algorithm == "PS256":
        return RSAKey.generate_key(2048, auto_kid=True)
    if algorithm in ("EdDSA", "Ed25519"):
        return OKPKey.generate_key("Ed25519", auto_kid=True)
    return ECKey.generate_key("P-256", auto_kid=True)


class Confused:
    """Signs with a public key's bytes as the secret of an HMAC: key confusion (RFC 8725 2.1)."""

    def __init__(self, key: Key) -> None:
        self.kid = key.kid
        self.secret = key.as_pem(private=False)

    def sign(self, header: dict[str, Any], payload: bytes) -> str:
        # By hand, because joserfc does not take a public key for a secret.
        text = ".".join(_base64url(part) for part in (msgspec.json.encode(header), payload))
        tag = hmac.digest(self.secret, text.encode(), "sha256")
        return f"{text}.{_base64url(tag)}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(header: dict[str, Any], claims: dict[str, Any] | bytes, key: Key | Confused) -> str:
    payload = claims if isinstance(claims, bytes) else msgspec.json.encode(claims)
    if isinstance(key, Confused):
        return key.sign(header, payload)
    return jws.serialize_compact(header, payload, key, registry=REGISTRY)


def challenge_of(verifier: str) -> str:
    raw = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Partner:
    """Signs assertions and proofs; every method takes the parts a test wants to spoil."""

    def __init__(self, client_id: str, clock: SetClock, key: Key, algorithm: str = "ES256") -> None:
        self.client_id = client_id
        self.clock = clock
        self.key = key
        self.algorithm = algorithm
        self.dpop_key = new_key()

    @property
    def now(self) -> float:
        at: datetime = self.clock.now()
        return at.timestamp()

    def assertion(
        self,
        *,
        header: dict[str, Any] | None = None,
        key: Key | Confused | None = None,
        **claims: Any,
    ) -> str:
        usual = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": ISSUER,
            "jti": secrets.token_urlsafe(16),
            "iat": int(self.now),
            "exp": int(self.now) + 60,
        }
        kept = {name: value for name, value in (usual | claims).items() if value is not None}
        top = {"alg": self.algorithm, "kid": self.key.kid} | (header or {})
        return sign({name: v for name, v in top.items() if v is not None}, kept, key or self.key)

    def proof(
        self,
        url: str,
        method: str = "POST",
        *,
        key: Key | None = None,
        header: dict[str, Any] | None = None,
        token: str | None = None,
        **claims: Any,
    ) -> str:
        key = key or self.dpop_key
        usual = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url,
            "iat": int(self.now),
        }
        if token is not None:
            raw = hashlib.sha256(token.encode()).digest()
            usual["ath"] = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        kept = {name: value for name, value in (usual | claims).items() if value is not None}
        top = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
        top |= header or {}
        return sign({name: v for name, v in top.items() if v is not None}, kept, key)

    def form(self, **fields: Any) -> dict[str, Any]:
        usual = {
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": fields.pop("assertion", None) or self.assertion(),
        }
        return {name: value for name, value in (usual | fields).items() if value is not None}

    def par_form(self, **fields: Any) -> dict[str, Any]:
        usual = {
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": "order.write order.read",
            "state": "st/ate 1",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            "authorization_details": msgspec.json.encode(DETAILS).decode(),
        }
        return self.form(**(usual | fields))

    def code_form(self, live_code: str, /, **fields: Any) -> dict[str, Any]:
        usual = {
            "grant_type": "authorization_code",
            "code": live_code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        return self.form(**(usual | fields))


async def post(
    http: httpx.AsyncClient, path: str, form: dict[str, Any], proof: str | None = None
) -> httpx.Response:
    headers = {} if proof is None else {"DPoP": proof}
    return await http.post(path, data=form, headers=headers)


def answer_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
