"""The running gateway that contracts are checked against."""

import pytest

from tests.contracts.bank import Bank, shared


@pytest.fixture(scope="session")
def bank(request: pytest.FixtureRequest) -> Bank:
    return shared(request, "sqlite")
