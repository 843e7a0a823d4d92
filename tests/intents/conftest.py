"""One catalogue and one engine for the whole room: building them is the slow part."""

import pytest

from bot.intents.base import PlaceWord
from bot.intents.catalog import Catalog, load_catalog
from bot.intents.engine import Engine


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="session")
def engine(catalog: Catalog) -> Engine:
    return Engine(catalog, [PlaceWord("海棠苑", "estate"), PlaceWord("小白楼", "building")])
