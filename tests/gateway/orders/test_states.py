"""Every move of the tables is made, and every other is refused."""

from typing import get_args

import pytest

from contracts.v1.events import EventType
from contracts.v1.orders import LineStatus, OrderStatus
from gateway.orders import states

ORDER_EDGES = {
    "received -> activating",
    "activating -> active",
    "activating -> compensating",
    "compensating -> cancelled",
}
LINE_EDGES = {
    "pending -> activating",
    "pending -> referred",
    "pending -> declined",
    "pending -> compensated",
    "activating -> active",
    "activating -> unknown",
    "activating -> declined",
    "activating -> failed",
    "activating -> compensating",
    "unknown -> activating",
    "active -> compensating",
    "referred -> compensated",
    "compensating -> compensated",
    "compensating -> failed",
}


@pytest.mark.parametrize("from_", get_args(OrderStatus))
@pytest.mark.parametrize("to", get_args(OrderStatus))
def test_an_order_makes_the_moves_of_its_table_and_no_other(
    from_: OrderStatus, to: OrderStatus
) -> None:
    if f"{from_} -> {to}" in ORDER_EDGES:
        assert states.order_event(from_, to) in (None, *get_args(EventType))
    else:
        with pytest.raises(states.MoveForbidden):
            states.order_event(from_, to)


@pytest.mark.parametrize("from_", get_args(LineStatus))
@pytest.mark.parametrize("to", get_args(LineStatus))
def test_a_line_makes_the_moves_of_its_table_and_no_other(
    from_: LineStatus, to: LineStatus
) -> None:
    if f"{from_} -> {to}" in LINE_EDGES:
        assert states.line_event(from_, to) in (None, *get_args(EventType))
    else:
        with pytest.raises(states.MoveForbidden):
            states.line_event(from_, to)


def test_an_order_at_rest_has_no_way_on() -> None:
    for from_, _ in states.ORDER_MOVES:
        assert from_ not in states.ORDER_RESTS


def test_every_status_of_the_contract_can_be_reached() -> None:
    reached = {to for _, to in states.ORDER_MOVES} | {"received"}
    assert reached == set(get_args(OrderStatus))
    reached_lines = {to for _, to in states.LINE_MOVES} | {"pending"}
    assert reached_lines == set(get_args(LineStatus))
