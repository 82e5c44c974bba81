"""The running gateway that contracts are checked against, on each database."""

from collections.abc import Iterator

import pytest

from tests.contracts.bank import Bank, shared


@pytest.fixture(scope="session", autouse=True)
def untracked() -> Iterator[None]:
    """The Pact library tells its makers of every run unless it is asked not to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PACT_DO_NOT_TRACK", "true")
        yield


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
