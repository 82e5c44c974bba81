"""Lantu 蓝途, a travel platform that speaks in its own dialect: the same sale in other words."""

import json
import secrets
import time
from typing import Any

import customer as customers
import receiver
import wish
from keyring import Partner
from lantu_client import DIALECT, SUCCESS, LantuClient
from lantu_words import in_native_words, spoken_ledger
from native import NativeClient, Token
from plot import Step, claim, fen, yuan
from receiver import Receiver
from wayfare import Wayfare
from wire import Exchange, Reply, Wire

REGISTRATION: dict[str, Any] = {
    "partner_name": "Lantu",
    "partner_name_zh": "蓝途",
    "mark": "蓝",
    "scenarios": [wish.SCENARIO],
    "redirect_uris": ["https://lantu.example/bank/return"],
    "scope": f"catalog.read event.subscribe {wish.CUSTOMER_SCOPE}",
}
ORDER_WAIT_SECONDS = 20.0


class Lantu:
    """The second partner with its books; ``wayfare`` is there only to be compared with."""

    def __init__(
        self,
        wire: Wire,
        address: str,
        partner: Partner,
        persona: dict[str, Any],
        port: int,
        wayfare: Wayfare,
    ) -> None:
        self._native = NativeClient(wire, address, partner)
        self._dialect = LantuClient(wire, address, partner)
        self._customer = customers.Customer(wire, address, persona)
        self._receiver = Receiver(wire, port)
        self._wire = wire
        self._wayfare = wayfare
        self._run = secrets.token_hex(4)
        self._package: dict[str, Any] = {}
        self._order: dict[str, Any] = {}
        self._capabilities: dict[str, Any] = {}
        self._events: dict[int, str] = {}
        self._payment: dict[str, Any] = {}
        self._refusal: dict[str, Any] = {}
        self._token: Token
        self._handle = ""

    def lists_packages(self) -> None:
        """The GET form, everything in the query, as the community's clients do."""
        exchange, answer = self._ask(
            "GET", "lantu.package.batchquery", {"scenario": wish.SCENARIO},
            f"scenario: {wish.SCENARIO}",
        )  # fmt: skip
        codes = [package["package_code"] for package in answer["package_list"]]
        claim(wish.PACKAGE_CODE in codes, f"{wish.PACKAGE_CODE} is not on sale: {codes}")
        exchange.tell(*codes)

    def reads_package(self) -> None:
        """The same package, word for word, in the dialect's names and decimal yuan."""
        exchange, answer = self._ask(
            "POST", "lantu.package.query", {"package_code": wish.PACKAGE_CODE},
            f"package_code: {wish.PACKAGE_CODE}",
        )  # fmt: skip
        self._package = in_native_words(answer)
        exchange.tell(*wish.check_package(self._package))

    def registers_address(self) -> None:
        """Where signed forms go; the voice is the dialect."""
        self._native.read_metadata()
        _, own = self._native.client_token("catalog.read event.subscribe")
        left = self._native.call("GET", "/v1/webhook-endpoints", own).expect(200)
        for endpoint in left.json["endpoints"]:
            gone = f"/v1/webhook-endpoints/{endpoint['endpoint_id']}"
            self._native.call("DELETE", gone, own).expect(200, 204)
        url = self._receiver.url
        content = {"url": url, "voice": DIALECT}
        exchange = self._native.call(
            "POST", "/v1/webhook-endpoints", own, f"voice: {DIALECT}", content=content
        ).expect(201)
        claim(exchange.json["voice"] == DIALECT, f"the voice is {exchange.json['voice']}")
        self._receiver.trust(self._dialect.verify_notification)
        exchange.tell(f"voice {DIALECT}", f"status {exchange.json['status']}")

    def obtains_grant(self) -> None:
        """PAR, sign-in, consent and code exactly as any partner: consent has no dialect."""
        details = wish.details(self._package)
        uri = REGISTRATION["redirect_uris"][0]
        described = wish.described(details)
        _, pushed = self._native.push(uri, wish.CUSTOMER_SCOPE, details, *described)
        self._customer.sign_in(pushed)
        self._customer.read_consent(REGISTRATION, customers.amounts(details), self._package)
        self._customer.approve(customers.amounts(details))
        code = self._customer.confirm(pushed, self._native.issuer)
        exchange, self._token = self._native.exchange_code(code, pushed)
        claim(self._token.authorization_details == details, "another authorization was granted")
        exchange.tell("token_type DPoP", f"scope {self._token.scope}")

    def obtains_handle(self) -> None:
        """What the dialect carries instead of a token."""
        exchange = self._native.call(
            "POST", "/v1/grant-handles", self._token, f"dialect: {DIALECT}",
            content={"dialect": DIALECT},
        ).expect(200, 201)  # fmt: skip
        granted = exchange.json
        self._handle = granted["grant_handle"]
        claim(granted["dialect"] == DIALECT, f"the handle is for {granted['dialect']}")
        claim(self._handle != self._token.value, "the handle is the token itself")
        exchange.tell("grant_handle ******", f"until {granted['expires_at']}")

    def places_order(self) -> None:
        """The business number stands where the native contract has an Idempotency-Key."""
        number = f"LT{self._run}"
        content = {
            "package_code": self._package["code"],
            "package_version": self._package["version"],
            "out_order_no": number,
        }
        exchange, self._order = self._ask(
            "POST", "lantu.order.create", content, f"out_order_no: {number}", "auth_token: ******",
            grant=self._handle,
        )  # fmt: skip
        claim(self._order["out_order_no"] == number, "the order carries another business number")
        self._tell_order(exchange)

    def reads_order(self) -> None:
        """Until every line has come to rest."""
        deadline = time.monotonic() + ORDER_WAIT_SECONDS
        while True:
            exchange, self._order = self._ask(
                "GET", "lantu.order.query", {"order_no": self._order["order_no"]},
                f"order_no: {self._order['order_no']}", grant=self._handle,
            )  # fmt: skip
            if self._order["order_status"] not in ("RECEIVED", "PROCESSING"):
                break
            claim(time.monotonic() < deadline, f"the order is {self._order['order_status']}")
        claim(self._order["order_status"] == "ACTIVE", f"the order is {self._order}")
        self._tell_order(exchange)

    def receives_notification(self) -> None:
        """Signed forms, answered with the seven letters of ``success``."""
        deadline = time.monotonic() + receiver.LONGEST_WAIT_SECONDS
        started = time.perf_counter()
        seen = self._events
        while "ORDER_ACTIVE" not in seen.values() or sorted(seen) != list(range(1, max(seen) + 1)):
            form = self._receiver.next_event(deadline)
            if form["resource_no"] == self._order["order_no"]:
                seen[int(form["sequence"])] = form["event_type"]
        receiver.note_events(self._wire, seen, started, "RSA2 verified, answered success")

    def reads_capabilities(self) -> None:
        """Tier and headroom, in decimal yuan."""
        purse = self._line("account_t3")["account_no"]
        exchange, found = self._ask(
            "GET", "lantu.account.capability.query", {"account_no": purse},
            f"account_no: {purse}", grant=self._handle,
        )  # fmt: skip
        self._capabilities = found
        claim(found["account_tier"] == "T3", f"the purse is {found['account_tier']}")
        exchange.tell(
            f"account_tier {found['account_tier']}",
            f"today {found['headroom']['out_limit']['today_amount']}",
            f"this year {found['headroom']['out_limit']['year_amount']}",
            f"next_debit_amount {found['next_debit_amount']}",
        )

    def debits_ride(self) -> None:
        """The same ride for 3.00."""
        exchange, self._payment = self._debit(wish.RIDE_FEN, "RIDE")
        claim(self._payment["code"] == SUCCESS, f"the ride was refused: {self._payment}")
        claim(self._payment["trade_status"] == "TRADE_SUCCESS", f"the ride is {self._payment}")
        exchange.tell(f"trade_no {self._payment['trade_no']}", self._payment["trade_status"])

    def is_refused_above_cap(self) -> None:
        """The same refusal, as the dialect says no: HTTP 200, code, sub_code and what would do."""
        exchange, self._refusal = self._debit(wish.RIDE_CAP_FEN + 1, "TOOFAR")
        refusal = self._refusal
        claim(refusal["code"] == "40004", f"the refusal's code is {refusal['code']}")
        claim(refusal["sub_code"] == "ACQ.LIMIT_PER_DEBIT", f"the reason is {refusal['sub_code']}")
        claim("headroom_amount" in refusal, "the refusal does not say which amount would do")
        exchange.tell(
            f"code {refusal['code']}",
            refusal["sub_code"],
            f"headroom_amount {refusal['headroom_amount']}",
            f"next_action {refusal['next_action']}",
        )

    def handle_fails_at_native_routes(self) -> None:
        """A handle is worth nothing without the dialect's signature."""
        token = Token(self._handle, "", "", [])
        path = f"/v1/orders/{self._order['order_no']}"
        exchange = self._native.call("GET", path, token, "the grant handle as a token")
        exchange.expect(401).tell(exchange.json["code"])

    def token_fails_in_the_dialect(self) -> None:
        """And a native token is no handle."""
        exchange, answer = self._dialect.ask(
            "POST", "lantu.order.query", {"order_no": self._order["order_no"]},
            "the native token as auth_token", grant=self._token.value,
        )  # fmt: skip
        claim(answer["code"] == "20001", f"the token was not refused as one: {answer}")
        exchange.tell(f"code {answer['code']}", answer["sub_code"])

    def compares_with_wayfare(self) -> None:
        """Same package, same decision, same shape of ledger: only the words differ."""
        ours = spoken_ledger(
            self._order, self._events, self._capabilities, self._payment, self._refusal
        )
        handed = json.dumps(self._wayfare.ledger()).encode()
        theirs = json.loads(self._wire.receive(Reply(200, {}, handed)).body)
        claim(self._package == self._wayfare.package, "they read different packages")
        for name in sorted(ours.keys() | theirs.keys()):
            mine, other = ours.get(name), theirs.get(name)
            claim(mine == other, f"{name} differs: {mine} at Lantu, {other} at Wayfare")
        shown = [f"{name}: {value}" for name, value in theirs.items()]
        self._wire.note(Exchange("both partners' books, side by side", shown))

    def close(self) -> None:
        """Ends the receiver."""
        self._receiver.close()

    def _ask(
        self, verb: str, method: str, content: dict[str, Any], *fields: str, grant: str = ""
    ) -> tuple[Exchange, dict[str, Any]]:
        exchange, answer = self._dialect.ask(verb, method, content, *fields, grant=grant)
        told = [str(answer.get(name, "")) for name in ("code", "sub_code", "sub_msg")]
        claim(answer["code"] == SUCCESS, f"{method} was refused: {' '.join(told)}")
        return exchange, answer

    def _debit(self, minor_units: int, what: str) -> tuple[Exchange, dict[str, Any]]:
        number, amount = f"{what}{self._run}", yuan(fen(minor_units))
        content = {
            "mandate_no": self._line("nfc_or_qr_pass")["mandate_no"],
            "total_amount": amount,
            "out_trade_no": number,
            "subject": "2 号线 3 站",
        }
        return self._dialect.ask(
            "POST", "lantu.mandate.debit", content, f"total_amount: {amount}",
            f"out_trade_no: {number}", grant=self._handle,
        )  # fmt: skip

    def _line(self, component_type: str) -> dict[str, Any]:
        return next(
            line for line in self._order["line_list"] if line["component_type"] == component_type
        )

    def _tell_order(self, exchange: Exchange) -> None:
        exchange.tell(f"order_no {self._order['order_no']}", self._order["order_status"])
        for line in self._order["line_list"]:
            made = line.get("account_no") or line.get("mandate_no") or line.get("refer_url") or ""
            exchange.tell(" ".join([line["component_code"], line["line_status"], made]).strip())


STEPS = (
    Step("lantu-packages", "Lantu asks what it may sell, in its own dialect", Lantu.lists_packages),
    Step("lantu-package", "Lantu reads the commuter wallet in its own words", Lantu.reads_package),
    Step("lantu-endpoint", "Lantu says where it wants its signed forms", Lantu.registers_address),
    Step("lantu-grant", "Lantu's customer signs in, reads and agrees, as everybody's does",
         Lantu.obtains_grant),
    Step("lantu-handle", "Lantu gets the handle that stands for the grant in its dialect",
         Lantu.obtains_handle),
    Step("lantu-order", "Lantu orders the package", Lantu.places_order),
    Step("lantu-order-lines", "Lantu reads the order", Lantu.reads_order),
    Step("lantu-notification", "The bank's signed forms arrive at Lantu",
         Lantu.receives_notification),
    Step("lantu-capabilities", "Lantu asks what the purse can do", Lantu.reads_capabilities),
    Step("lantu-debit", "A ride for 3.00 is debited", Lantu.debits_ride),
    Step("lantu-above-cap", "A debit above the cap is refused in the dialect's own form",
         Lantu.is_refused_above_cap),
    Step("handle-at-native", "The handle is refused at a native route",
         Lantu.handle_fails_at_native_routes),
    Step("token-in-dialect", "A native token is refused in the dialect",
         Lantu.token_fails_in_the_dialect),
    Step("compare", "Both partners' books tell the same story", Lantu.compares_with_wayfare),
)  # fmt: skip
