"""The tables and their history agree, on both databases, in both directions."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from storage import schema


def test_migrations_build_exactly_the_tables_of_the_code(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_down_and_up_again(database: Engine) -> None:
    assert schema.at_head(database)
    schema.downgrade(database)
    assert set(inspect(database).get_table_names()) <= {"alembic_version"}
    assert not schema.at_head(database)
    schema.upgrade(database)
    assert schema.at_head(database)


def test_upgrading_twice_is_harmless(database: Engine) -> None:
    schema.upgrade(database)
    assert schema.at_head(database)
