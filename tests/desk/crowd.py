"""A crowd for the tests of mass events: more buildings, more groups, and any number of neighbours who all write."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert
from sqlmodel import select

from bot.channels.base import Incoming, lane_of, pack
from storage import revision
from storage.db import writing
from storage.group import ChatGroup, GroupGrid, GroupKind
from storage.message import Inbox
from storage.place import Building, Estate

GROUPS = ("g-haitang", "g-haitang-5", "g-haitang-7")


@dataclass(frozen=True)
class Line:
    who: str
    text: str
    group: str = ""


def settle(database: Engine, *, buildings: Iterable[str] = ("5", "7", "9", "11")) -> None:
    """海棠苑 gets more buildings, and two of them a group of their own."""
    with writing(database) as session:
        estate = session.exec(select(Estate).where(Estate.name == "海棠苑")).one()
        first = session.exec(select(Building).where(Building.estate_id == estate.id, Building.number == "1")).one()
        for number in buildings:
            session.add(Building(estate_id=estate.id or 0, number=number, grid_id=first.grid_id))
        known = session.exec(select(ChatGroup).where(ChatGroup.external_id == GROUPS[0])).one()
        grids = session.exec(select(GroupGrid).where(GroupGrid.group_id == known.id)).all()
        for handle in GROUPS[1:]:
            group = ChatGroup(community_id=known.community_id, channel="simulator", external_id=handle,
                              name=f"海棠苑{handle[-1]}号楼群", kind=GroupKind.BUILDING, post_channel="simulator",
                              post_address=handle)  # fmt: skip
            session.add(group)
            session.flush()
            session.add_all([GroupGrid(group_id=group.id or 0, grid_id=grid.grid_id) for grid in grids])
        revision.bump(session)


def write(database: Engine, lines: Iterable[Line], *, now: datetime, start: int = 0) -> None:
    """Lay what they write into the inbox, as the hook does."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=start):
        incoming = Incoming(channel="simulator", message_id=f"crowd-{number}", kind="text", sender=line.who,
                            sender_name=line.who, group=line.group, text=line.text, at=now)  # fmt: skip
        rows.append({"channel": "simulator", "message_id": incoming.message_id, "lane": lane_of(incoming),
                     "payload": pack(incoming), "received_at": now, "state": "open", "attempts": 0, "faults": 0,
                     "not_before": now, "outcome": ""})  # fmt: skip
    with writing(database) as session:
        session.execute(insert(Inbox), rows)
