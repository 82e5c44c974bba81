"""Wayfare 行旅, a travel app on the native contract: from metadata to a revoked consent."""

import secrets
import time
from typing import Any

import books
import customer as customers
import receiver
import wish
from keyring import Partner
from native import NativeClient, Pushed, Token
from plot import Step, claim, fen, yuan
from receiver import Accepted, Receiver
from wire import Exchange, Wire

REGISTRATION: dict[str, Any] = {
    "partner_name": "Wayfare",
    "partner_name_zh": "行旅",
    "mark": "行",
    "scenarios": [wish.SCENARIO],
    "redirect_uris": ["https://wayfare.example/bank/return"],
    "scope": f"catalog.read event.subscribe {wish.CUSTOMER_SCOPE}",
}
ORDER_WAIT_SECONDS = 20.0


class Wayfare:
    """The partner with its books: what it has been told and given so far."""

    def __init__(
        self, wire: Wire, address: str, partner: Partner, persona: dict[str, Any], port: int
    ) -> None:
        self._native = NativeClient(wire, address, partner)
        self._customer = customers.Customer(wire, address, persona)
        self._receiver = Receiver(wire, port)
        self._wire = wire
        self._key = f"order-{secrets.token_hex(8)}"
        self._run = secrets.token_hex(4)
        self.package: dict[str, Any] = {}
        self.order: dict[str, Any] = {}
        self.capabilities: dict[str, Any] = {}
        self.events: dict[int, str] = {}
        self.payment: dict[str, Any] = {}
        self.refusal: dict[str, Any] = {}
        self._own_token: Token
        self._token: Token
        self._pushed: Pushed
        self._code = ""

    def reads_metadata(self) -> None:
        """Step 1 of the main job: trust begins with what the server says of itself."""
        exchange = self._native.read_metadata()
        metadata = exchange.json
        wanted: dict[str, str] = {
            "code_challenge_methods_supported": "S256",
            "token_endpoint_auth_methods_supported": "private_key_jwt",
            "dpop_signing_alg_values_supported": "ES256",
            "authorization_details_types_supported": wish.DETAIL_TYPE,
            "grant_types_supported": "client_credentials",
        }
        for name, value in wanted.items():
            claim(value in metadata[name], f"{name} does not offer {value}")
        for name in (
            "require_pushed_authorization_requests",
            "authorization_response_iss_parameter_supported",
        ):
            claim(metadata[name] is True, f"{name} is not promised")
        claim("plain" not in metadata["code_challenge_methods_supported"], "plain PKCE is offered")
        exchange.tell(f"issuer {metadata['issuer']}", "PAR required", "iss in every answer")
        exchange.tell(*(f"{name}: {value}" for name, value in wanted.items()))

    def gets_own_token(self) -> None:
        """private_key_jwt proves the client, DPoP binds the token to our key."""
        exchange, self._own_token = self._native.client_token("catalog.read event.subscribe")
        claim(
            not self._own_token.refresh, "a client's own token must not come with a refresh token"
        )
        granted = exchange.json
        exchange.tell(
            f"token_type {granted['token_type']}",
            f"scope {granted['scope']}",
            f"expires_in {granted['expires_in']} s",
        )

    def lists_packages(self) -> None:
        """Only what is on sale for our scenario."""
        exchange = self._call("GET", f"/v1/packages?scenario={wish.SCENARIO}", self._own_token,
                              f"scenario: {wish.SCENARIO}").expect(200)  # fmt: skip
        packages = exchange.json["packages"]
        codes = [package["code"] for package in packages]
        claim(wish.PACKAGE_CODE in codes, f"{wish.PACKAGE_CODE} is not on sale: {codes}")
        for package in packages:
            claim(wish.SCENARIO in package["scenarios"], f"{package['code']} is not for us")
            titles = "/".join(package["title"][tag] for tag in wish.LANGUAGES)
            exchange.tell(f"{package['code']} {package['version']}: {titles}")

    def reads_package(self) -> None:
        """Components, boundaries, limits, price, disclosures, version."""
        exchange = self._call("GET", f"/v1/packages/{wish.PACKAGE_CODE}", self._own_token)
        self.package = exchange.expect(200).json
        exchange.tell(*wish.check_package(self.package))

    def registers_endpoint(self) -> None:
        """Where signed events go; addresses that earlier runs left behind are removed first."""
        left = self._call("GET", "/v1/webhook-endpoints", self._own_token).expect(200)
        for endpoint in left.json["endpoints"]:
            gone = f"/v1/webhook-endpoints/{endpoint['endpoint_id']}"
            self._call("DELETE", gone, self._own_token).expect(200, 204)
        left.tell(f"{len(left.json['endpoints'])} left by earlier runs")
        url = self._receiver.url
        exchange = self._call(
            "POST", "/v1/webhook-endpoints", self._own_token, f"url: {url}", content={"url": url}
        ).expect(201)
        endpoint = exchange.json
        secret = str(endpoint["secret"])
        claim(endpoint["voice"] == "standard-webhooks", f"the voice is {endpoint['voice']}")
        claim(secret.startswith("whsec_"), "the secret is not one of Standard Webhooks")

        def verify(headers: Any, body: bytes) -> Accepted:
            return Accepted(receiver.verify_standard_webhook(secret, headers, body))

        self._receiver.trust(verify)
        exchange.tell(f"voice {endpoint['voice']}", f"status {endpoint['status']}", "secret ******")

    def pushes_request(self) -> None:
        """One entry per component and version, built from the package document."""
        details = wish.details(self.package)
        exchange, self._pushed = self._native.push(
            REGISTRATION["redirect_uris"][0],
            wish.CUSTOMER_SCOPE,
            details,
            *wish.described(details),
            "PKCE S256",
            "DPoP",
        )
        claim(exchange.json["expires_in"] < 600, "the request lives longer than FAPI 2.0 allows")
        exchange.tell(f"request_uri for {exchange.json['expires_in']} s")

    def customer_signs_in(self) -> None:
        """At the bank, not at the partner."""
        self._customer.sign_in(self._pushed)

    def customer_reads_consent(self) -> None:
        """In zh-CN and in English: who asks, for what, within which caps."""
        asked = customers.amounts(wish.details(self.package))
        self._customer.read_consent(REGISTRATION, asked, self.package)

    def customer_approves(self) -> None:
        """What the passcode alone cannot do: money is allowed with a second factor only."""
        self._customer.approve(customers.amounts(wish.details(self.package)))

    def customer_confirms(self) -> None:
        """The browser comes back with a code that only we can use."""
        self._code = self._customer.confirm(self._pushed, self._native.issuer)

    def exchanges_code(self) -> None:
        """The code, the verifier and our key together make the customer's token."""
        exchange, self._token = self._native.exchange_code(self._code, self._pushed)
        granted = self._token.authorization_details
        claim(granted == wish.details(self.package), "another authorization was granted than asked")
        claim(bool(self._token.refresh), "there is no refresh token")
        exchange.tell("token_type DPoP", f"scope {self._token.scope}", *wish.described(granted))

    def places_order(self) -> None:
        """With an Idempotency-Key, so that a lost answer cannot become a second order."""
        exchange = self._post_order().expect(201)
        self.order = exchange.json
        claim("idempotent-replayed" not in exchange.reply.headers, "a first order is no replay")
        self._tell_order(exchange)

    def places_order_again(self) -> None:
        """The same key: the same order, marked as a replay."""
        exchange = self._post_order().expect(201)
        replayed = exchange.reply.headers.get("idempotent-replayed")
        claim(replayed == "true", f"the answer is not marked as a replay: {replayed}")
        claim(exchange.json == self.order, "the replay is not the first answer")
        exchange.tell("Idempotent-Replayed: true", f"the same order {self.order['order_id']}")

    def reads_order(self) -> None:
        """Until every line has come to rest; then the ids to go on with."""
        deadline = time.monotonic() + ORDER_WAIT_SECONDS
        while True:
            path = f"/v1/orders/{self.order['order_id']}"
            exchange = self._call("GET", path, self._token).expect(200)
            self.order = exchange.json
            if self.order["status"] not in ("received", "activating"):
                break
            claim(time.monotonic() < deadline, f"the order is still {self.order['status']}")
            time.sleep(0.2)
        self._tell_order(exchange)
        books.check_order(self.order, self.package)

    def receives_event(self) -> None:
        """Every event of the order, each signed, numbered without a gap."""
        deadline = time.monotonic() + receiver.LONGEST_WAIT_SECONDS
        started = time.perf_counter()
        seen = self.events
        while "order.active" not in seen.values() or sorted(seen) != list(range(1, max(seen) + 1)):
            event = self._receiver.next_event(deadline)
            if event["resource"] == {"type": "order", "id": self.order["order_id"]}:
                seen[event["sequence"]] = event["type"]
        receiver.note_events(self._wire, seen, started, "HMAC-SHA256 verified")

    def reads_capabilities(self) -> None:
        """What the purse can do right now: tier, headroom today and this year."""
        purse = books.line_of(self.order, "account_t3")["account_id"]
        exchange = self._call("GET", f"/v1/accounts/{purse}/capabilities", self._token).expect(200)
        self.capabilities = exchange.json
        exchange.tell(*books.check_capabilities(self.capabilities))

    def debits_ride(self) -> None:
        """3.00 under the mandate, without asking the customer again."""
        exchange = self._debit(wish.RIDE_FEN, "ride").expect(200, 201)
        self.payment = exchange.json
        claim(self.payment["status"] == "settled", f"the ride is {self.payment['status']}")
        claim(self.payment["instructed_amount"] == fen(wish.RIDE_FEN), "another amount was debited")
        exchange.tell(f"payment {self.payment['payment_id']}", "settled", "3.00 CNY")

    def is_refused_above_cap(self) -> None:
        """One fen too much is refused with the amount that would do."""
        exchange = self._debit(wish.RIDE_CAP_FEN + 1, "too-far").expect(422)
        self.refusal = exchange.json
        claim(self.refusal["code"] == "limit.per_debit", f"the reason is {self.refusal['code']}")
        claim("headroom" in self.refusal, "the refusal does not say which amount would do")
        headroom = self.refusal["headroom"]
        left = self.capabilities["next_accepted"]["debit"]["minor_units"] - wish.RIDE_FEN
        claim(headroom == fen(min(wish.RIDE_CAP_FEN, left)), f"{yuan(headroom)} would not do")
        claim(bool(self.refusal.get("next_action")), "the refusal does not say what to do")
        exchange.tell(
            self.refusal["code"],
            f"headroom {yuan(headroom)}",
            f"next_action {self.refusal['next_action']}",
        )

    def customer_revokes(self) -> None:
        """On the bank's own list, without the partner's help."""
        self._customer.revoke(self.order["consent_id"], REGISTRATION["partner_name_zh"])

    def is_refused_at_once(self) -> None:
        """The very next call: no grace, no cache."""
        path = f"/v1/orders/{self.order['order_id']}"
        exchange = self._call("GET", path, self._token).expect(401, 403)
        problem = exchange.json
        exchange.tell(problem["code"], f"next_action {problem['next_action']}")

    def ledger(self) -> dict[str, str]:
        """Wayfare's books, in the form that both partners are compared in."""
        return books.native_ledger(
            self.order, self.events, self.capabilities, self.payment, self.refusal
        )

    def close(self) -> None:
        """Ends the receiver."""
        self._receiver.close()

    def _call(self, method: str, path: str, token: Token, *fields: str, **more: Any) -> Exchange:
        return self._native.call(method, path, token, *fields, **more)

    def _post_order(self) -> Exchange:
        content = {
            "package": self.package["code"],
            "version": self.package["version"],
            "reference": f"wayfare-{self._run}",
        }
        return self._call(
            "POST",
            "/v1/orders",
            self._token,
            f"Idempotency-Key: {self._key}",
            f"package: {content['package']} {content['version']}",
            content=content,
            headers={"Idempotency-Key": self._key},
        )

    def _debit(self, minor_units: int, what: str) -> Exchange:
        mandate = books.line_of(self.order, "nfc_or_qr_pass")["mandate_id"]
        key = f"{what}-{self._run}"
        amount = fen(minor_units)
        return self._call(
            "POST",
            f"/v1/mandates/{mandate}/debits",
            self._token,
            f"instructed_amount: {yuan(amount)}",
            f"Idempotency-Key: {key}",
            content={
                "instructed_amount": amount,
                "end_to_end_id": key,
                "remittance_information": "Line 2, 3 stops",
            },
            headers={"Idempotency-Key": key},
        )

    def _tell_order(self, exchange: Exchange) -> None:
        exchange.tell(f"order {self.order['order_id']}", f"status {self.order['status']}")
        for line in self.order["lines"]:
            made = line.get("account_id") or line.get("mandate_id") or line.get("refer_to") or ""
            exchange.tell(" ".join([line["component"], line["status"], made]).strip())


STEPS = (
    Step("metadata", "Wayfare reads what the bank says of itself", Wayfare.reads_metadata),
    Step("client-token", "Wayfare gets a token of its own", Wayfare.gets_own_token),
    Step("packages", "Wayfare asks what it may sell in a travel app", Wayfare.lists_packages),
    Step("package", "Wayfare reads the commuter wallet, every word of it", Wayfare.reads_package),
    Step("endpoint", "Wayfare says where it wants its events", Wayfare.registers_endpoint),
    Step("push", "Wayfare asks, back to back, for what it needs", Wayfare.pushes_request),
    Step("sign-in", "The customer signs in on the bank's page", Wayfare.customer_signs_in),
    Step("consent", "The customer reads what is asked, in Chinese and in English",
         Wayfare.customer_reads_consent),
    Step("approve", "The customer agrees, and the bank asks for a second factor",
         Wayfare.customer_approves),
    Step("confirm", "The customer confirms with a one-time code and returns to Wayfare",
         Wayfare.customer_confirms),
    Step("exchange", "Wayfare exchanges the code for the customer's token",
         Wayfare.exchanges_code),
    Step("order", "Wayfare orders the package", Wayfare.places_order),
    Step("replay", "Wayfare sends the same order again, as after a lost answer",
         Wayfare.places_order_again),
    Step("order-lines", "Wayfare reads the order: accounts, mandate, top-up", Wayfare.reads_order),
    Step("event", "The bank's signed events arrive at Wayfare", Wayfare.receives_event),
    Step("capabilities", "Wayfare asks what the purse can do", Wayfare.reads_capabilities),
    Step("debit", "A ride for 3.00 is debited", Wayfare.debits_ride),
    Step("above-cap", "A debit above the cap is refused, with a way out",
         Wayfare.is_refused_above_cap),
    Step("revoke", "The customer takes the consent back", Wayfare.customer_revokes),
    Step("refused", "Wayfare's very next call is refused", Wayfare.is_refused_at_once),
)  # fmt: skip
