"""A served gateway for the flows, once a database and session."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.customer import Customer
from tests.flows.stage import Stage, set_stage


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[Stage]:
    """Partners and customers registered, and the gateway up."""
    with set_stage(request.param, postgres_url) as built:
        yield built


@pytest.fixture
def customer(stage: Stage) -> Customer:
    """Somebody with room for another order."""
    return next(stage.customers)


@pytest.fixture(scope="session")
def standing(stage: Stage) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tokens and the active order of one customer, for tests that change neither."""
    return stage.ordered(next(stage.customers))
