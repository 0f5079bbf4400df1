"""A DMS that answers, and what makes it known to a dealer."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leadbell.dealers.models import Organisation
from leadbell.dms.actions import Made, Place, add_receiver
from leadbell.dms.rules import EVENTS
from tests.conftest import NOON
from tests.dms.receiving import Dms, running


@pytest.fixture
def dms(settings: Any) -> Iterator[Dms]:
    settings.OUTGOING_ALLOW = ["127.0.0.1/32"]
    with running() as one:
        yield one


@pytest.fixture
def connect(northside: Organisation) -> Callable[..., Made]:
    def connected(
        url: str,
        kind: str = "webhook",
        events: Any = tuple(EVENTS),
        dealer: Organisation = northside,
        **about: str,
    ) -> Made:
        made = add_receiver(dealer, "CarDesk", kind, Place(url, **about), events, NOON)
        assert isinstance(made, Made), made
        return made

    return connected
