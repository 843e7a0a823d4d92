"""What was found about the clock: written down, and told once a day to whoever keeps the system. Mends nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from bot.desk.directory import View
from bot.desk.letters import Letter, post, to_staff
from bot.desk.news import quiet_until
from bot.desk.office import Office
from bot.desk.proof import Finding
from bot.desk.record import BOT, By, audit
from bot.texts import steps as say
from bot.texts import times
from storage.grid import Community
from storage.person import RoleKind

_MOST_LINES = 5


def report(session: Session, *, office: Office, findings: Sequence[Finding], now: datetime) -> list[Letter]:
    """An audit row for each, and at most one letter a day to those who hold ADMIN, else to the chief."""
    for finding in findings:
        subject = f"case:{finding.case_id}" if finding.case_id else "clock"
        audit(session, verb="clock_finding", subject=subject, by=By(BOT, "auditor"), now=now, kind=finding.kind,
              key=finding.key)  # fmt: skip
    leaves = quiet_until(now)
    lines = [finding.say for finding in findings[:_MOST_LINES]]
    if len(findings) > _MOST_LINES:
        lines.append(say.more(len(findings) - _MOST_LINES))
    text = say.trouble(lines, at=now)
    letters = [replace(letter, after=leaves) for letter in _to_keepers(session, office, findings, text)]
    day = times.local(leaves or now).date().isoformat()
    post(session, letters, about=f"clock-finding:{day}", case_id=None, now=now)
    return letters


def _to_keepers(session: Session, office: Office, findings: Iterable[Finding], text: str) -> list[Letter]:
    """Whoever keeps the system; where nobody is named, the chiefs of the communities concerned, else the first one."""
    office.directory.refresh(session)
    ids = session.exec(select(Community.id).order_by(col(Community.id))).all()
    views = {key: office.directory.view(session, key) for key in ids if key is not None}
    letters = [letter for view in views.values() for letter in _holders(view, office, RoleKind.ADMIN, text)]
    if not letters:
        concerned = {finding.community_id for finding in findings} & views.keys() or set(list(views)[:1])
        for key in sorted(concerned):
            letters += _holders(views[key], office, RoleKind.CHIEF, text)[:1]
    return list({letter.reader: letter for letter in letters}.values())


def _holders(view: View, office: Office, kind: RoleKind, text: str) -> list[Letter]:
    people = dict.fromkeys(role.person_id for role in view.roles if role.kind == kind)
    return [letter for person in people for letter in to_staff(view, office, view.staff[person], text)]
