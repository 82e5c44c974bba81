"""Distinct requests signed beforehand, one in a hundred forged."""

import base64
import hashlib
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey

from tests.bench.load import Request
from tests.bench.prepare import PACKAGE, REDIRECT, VERSION, Prepared

FORGED_EVERY = 100
_ES256 = ec.ECDSA(hashes.SHA256())


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Signer:
    """Writes the requests of one prepared partner against one issuer."""

    def __init__(self, prepared: Prepared, issuer: str) -> None:
        self._prepared = prepared
        self._issuer = issuer
        self._host = issuer.split("://", 1)[1]
        self._jwk = prepared.dpop_key.as_dict(private=False)

    def tokens(self, count: int) -> list[Request]:
        """client_credentials requests."""
        return self._forms(
            "/oauth/token",
            count,
            {"grant_type": "client_credentials", "scope": "catalog.read"},
            200,
        )

    def pushes(self, count: int) -> list[Request]:
        """Pushed authorization requests with the whole package in authorization_details."""
        fields = {
            "client_id": self._prepared.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": "order.read order.write payment.initiate",
            "state": "bench",
            "code_challenge": _b64(hashlib.sha256(b"v" * 43).digest()),
            "code_challenge_method": "S256",
            "authorization_details": msgspec.json.encode(self._prepared.details).decode(),
        }
        return self._forms("/oauth/par", count, fields, 201)

    def reads(self, count: int) -> list[Request]:
        """Protected GETs with a fresh proof each."""
        path, token = "/v1/packages", self._prepared.client_token
        return [
            self._resource("GET", path, token, b"", 200, forged=self._is_forged(number))
            for number in range(count)
        ]

    def orders(self) -> list[Request]:
        """One order for every prepared customer; forged ones are extra and spend nothing."""
        requests = []
        for number, token in enumerate(self._prepared.customer_tokens):
            body = msgspec.json.encode(
                {"package": PACKAGE, "version": VERSION, "reference": f"bench-{number}"}
            )
            requests.append(self._resource("POST", "/v1/orders", token, body, 201))
            if self._is_forged(number):
                requests.append(self._resource("POST", "/v1/orders", token, body, 201, forged=True))
        return requests

    @staticmethod
    def _is_forged(number: int) -> bool:
        return number % FORGED_EVERY == FORGED_EVERY - 1

    def _forms(self, path: str, count: int, fields: dict[str, str], right: int) -> list[Request]:
        requests = []
        for number in range(count):
            forged = self._is_forged(number)
            form = fields | {
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": self._assertion(forged=forged),
            }
            body = urlencode(form, quote_via=quote).encode()
            headers = {
                "content-type": "application/x-www-form-urlencoded",
                "dpop": self._proof("POST", self._issuer + path),
            }
            requests.append(self._wire("POST", path, headers, body, 401 if forged else right))
        return requests

    def _resource(
        self, method: str, path: str, token: str, body: bytes, right: int, *, forged: bool = False
    ) -> Request:
        ath = _b64(hashlib.sha256(token.encode()).digest())
        proof = self._proof(method, self._issuer + path, ath=ath, forged=forged)
        headers = {"authorization": f"DPoP {token}", "dpop": proof}
        if body:
            headers |= {"content-type": "application/json", "idempotency-key": str(uuid4())}
        return self._wire(method, path, headers, body, 401 if forged else right)

    def _assertion(self, *, forged: bool) -> str:
        now = int(time.time())
        claims = {
            "iss": self._prepared.client_id,
            "sub": self._prepared.client_id,
            "aud": self._issuer,
            "iat": now,
            "exp": now + 300,
            "jti": str(uuid4()),
        }
        return _jws(self._prepared.client_key, {"kid": "bench"}, claims, forged=forged)

    def _proof(self, method: str, url: str, *, ath: str | None = None, forged: bool = False) -> str:
        claims: dict[str, Any] = {
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
            "jti": str(uuid4()),
        }
        if ath:
            claims["ath"] = ath
        header = {"typ": "dpop+jwt", "jwk": self._jwk}
        return _jws(self._prepared.dpop_key, header, claims, forged=forged)

    def _wire(
        self, method: str, path: str, headers: dict[str, str], body: bytes, expected: int
    ) -> Request:
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(f"content-length: {len(body)}")
        return Request("\r\n".join([*lines, "", ""]).encode() + body, expected)


def _jws(key: ECKey, header: dict[str, Any], claims: dict[str, Any], *, forged: bool) -> str:
    head = _b64(msgspec.json.encode({"alg": "ES256", **header}))
    text = f"{head}.{_b64(msgspec.json.encode(claims))}"
    # A forged one carries a signature over something else, so that the server has to check it.
    signed = text + ("x" if forged else "")
    r, s = decode_dss_signature(key.private_key.sign(signed.encode(), _ES256))
    return f"{text}.{_b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


Plan = Callable[[Signer], list[Request]]
