"""Putting away what ended long ago, by night and a piece at a time. Deletes nothing."""

from datetime import date, datetime

from sqlmodel import Session, col, select

from bot.desk import closing
from bot.desk.acting import Acting
from bot.desk.office import Office
from bot.desk.record import BOT, By
from bot.texts import times
from storage.grid import Community

# o'clock: when nobody waits for the database
_FROM, _UNTIL = 3, 6


def night_of(now: datetime) -> date | None:
    """The day whose night it is now; None while people are about."""
    here = times.local(now)
    return here.date() if _FROM <= here.hour < _UNTIL else None


def put_away(session: Session, *, office: Office, now: datetime) -> int:
    """Archive some of the cases that ended long ago; returns how many."""
    community = session.exec(select(Community.id).order_by(col(Community.id)).limit(1)).first()
    if community is None:
        return 0
    office.directory.refresh(session)
    # the clock acts alike for every community; one view is as good as another
    view = office.directory.view(session, community)
    acting = Acting(office=office, view=view, by=By(BOT, "clock"), now=now)
    return closing.archive(session, acting=acting, before=now - closing.ARCHIVE_AFTER)
