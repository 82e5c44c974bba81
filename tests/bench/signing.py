"""Distinct requests signed beforehand, one in a hundred forged."""

import base64
import hashlib
import time
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import msgspec

from tests.bench.load import Request
from tests.bench.prepare import PACKAGE, REDIRECT, VERSION, Key, Prepared
from tests.flows import message_signing

FORGED_EVERY = 100
# Where the endpoints of ours are; a peer has its own paths.
PATHS = {"token": "/oauth/token", "par": "/oauth/par"}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Signer:
    """Writes the requests of one prepared client against one issuer."""

    def __init__(self, prepared: Prepared, issuer: str, paths: dict[str, str] = PATHS) -> None:
        self._prepared = prepared
        self._paths = paths
        self._issuer = issuer
        self._host = issuer.split("://", 1)[1]
        self._jwk = prepared.dpop_key.as_dict(private=False)
        self._nonces: dict[str, str] = {}
        self._customers = enumerate(prepared.customer_tokens)

    def learn_nonces(self) -> None:
        """Asks both servers for a nonce, which is good for minutes."""
        self._nonces.clear()
        token = self._prepared.client_token
        ath = _b64(hashlib.sha256(token.encode()).digest())
        proof = self._proof("GET", f"{self._issuer}/v1/packages", ath=ath)
        headers = {"authorization": f"DPoP {token}", "dpop": proof}
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(forged=False),
        }
        with httpx.Client(base_url=self._issuer, trust_env=False) as client:
            challenged = client.get("/v1/packages", headers=headers)
            url = self._issuer + self._paths["token"]
            asked = client.post(url, data=form, headers={"dpop": self._proof("POST", url)})
        self._nonces = {
            "rs": challenged.headers.get("dpop-nonce", ""),
            "as": asked.headers.get("dpop-nonce", ""),
        }

    def tokens(self, count: int) -> list[Request]:
        """client_credentials requests."""
        return self._forms(
            self._paths["token"],
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
        return self._forms(self._paths["par"], count, fields, 201)

    def reads(self, count: int) -> list[Request]:
        """Protected GETs with a fresh proof each."""
        path, token = "/v1/packages", self._prepared.client_token
        return [
            self._resource("GET", path, token, b"", 200, forged=self._is_forged(number))
            for number in range(count)
        ]

    def orders(self, count: int) -> list[Request]:
        """One order for each of the next customers; forged ones are extra and spend nothing."""
        requests = []
        for number, token in islice(self._customers, count):
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
            headers = message_signing.signed(
                headers,
                method=method,
                url=self._issuer + path,
                body=body,
                key=self._prepared.client_key,
                created=time.time(),
            )
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
        header = {"alg": self._prepared.algorithm, "kid": "bench"}
        return _jws(self._prepared.client_key, header, claims, forged=forged)

    def _proof(self, method: str, url: str, *, ath: str | None = None, forged: bool = False) -> str:
        claims: dict[str, Any] = {
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
            "jti": str(uuid4()),
        }
        nonce = self._nonces.get("rs" if ath else "as")
        if nonce:
            claims["nonce"] = nonce
        if ath:
            claims["ath"] = ath
        header = {"alg": self._prepared.algorithm, "typ": "dpop+jwt", "jwk": self._jwk}
        return _jws(self._prepared.dpop_key, header, claims, forged=forged)

    def _wire(
        self, method: str, path: str, headers: dict[str, str], body: bytes, expected: int
    ) -> Request:
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(f"content-length: {len(body)}")
        return Request("\r\n".join([*lines, "", ""]).encode() + body, expected)


def _jws(key: Key, header: dict[str, Any], claims: dict[str, Any], *, forged: bool) -> str:
    head = _b64(msgspec.json.encode(header))
    text = f"{head}.{_b64(msgspec.json.encode(claims))}"
    # A forged one carries a signature over something else, so that the server has to check it.
    signed = text + ("x" if forged else "")
    return f"{text}.{_b64(message_signing.raw_signature(key, signed.encode()))}"
