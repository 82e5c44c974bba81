"""The running gateway on each database, for every folder that looks at it from outside."""

import pytest

from tests.contracts.bank import Bank, shared


@pytest.fixture(scope="session")
def sqlite_bank(request: pytest.FixtureRequest) -> Bank:
    return shared(request, "sqlite")


@pytest.fixture(scope="session")
def postgresql_bank(request: pytest.FixtureRequest, postgres_url: str) -> Bank:
    return shared(request, "postgresql", postgres_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def bank(request: pytest.FixtureRequest) -> Bank:
    found: Bank = request.getfixturevalue(f"{request.param}_bank")
    return found
