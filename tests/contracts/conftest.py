"""What contracts are checked against, and nobody told of it."""

from collections.abc import Iterator

import pytest

from tests.contracts.fixtures import bank, postgresql_bank, sqlite_bank

__all__ = ["bank", "postgresql_bank", "sqlite_bank"]


@pytest.fixture(scope="session", autouse=True)
def untracked() -> Iterator[None]:
    """The Pact library tells its makers of every run unless it is asked not to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PACT_DO_NOT_TRACK", "true")
        yield
