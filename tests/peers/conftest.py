"""The running gateway that foreign programs talk to, shared with the contracts' tests."""

from tests.contracts.fixtures import bank, postgresql_bank, sqlite_bank

__all__ = ["bank", "postgresql_bank", "sqlite_bank"]
