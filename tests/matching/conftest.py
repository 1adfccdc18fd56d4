"""A list in Emmen on a day, as most tests of matching begin."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.matching.statements import by_decision
from tests.matching.support import Region

DAY = date(2020, 11, 2)
NEXT = DAY + timedelta(days=1)
WEEK = timedelta(days=7)


@pytest.fixture
def region() -> Region:
    """Emmen with an order, and three people in line."""
    region = Region()
    region.hear(by_decision(DAY), DAY)
    for n in (1, 2, 3):
        region.join(f"p-{n}", DAY + timedelta(days=n - 3))
    return region
