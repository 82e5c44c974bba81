"""A served gateway for the flows, once a database and session."""

from collections.abc import Iterator

import pytest

from tests.flows.stage import Stage, set_stage


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[Stage]:
    """Partners and customers registered, and the gateway up."""
    with set_stage(request.param, postgres_url) as built:
        yield built
