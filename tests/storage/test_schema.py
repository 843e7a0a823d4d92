"""The tables and their history agree, on both databases, in both directions."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from storage import schema
from storage.db import open_engine
from storage.migrations.run import downgrade, upgrade


def test_migrations_build_exactly_the_tables_of_the_code(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_down_and_up_again(database: Engine) -> None:
    assert schema.at_head(database)
    downgrade(database)
    assert set(inspect(database).get_table_names()) <= {"alembic_version"}
    assert not schema.at_head(database)
    upgrade(database)
    assert schema.at_head(database)


def test_upgrading_twice_is_harmless(database: Engine) -> None:
    upgrade(database)
    assert schema.at_head(database)


def test_the_service_upgrades_in_a_process_of_its_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    schema.upgrade(url)
    engine = open_engine(url)
    assert schema.at_head(engine)
    engine.dispose()


def test_an_upgrade_that_cannot_be_says_why() -> None:
    with pytest.raises(schema.UpgradeFailed, match="unable to open"):
        schema.upgrade("sqlite:////nowhere/at/all.db")
