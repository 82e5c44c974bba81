"""Signing, schedules and lanes: the pure parts of webhooks."""

from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks

from gateway.webhooks.lanes import FIRST_WIDTH, MOST_IN_FLIGHT, MOST_PER_ENDPOINT, Lanes
from gateway.webhooks.retries import next_due, read_retry_after
from gateway.webhooks.signing import new_signing_secret, signed_headers

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("body", [b"{}", '{"a":"零钱"}'.encode(), b'{"a":"\\u0000.."}'])
def test_a_signature_equals_that_of_the_reference_library(body: bytes) -> None:
    secret = new_signing_secret()
    at = datetime.now(UTC)
    headers = signed_headers(secret, "evt_1", at, body)
    library = standardwebhooks.Webhook(secret)
    library.verify(body, headers)
    assert headers["webhook-signature"] == library.sign("evt_1", at, body.decode())


def test_a_changed_message_does_not_verify() -> None:
    secret = new_signing_secret()
    headers = signed_headers(secret, "evt_1", datetime.now(UTC), b"{}")
    library = standardwebhooks.Webhook(secret)
    for changed in ({"webhook-id": "evt_2"}, {"webhook-timestamp": "1"}):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            library.verify(b"{}", headers | changed)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        library.verify(b"[]", headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(new_signing_secret()).verify(b"{}", headers)


def test_waits_follow_the_schedule_with_jitter_and_end_with_it() -> None:
    waits = [next_due((10, 100), attempts, NOW, None, 0.0) for attempts in (1, 2, 3)]
    assert waits == [NOW + timedelta(seconds=10), NOW + timedelta(seconds=100), None]
    assert next_due((10,), 1, NOW, None, 1.0) == NOW + timedelta(seconds=12)


def test_retry_after_only_ever_delays_and_at_most_a_day() -> None:
    def wait(asked: timedelta) -> timedelta:
        due = next_due((10,), 1, NOW, asked, 0.0)
        assert due is not None
        return due - NOW

    assert wait(timedelta(seconds=5)) == timedelta(seconds=10)
    assert wait(timedelta(seconds=50)) == timedelta(seconds=50)
    assert wait(timedelta(days=30)) <= timedelta(hours=29)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("99999999999999999999", 86400),
        ("Tue, 24 Nov 2026 02:01:00 GMT", 60),
        ("Tue, 24 Nov 2026 01:00:00 GMT", 0),
        ("Tue, 24 Nov 2099 02:00:00 GMT", 86400),
    ],
)
def test_a_readable_retry_after(value: str, seconds: int) -> None:
    assert read_retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5", "１２", "Tue, 99 Nov"])
def test_an_unreadable_retry_after_is_ignored(value: str | None) -> None:
    assert read_retry_after(value, NOW) is None


def test_a_lane_widens_with_arrivals_and_shrinks_with_a_failure() -> None:
    lanes = Lanes()
    widths = [lanes.admit(["a"])["a"]]
    for _ in range(3):
        lanes.enter("a")
        lanes.leave("a", arrived=True)
        widths.append(lanes.admit(["a"])["a"])
    assert widths == [FIRST_WIDTH, 8, MOST_PER_ENDPOINT, MOST_PER_ENDPOINT]
    lanes.enter("a")
    lanes.leave("a", arrived=False)
    assert lanes.admit(["a"]) == {"a": 1}
    lanes.enter("a")
    assert lanes.admit(["a"]) == {}


def test_a_lane_is_filled_again_when_it_is_half_empty() -> None:
    lanes = Lanes()
    for _ in range(FIRST_WIDTH):
        lanes.enter("a")
        lanes.enter("b")
    assert [lanes.leave("a", arrived=False) for _ in range(4)] == [False, False, False, True]
    assert [lanes.leave("b", arrived=True) for _ in range(2)] == [True, True]


def test_places_are_bounded_in_all_and_go_to_the_emptiest_lane_first() -> None:
    lanes = Lanes()
    names = [f"e{number:02}" for number in range(20)]
    admitted = lanes.admit(names)
    assert sum(admitted.values()) == MOST_IN_FLIGHT
    for name, places in admitted.items():
        for _ in range(places):
            lanes.enter(name)
    assert lanes.admit(names) == {}
    lanes.leave("e00", arrived=True)
    assert lanes.admit(names) == {"e16": 1}
