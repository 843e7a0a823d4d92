"""Estates, buildings and units, and the nicknames people give them. Every unit lies in exactly one grid.

Households are address ranges (floors × doors), never lists of people.
"""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel


class Estate(SQLModel, table=True):
    __tablename__ = "estate"
    __table_args__ = (UniqueConstraint("community_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    community_id: int = Field(foreign_key="community.id", index=True)
    name: str = Field(max_length=60)


class Building(SQLModel, table=True):
    """``number`` is what people say before 号楼: ``3``, ``12A``. ``grid_id`` holds unless a unit says otherwise."""

    __tablename__ = "building"
    __table_args__ = (UniqueConstraint("estate_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    estate_id: int = Field(foreign_key="estate.id", index=True)
    number: str = Field(max_length=10)
    grid_id: int = Field(foreign_key="grid.id", index=True)


class Unit(SQLModel, table=True):
    """``grid_id`` is the unit's own (micro-)grid. ``floors`` × ``doors`` households, doors 01… on each floor."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("building_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    building_id: int = Field(foreign_key="building.id", index=True)
    number: str = Field(max_length=10)
    grid_id: int = Field(foreign_key="grid.id", index=True)
    floors: int = Field(default=1, ge=1, le=99)
    doors: int = Field(default=1, ge=1, le=99)


class PlaceAlias(SQLModel, table=True):
    """A word people use for a place: 「海棠」 for the estate, 「老锅炉房那栋」 for a building."""

    __tablename__ = "place_alias"
    __table_args__ = (UniqueConstraint("community_id", "word"),)

    id: int | None = Field(default=None, primary_key=True)
    community_id: int = Field(foreign_key="community.id", index=True)
    word: str = Field(max_length=30)
    estate_id: int = Field(foreign_key="estate.id")
    building_id: int | None = Field(default=None, foreign_key="building.id")
    unit_id: int | None = Field(default=None, foreign_key="unit.id")
