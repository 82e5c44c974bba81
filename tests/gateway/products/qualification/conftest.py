"""A desk with the shipped packages on its shelf."""

import pytest

from gateway.database import Database
from tests.conftest import SetClock
from tests.gateway.products.qualification.desk import Desk


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return Desk(database, clock)
