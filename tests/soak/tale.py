"""The order story as one partner lives it, step by step, able to go on after any crash.

Each step may be cut off by a gateway that dies. The same step is then taken again: with the same
idempotency key, with fresh proofs, and with whatever the protocol says a client does next. What
was answered with success is kept, and looked for again after every crash.
"""

import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.flows.browser import Browser, Page, Post
from tests.flows.customer import Customer
from tests.flows.partner import RIDE, RIDE_CAP, Partner, Pushed, code_in, line_of
from tests.flows.receiver import Receiver

CODE_SECONDS = 60
_PATIENCE_SECONDS = 15.0
_PAUSE_SECONDS = 0.05


class BrokenPromise(Exception):
    """The gateway did what it says it never does."""


class _Back(Exception):
    """The protocol sends the partner back to an earlier step."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


class Tale:
    """One partner, one customer, one order; and everything they were told."""

    STEPS = (
        *("token", "push", "approve", "exchange", "endpoint", "order", "replay_order"),
        *("debit", "replay_debit", "debit_above_cap", "read", "revoke", "refused"),
    )

    def __init__(
        self,
        number: int,
        partner: Partner,
        customer: Customer,
        receiver: Receiver,
        clock: Callable[[], float],
    ) -> None:
        self.number = number
        self.partner = partner
        self.customer = customer
        self.receiver = receiver
        self.order_key = f"order-{number}"
        self.debit_key = f"ride-{number}"
        self.retries = 0
        self.consents_given = 0
        self.app_token = ""
        self.access_tokens: list[str] = []
        self.refresh_token = ""
        self.endpoint_id = ""
        self.endpoint_path = ""
        self.secret = ""
        self.order_body = b""
        self.payment_body = b""
        self.revoked = False
        self._clock = clock
        self._at = 0
        self._again = False
        self._endpoints_tried = 0
        self._pushed: Pushed | None = None
        self._decision: tuple[Browser, Post] | None = None
        self._code = ""
        self._code_at = 0.0

    @property
    def ended(self) -> bool:
        """Whether every step has been answered."""
        return self._at == len(self.STEPS)

    @property
    def step(self) -> str:
        """The step to take next."""
        return "the end" if self.ended else self.STEPS[self._at]

    @property
    def order(self) -> dict[str, Any]:
        """The order as its answer told it."""
        found: dict[str, Any] = httpx.Response(201, content=self.order_body).json()
        return found

    def tell(self) -> None:
        """Goes on to the end; ``Unanswered`` where the gateway dies, ``BrokenPromise`` else."""
        while not self.ended:
            try:
                getattr(self, f"_{self.step}")()
            except _Back as back:
                self._at = self.STEPS.index(back.step)
            else:
                self._at += 1
            self._again = False

    def resume(self) -> None:
        """After a crash: what was promised is there, and the step cut off will be taken again."""
        self._again = True
        self.retries += not self.ended
        if self.app_token and self.endpoint_id:
            listed = self._call("GET", "/v1/webhook-endpoints", self.app_token, (200,)).json()
            ids = [each["endpoint_id"] for each in listed["endpoints"]]
            self._claim(self.endpoint_id in ids, "the webhook endpoint is gone")
        if not self.access_tokens:
            return
        if self.revoked:
            self._refused()
        elif self.step != "revoke":
            # While the consent is being given back, either answer is right.
            self._read()

    # ---- the steps -------------------------------------------------------------------------

    def _token(self) -> None:
        self.app_token = self._expect(self.partner.client_token(), 200).json()["access_token"]

    def _push(self) -> None:
        answer, self._pushed = self.partner.push()
        self._expect(answer, 201)
        self._decision = None

    def _approve(self) -> None:
        pushed = self._pushed
        assert pushed is not None
        if self._decision is not None:
            # The browser offers to send the form again, and the customer does.
            browser, form = self._decision
            page = browser.send(form)
            if not page.location:
                self._claim(page.status in (200, 400), f"the form again is {page.status}")
                raise _Back("push")
        else:
            browser = Browser(self.partner.line)
            page = self.customer.sign_in(browser, self._shown(browser.open(pushed.path)))
            page = self._shown(browser.press(self._shown(page), "approve"))
            self._decision = browser, browser.fill(page, "confirm", code=page.code)
            page = browser.send(self._decision[1])
        self._claim(bool(page.location), f"approving led to {page.path}: {page.text}")
        self._code = code_in(page.location, pushed, self.partner.line.issuer)
        self._code_at = self._clock()
        self.consents_given += 1

    def _exchange(self) -> None:
        assert self._pushed is not None
        answer = self.partner.exchange(self._code, self._pushed)
        if answer.status_code == 400 and answer.json()["error"] == "invalid_grant":
            # Redeemed by the call that was cut off, which ends its tokens; or simply too old.
            too_old = self._clock() - self._code_at >= CODE_SECONDS
            self._claim(self._again or too_old, "a fresh code was refused")
            raise _Back("push")
        granted = self._expect(answer, 200).json()
        self.access_tokens.append(granted["access_token"])
        self.refresh_token = granted["refresh_token"]

    def _endpoint(self) -> None:
        if self._again:
            # Whose answer was lost nobody has the secret of.
            listed = self._call("GET", "/v1/webhook-endpoints", self.app_token, (200,)).json()
            for each in listed["endpoints"]:
                path = f"/v1/webhook-endpoints/{each['endpoint_id']}"
                self._call("DELETE", path, self.app_token, (204,))
        self._endpoints_tried += 1
        self.endpoint_path = f"/{self.number}/{self._endpoints_tried}"
        wanted = {"url": self.receiver.url(self.endpoint_path)}
        path = "/v1/webhook-endpoints"
        made = self._call("POST", path, self.app_token, (201,), wanted).json()
        self.endpoint_id, self.secret = made["endpoint_id"], made["secret"]

    def _order(self) -> None:
        answer = self._settled(self._place, 201)
        self._claim(answer.json()["status"] == "active", f"the order is {answer.text}")
        self.order_body = answer.content

    def _replay_order(self) -> None:
        self._replayed(self._place, self.order_body)

    def _debit(self) -> None:
        answer = self._settled(self._ride, 201)
        self._claim(answer.json()["status"] == "settled", f"the payment is {answer.text}")
        self.payment_body = answer.content

    def _replay_debit(self) -> None:
        self._replayed(self._ride, self.payment_body)

    def _debit_above_cap(self) -> None:
        key = f"above-{self.number}"
        answer = self.partner.debit(self._access, self._mandate_id, key, RIDE_CAP + 1)
        self._claim(
            (answer.status_code, answer.json()["code"]) == (422, "limit.per_debit"),
            f"a debit above the cap is {answer.status_code} {answer.text}",
        )

    def _read(self) -> None:
        """Everything that was answered with success reads as it was answered."""
        if self.order_body:
            order = self.order
            self._same(f"/v1/orders/{order['order_id']}", order)
            account_id = line_of(order, "purse")["account_id"]
            self._call("GET", f"/v1/accounts/{account_id}/capabilities", self._access, (200,))
            if self.payment_body:
                payment = httpx.Response(201, content=self.payment_body).json()
                self._same(f"/v1/payments/{payment['payment_id']}", payment)
        else:
            # Nothing is there yet but the token, which lives.
            self._call("GET", "/v1/orders/none", self._access, (404,))

    def _revoke(self) -> None:
        consent_id = self.order["consent_id"]
        if self.number % 2:
            page = self.customer.take_back(Browser(self.partner.line), consent_id)
            self._claim(page.status == 200, f"taking back led to {page.status} {page.text}")
        else:
            # The token ends with the consent: after a lost answer it may be refused already.
            allowed = (204, 401) if self._again else (204,)
            self._call("DELETE", f"/v1/consents/{consent_id}", self._access, allowed)
        self.revoked = True

    def _refused(self) -> None:
        path = f"/v1/orders/{self.order['order_id']}"
        self._call("GET", path, self._access, (401,))
        refreshed = self.partner.refresh(self.refresh_token)
        self._claim(refreshed.status_code == 400, "a refresh token outlived its consent")
        self._call("POST", "/v1/orders", self._access, (401,), self._wanted, self.order_key)

    # ---- what they are made of -------------------------------------------------------------

    @property
    def _access(self) -> str:
        return self.access_tokens[-1]

    @property
    def _mandate_id(self) -> str:
        return str(line_of(self.order, "ride")["mandate_id"])

    @property
    def _wanted(self) -> dict[str, str]:
        named = {"package": "commuter-wallet", "version": "1.0.0"}
        return named | {"reference": f"trip-{self.number}"}

    def _place(self) -> httpx.Response:
        return self.partner.call(
            "POST", "/v1/orders", self._access, self._wanted, key=self.order_key
        )

    def _ride(self) -> httpx.Response:
        return self.partner.debit(self._access, self._mandate_id, self.debit_key, RIDE)

    def _settled(self, call: Callable[[], httpx.Response], status: int) -> httpx.Response:
        """The answer, asked for again as long as it is "not yet"; polling has an end."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            answer = call()
            waits = answer.status_code == 503 or (
                answer.status_code == 409 and answer.json()["code"] == "idempotency.in_flight"
            )
            if not waits or time.monotonic() > deadline:
                return self._expect(answer, status)
            time.sleep(_PAUSE_SECONDS)

    def _replayed(self, call: Callable[[], httpx.Response], body: bytes) -> None:
        answer = self._expect(call(), 201)
        self._claim(answer.content == body, f"the replay differs: {answer.text} not {body!r}")
        self._claim(answer.headers.get("idempotent-replayed") == "true", "a replay is not marked")

    def _same(self, path: str, told: dict[str, Any]) -> None:
        found = self._call("GET", path, self._access, (200,)).json()
        self._claim(found == told, f"{path} was {told} and is {found}")

    def _call(
        self,
        method: str,
        path: str,
        token: str,
        statuses: tuple[int, ...],
        content: Any = None,
        key: str | None = None,
    ) -> httpx.Response:
        return self._expect(self.partner.call(method, path, token, content, key=key), *statuses)

    def _expect(self, answer: httpx.Response, *statuses: int) -> httpx.Response:
        asked = f"{answer.request.method} {answer.request.url.path}"
        self._claim(
            answer.status_code in statuses, f"{asked}: {answer.status_code} {answer.text[:600]}"
        )
        return answer

    def _shown(self, page: Page) -> Page:
        self._claim(page.status == 200, f"{page.path} is {page.status}: {page.text}")
        return page

    def _claim(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise BrokenPromise(f"tale {self.number}, {self.step}: {otherwise}")
