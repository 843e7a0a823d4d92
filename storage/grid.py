"""Communities and their grids. A grid's code is an opaque label: nothing is ever read out of its tail.

The first twelve digits of a grid code equal its community's code (statistical division code); the rest is the
city's own. Re-coding keeps the grid and writes a ``GridCode`` row, so old codes are still understood.
"""

from datetime import date
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

COMMUNITY_CODE = r"^\d{12}$"
GRID_CODE = r"^\d{16}$"


class GridLevel(StrEnum):
    GRID = "grid"
    MICRO = "micro"
    SPECIAL = "special"


class Community(SQLModel, table=True):
    """``tag`` begins the long case numbers (``HTW-20261122-007``); ``hours`` is the text that the clock parses."""

    __tablename__ = "community"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=12)
    name: str = Field(max_length=60)
    street: str = Field(default="", max_length=60)
    tag: str = Field(unique=True, max_length=8)
    phone: str = Field(default="", max_length=20)
    duty_phone: str = Field(default="", max_length=20)
    hours: str = Field(default="", max_length=400)


class Grid(SQLModel, table=True):
    """``valid_to`` is the first day on which the grid is gone; None while it exists."""

    __tablename__ = "grid"

    id: int | None = Field(default=None, primary_key=True)
    community_id: int = Field(foreign_key="community.id", index=True)
    parent_id: int | None = Field(default=None, foreign_key="grid.id", index=True)
    code: str = Field(unique=True, max_length=20)
    name: str = Field(max_length=60)
    level: str = Field(default=GridLevel.GRID, max_length=10)
    valid_from: date
    valid_to: date | None = None


class GridCode(SQLModel, table=True):
    """One code that a grid once bore, with the days it was valid: the re-coding history."""

    __tablename__ = "grid_code"
    __table_args__ = (UniqueConstraint("code", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    grid_id: int = Field(foreign_key="grid.id", index=True)
    code: str = Field(index=True, max_length=20)
    valid_from: date
    valid_to: date | None = None
