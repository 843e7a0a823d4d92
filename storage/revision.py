"""One number that counts the changes of the reference data: places, grids, people, groups. Caches go by it."""

from sqlalchemy import text
from sqlmodel import Field, Session, SQLModel, col, select


class Revision(SQLModel, table=True):
    __tablename__ = "revision"

    id: int = Field(default=1, primary_key=True)
    number: int = 0


_BUMP = text(
    "INSERT INTO revision (id, number) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET number = revision.number + 1"
)


def bump(session: Session) -> None:
    """Say that reference data changed; takes effect with the caller's commit."""
    session.execute(_BUMP)


def current(session: Session) -> int:
    """The number of the data this transaction sees; 0 before the first import."""
    return session.exec(select(Revision.number).where(col(Revision.id) == 1)).first() or 0
