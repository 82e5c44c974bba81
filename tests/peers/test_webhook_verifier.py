"""PyPI ``standardwebhooks`` verifies what the running gateway delivers, and nothing else."""

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.contracts.bank import Bank, sold
from tests.contracts.mailbox import Letter
from tests.contracts.stages import forget_endpoints

PLACE = "/v1/webhook-endpoints"


def delivered(bank: Bank, path: str) -> tuple[str, str, Letter]:
    """An endpoint's secret, an order, and the letter that says it is active."""
    partner = bank.wayfare
    token = partner.client_token().json()["access_token"]
    forget_endpoints(partner, token)
    answer = partner.call("POST", PLACE, token, {"url": bank.mailbox.url(path)})
    order_id = sold(partner, bank.customer(), f"webhook{path}").order["order_id"]
    letter = bank.mailbox.first(path, order_id, '"order.active"')
    return str(answer.json()["secret"]), str(order_id), letter


def test_it_verifies_an_event_of_an_order(bank: Bank) -> None:
    secret, order_id, letter = delivered(bank, "/verified")
    event = Webhook(secret).verify(letter.body, letter.headers)
    assert (event["type"], event["resource"]) == ("order.active", {"type": "order", "id": order_id})
    assert letter.headers["webhook-id"] == event["id"]
    assert event["data"]["status"] == "active"


def test_it_refuses_another_body_key_or_time(bank: Bank) -> None:
    secret, order_id, letter = delivered(bank, "/refused")
    other = letter.body.replace(order_id.encode(), b"ord_another")
    old = letter.headers | {"webhook-timestamp": "1700000000"}
    stranger = Webhook(b"another secret of thirty-two byte")
    for receiver, body, headers in (
        (Webhook(secret), other, letter.headers),
        (Webhook(secret), letter.body, old),
        (stranger, letter.body, letter.headers),
    ):
        with pytest.raises(WebhookVerificationError):
            receiver.verify(body, headers)
