"""Chat groups and the grids they serve: many groups to a grid, many grids to a group."""

from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel


class GroupKind(StrEnum):
    SERVICE = "service"
    BUILDING = "building"
    PARTY = "party"
    CLASS = "class"
    VOLUNTEER = "volunteer"
    WORK = "work"


# only in these groups does a resident's sentence become a case
LISTENING_KINDS = frozenset({GroupKind.SERVICE, GroupKind.BUILDING})


class ChatGroup(SQLModel, table=True):
    """``post_channel``/``post_address`` say how the bot posts there; both empty where only a human can.

    ``post_address`` may be a robot's key, which is a secret: it is never logged and never leaves in an export.
    """

    __tablename__ = "chat_group"
    __table_args__ = (UniqueConstraint("channel", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    community_id: int = Field(foreign_key="community.id", index=True)
    channel: str = Field(max_length=20)
    external_id: str = Field(max_length=128)
    name: str = Field(max_length=60)
    kind: str = Field(default=GroupKind.SERVICE, max_length=12)
    post_channel: str = Field(default="", max_length=20)
    post_address: str = Field(default="", max_length=200)


class GroupGrid(SQLModel, table=True):
    __tablename__ = "group_grid"

    group_id: int = Field(foreign_key="chat_group.id", primary_key=True)
    grid_id: int = Field(foreign_key="grid.id", primary_key=True)
