"""What the conformance cases send: one client whose every request can be spoilt in one place."""

import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc.jwk import Key

from tests.conftest import SetClock
from tests.flows.browser import Browser, Page
from tests.flows.customer import Customer, browser_is_known
from tests.flows.partner import PACKAGE, Pushed, base64url, code_in, wallet
from tests.flows.wire import Line
from tests.gateway.oauth.partner import Partner, new_key

SCOPE = "order.write order.read account.limits.read account.balance.read payment.initiate"
RESOURCE = f"/v1/packages/{PACKAGE}"


class Now(SetClock):
    """The wall clock, where the unit tests' partner expects one that is set."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))

    def now(self) -> datetime:
        """This instant."""
        return datetime.now(UTC)


class Client(Partner):
    """The unit tests' partner, authenticating to the server under test."""

    def __init__(self, line: Line, client_id: str, key: Key, redirect_uri: str) -> None:
        super().__init__(client_id, Now(), key)
        self.line = line
        self.redirect_uri = redirect_uri
        # The server's nonces by role, as its answers bring them.
        self.nonces: dict[str, str] = {}

    def assertion(self, **spoilt: Any) -> str:
        """A client assertion for the server under test."""
        return super().assertion(**({"aud": self.line.issuer} | spoilt))

    def proof_at(self, path: str, method: str = "POST", **spoilt: Any) -> str:
        """A DPoP proof for an address of the server, with its latest nonce."""
        role = "as" if path.startswith("/oauth/") and path != "/oauth/userinfo" else "rs"
        if role in self.nonces:
            spoilt = {"nonce": self.nonces[role]} | spoilt
        return self.proof(self.line.issuer + path, method, **spoilt)


@dataclass
class Suite:
    """The clients, the customer, and what they have been given so far."""

    line: Line
    client: Client
    other: Client
    signer: Client
    customers: Iterator[tuple[Customer, Browser]]
    verifiers: dict[str, str] = field(default_factory=dict)

    # ---- the form endpoints ----------------------------------------------------------------

    def send(
        self,
        path: str,
        form: dict[str, Any],
        *,
        client: Client | None = None,
        proof: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Posts a form; ``proof`` is made where it is empty and left out where it is ``None``.

        A nonce challenge is answered once with the very same form, as a client does.
        """
        sender = client or self.client
        for attempt in range(2):
            sent = dict(headers or {})
            if proof is not None:
                sent["DPoP"] = proof or sender.proof_at(path)
            answer = self.line.send("POST", path, headers=sent, form=form)
            nonce = answer.headers.get("dpop-nonce")
            if nonce is not None:
                sender.nonces["as"] = nonce
            if proof != "" or attempt or not _wants_nonce(answer):
                break
        return answer

    def par(
        self,
        *,
        client: Client | None = None,
        proof: str | None = "",
        form: dict[str, Any] | None = None,
        **spoilt: Any,
    ) -> httpx.Response:
        """Pushes an authorization request; a parameter of ``None`` is left out."""
        sender = client or self.client
        verifier = secrets.token_urlsafe(64)[:64]
        usual = {
            "response_type": "code",
            "redirect_uri": sender.redirect_uri,
            "scope": SCOPE,
            "state": "af0ifjsldkj",
            "code_challenge": base64url(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
            "authorization_details": json.dumps(wallet()),
        }
        sent = sender.form(**(usual | spoilt)) if form is None else form
        answer = self.send("/oauth/par", sent, client=sender, proof=proof)
        if answer.status_code == 201:
            self.verifiers[answer.json()["request_uri"]] = verifier
        return answer

    def code(self, *, client: Client | None = None, **parameters: Any) -> tuple[str, str]:
        """A fresh code and its verifier, through the customer's pages."""
        sender = client or self.client
        answer = self.par(client=sender, **parameters)
        assert answer.status_code == 201, answer.text
        request_uri = answer.json()["request_uri"]
        state = str(parameters.get("state", "af0ifjsldkj"))
        pushed = Pushed(sender.client_id, request_uri, self.verifiers[request_uri], state)
        # Each in turn, because the bank sends one customer only so many codes at a time.
        customer, browser = next(self.customers)
        return (
            customer.approve(browser, pushed, self.line.issuer),
            self.verifiers[request_uri],
        )

    def token(
        self, code: str, verifier: str | None, *, client: Client | None = None, **spoilt: Any
    ) -> httpx.Response:
        """Redeems a code."""
        sender = client or self.client
        proof = spoilt.pop("proof", "")
        usual = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": sender.redirect_uri,
            "code_verifier": verifier,
        }
        form = sender.form(**(usual | spoilt))
        return self.send("/oauth/token", form, client=sender, proof=proof)

    def client_token(self, *, client: Client | None = None, **spoilt: Any) -> httpx.Response:
        """A token of the client's own."""
        sender = client or self.client
        proof = spoilt.pop("proof", "")
        usual = {"grant_type": "client_credentials", "scope": "catalog.read"}
        return self.send("/oauth/token", sender.form(**(usual | spoilt)), proof=proof)

    def page(self, client: Client, request_uri: str) -> tuple[Customer, Browser, Page]:
        """A signed-in customer at the consent page of a pushed request."""
        customer, browser = next(self.customers)
        query = urlencode({"client_id": client.client_id, "request_uri": request_uri})
        page = browser.open(f"/oauth/authorize?{query}")
        if not browser_is_known(page):
            page = customer.sign_in(browser, page)
        return customer, browser, page

    # ---- resources -------------------------------------------------------------------------

    def read(
        self,
        token: str,
        *,
        path: str = RESOURCE,
        scheme: str = "DPoP",
        proof: str | None = "",
        key: Key | None = None,
        headers: dict[str, str] | None = None,
        **claims: Any,
    ) -> httpx.Response:
        """Reads a resource with a token; the parts of the proof can be spoilt by name."""
        for attempt in range(2):
            sent = {"Authorization": f"{scheme} {token}"} | (headers or {})
            if proof is not None:
                made = self.client.proof_at(path, "GET", token=token, key=key, **claims)
                sent["DPoP"] = proof or made
            answer = self.line.send("GET", path, headers=sent)
            nonce = answer.headers.get("dpop-nonce")
            if nonce is not None:
                self.client.nonces["rs"] = nonce
            challenged = "use_dpop_nonce" in answer.headers.get("www-authenticate", "")
            if proof != "" or attempt or not challenged or "nonce" in claims:
                break
        return answer


def _wants_nonce(answer: httpx.Response) -> bool:
    return answer.status_code == 400 and '"use_dpop_nonce"' in answer.text


def unix_now() -> int:
    """This second."""
    return int(time.time())


__all__ = ["RESOURCE", "SCOPE", "Client", "Suite", "code_in", "new_key", "unix_now"]
