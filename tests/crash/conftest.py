"""A house of its own for each module, ready and with its dealer."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.crash.house import House
from tests.crash.notebook import Notebook


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("crash") / "data")
    yield made
    made.remove()


@pytest.fixture(scope="module")
def told(house: House) -> dict[str, Any]:
    """The dealer's keys and people; the house is up."""
    known = house.prepare()
    house.start()
    return known


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()
