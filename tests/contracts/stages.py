"""Stages: what each provider state of the pacts means, set by our own test partner."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from tests.contracts.bank import Bank, Sale, sold
from tests.flows.browser import Browser
from tests.flows.customer import tokens
from tests.flows.partner import Partner, wallet

Values = dict[str, Any]


class Stages:
    """The states by their names; each answers the values that its interactions are filled with."""

    def __init__(self, bank: Bank, partner: Partner) -> None:
        self._bank = bank
        self._partner = partner
        self._sale: Sale | None = None
        self._by_name: dict[str, Callable[[], Values]] = {
            "the partner has a token of its own": self._own_token,
            "what is asked for is on sale": self._on_sale,
            "a customer has approved what the partner asked": self._code,
        }

    @property
    def names(self) -> frozenset[str]:
        """Every state that can be set."""
        return frozenset(self._by_name)

    def set(self, name: str) -> Values:
        """Sets a state; raises ``KeyError`` for one that nobody has given a meaning."""
        return self._by_name[name]()

    def _own_token(self) -> Values:
        return {"access_token": self._partner.client_token().json()["access_token"]}

    def _on_sale(self) -> Values:
        return {"authorization_details": json.dumps(wallet())}

    def _code(self) -> Values:
        answer, pushed = self._partner.push()
        assert pushed is not None, answer.text
        browser = Browser(self._partner.line)
        code = self._bank.customer().approve(browser, pushed, self._partner.line.issuer)
        return {"code": code, "code_verifier": pushed.verifier}
