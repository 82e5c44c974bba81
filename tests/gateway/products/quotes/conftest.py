"""A counter with the package for the order page on its shelf."""

import pytest

from gateway.database import Database
from tests.conftest import SetClock
from tests.gateway.products.quotes.counter import Counter, checkout


@pytest.fixture
def counter(database: Database, clock: SetClock) -> Counter:
    return Counter(database, clock, checkout())
