"""Writes cases with their clocks and events as the desk leaves them, for reports to count. Asserts nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.reports.period import Period, month
from bot.texts.times import SHANGHAI
from storage.case import Case, CaseClock, CaseEvent, CaseState
from tests.town import Town

Happened = tuple[Any, ...]  # when, kind, and what the event carries, if anything


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A moment of 2026 on the wall clock of Taiyuan, in UTC."""
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


LATER = datetime(2027, 6, 1, tzinfo=UTC)
NOVEMBER: Period = month("2026-11", now=LATER)
DECEMBER: Period = month("2026-12", now=LATER)


class Book:
    """A town whose street is 和平街道, and a short way to put a case into it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.town = Town(session)
        self.town.community.street = "和平街道"
        session.add(self.town.community)
        self._serial = 0

    def case(
        self,
        *,
        due: datetime,
        opened: datetime | None = None,
        state: str = CaseState.ASSIGNED,
        handled: datetime | None = None,
        closed: datetime | None = None,
        paused: datetime | None = None,
        grid: int | None = -1,
        community: int | None = None,
        events: Sequence[Happened] = (),
    ) -> int:
        """One case; by default of grid 东一, opened two days before it is due. Returns its id."""
        self._serial += 1
        opened = opened or due - timedelta(days=2)
        case = Case(
            community_id=community or self.town.community.id or 0,
            day=opened.astimezone(SHANGHAI).date(),
            serial=self._serial,
            number=f"{opened:%m%d}-{self._serial:02d}",
            item="property.common_area",
            title="楼道灯不亮",
            words="楼道灯坏了",
            urgency="normal",
            privacy=0,
            state=state,
            grid_id=self.town.east1.id if grid == -1 else grid,
            reporter_id=1,
            opened_at=opened,
            inbox_id=self._serial,
            handled_at=handled,
            closed_at=closed,
        )
        self.session.add(case)
        self.session.flush()
        clock: dict[str, Any] = {"limit": "2d", "started_at": opened, "stopped_at": handled or closed}
        self.session.add(CaseClock(case_id=case.id or 0, kind="finish", due_at=due, paused_at=paused, **clock))
        self.session.add(CaseClock(case_id=case.id or 0, kind="first_reply", due_at=opened, **clock))
        for number, (when, kind, *data) in enumerate(events, start=2):
            row = {"v": number, **(data[0] if data else {})}
            self.session.add(CaseEvent(case_id=case.id or 0, at=when, kind=kind, actor="bot", door="clock", data=row))
            self.session.flush()
        return case.id or 0


def moved(old: datetime, new: datetime, reason: str = "等配件") -> dict[str, Any]:
    """What an event carries that moved the time to finish."""
    return {"clock": "finish", "old": old.isoformat(), "new": new.isoformat(), "reason": reason}
