"""Stages: what each provider state of the pacts means, set by our own test partner."""

import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from tests.contracts.bank import Bank, Sale, sold
from tests.contracts.consumers import speech
from tests.flows.browser import Browser
from tests.flows.customer import tokens
from tests.flows.partner import Partner, wallet
from tests.flows.receiver import Arrival

Values = dict[str, Any]
_PATIENCE_SECONDS = 15.0


class Stages:
    """One partner's states by their names; each answers what only the bank knows of it."""

    def __init__(self, bank: Bank, partner: Partner, voice: str) -> None:
        self._bank = bank
        self._partner = partner
        self._voice = voice
        self._number = 0
        self._path = f"/{secrets.token_hex(6)}"
        self._active: Sale | None = None
        self._handle = ""
        self._told = ""

    def set(self, name: str) -> Values:
        """Sets a state; raises ``KeyError`` for one that nobody has given a meaning."""
        return _BY_NAME[name](self)

    def told(self) -> bytes:
        """The message by which the bank told of the active order of ``TOLD``, as JSON.

        A dialect's form is given as the fields that it decodes to.
        """
        self._bank.receiver.wait(lambda: bool(self._arrived()), _PATIENCE_SECONDS)
        found = self._arrived()
        assert found, f"the bank told nothing of {self._told}"
        body = found[0].body
        return json.dumps(dict(parse_qsl(body.decode()))).encode() if self._speaks else body

    def _arrived(self) -> list[Arrival]:
        words = (b'"type":"order.active"', b"event_type=ORDER_ACTIVE")
        return [
            arrival
            for arrival in self._bank.receiver.at(self._path)
            if self._told.encode() in arrival.body and any(word in arrival.body for word in words)
        ]

    def _own_token(self) -> Values:
        token = self._partner.client_token().json()["access_token"]
        forget_endpoints(self._partner, token)
        return {"access_token": token, "url": self._bank.receiver.url(self._path)}

    def _endpoint(self) -> Values:
        token = self._partner.client_token().json()["access_token"]
        forget_endpoints(self._partner, token)
        return {"access_token": token, "endpoint_id": self._register(token)}

    def _on_sale(self) -> Values:
        return {"authorization_details": json.dumps(wallet())}

    def _approved(self) -> Values:
        answer, pushed = self._partner.push()
        assert pushed is not None, answer.text
        browser = Browser(self._partner.line)
        code = self._bank.customer().approve(browser, pushed, self._partner.line.issuer)
        return {"code": code, "code_verifier": pushed.verifier}

    def _agreed(self) -> Values:
        token = tokens(self._partner, self._bank.customer())["access_token"]
        values = {"access_token": token, "number": self._fresh()}
        return values | ({"grant_handle": self._granted(token)} if self._speaks else {})

    def _placed(self) -> Values:
        values = self._agreed()
        number = values["number"]
        placed = self._partner.place_order(values["access_token"], number, number)
        assert placed.status_code == 201, placed.text
        return values

    def _sold(self) -> Values:
        if self._active is None:
            self._active = sold(self._partner, self._bank.customer(), self._fresh())
            self._handle = self._granted(self._active.token) if self._speaks else ""
        sale, number = self._active, self._fresh()
        order_id = str(sale.order["order_id"])
        return {
            "access_token": sale.token,
            "grant_handle": self._handle,
            "number": number,
            "order_id": order_id,
            "order_no": order_id,
            "account_id": sale.purse,
            "account_no": sale.purse,
            "mandate_id": sale.mandate,
            "mandate_no": sale.mandate,
        }

    def _ended(self) -> Values:
        sale = sold(self._partner, self._bank.customer(), self._fresh())
        sale.customer.take_back(Browser(self._partner.line), sale.order["consent_id"])
        return {"access_token": sale.token, "order_id": sale.order["order_id"]}

    def _informed(self) -> Values:
        self._endpoint()
        sale = sold(self._partner, self._bank.customer(), self._fresh())
        self._told = sale.order["order_id"]
        return {}

    @property
    def _speaks(self) -> bool:
        return self._voice != "standard-webhooks"

    def _fresh(self) -> str:
        self._number += 1
        return f"{self._path[1:]}-{self._number}"

    def _granted(self, token: str) -> str:
        answer = self._partner.call("POST", "/v1/grant-handles", token, {"dialect": self._voice})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["grant_handle"])

    def _register(self, token: str) -> str:
        wanted = {"url": self._bank.receiver.url(self._path), "voice": self._voice}
        answer = self._partner.call("POST", "/v1/webhook-endpoints", token, wanted)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["endpoint_id"])


def forget_endpoints(partner: Partner, token: str) -> None:
    """Deletes whatever endpoints the partner has, so that nobody else is told."""
    for endpoint in partner.call("GET", "/v1/webhook-endpoints", token).json()["endpoints"]:
        path = f"/v1/webhook-endpoints/{endpoint['endpoint_id']}"
        partner.call("DELETE", path, token)


_BY_NAME: dict[str, Callable[[Stages], Values]] = {
    speech.OWN_TOKEN: Stages._own_token,
    speech.ENDPOINT: Stages._endpoint,
    speech.ON_SALE: Stages._on_sale,
    speech.APPROVED: Stages._approved,
    speech.AGREED: Stages._agreed,
    speech.PLACED: Stages._placed,
    speech.ACTIVE: Stages._sold,
    speech.ENDED: Stages._ended,
    speech.TOLD: Stages._informed,
}
STATES = frozenset(_BY_NAME)
