"""The card of a case as staff see it: what it says, which buttons it has now, and who has it before him."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.desk.letters import TaskCard
from bot.texts import duty, handling, times
from bot.texts import private as say
from storage.case import Case, CaseState
from storage.case_file import ShownCard
from storage.person import Identity, Person

CODE_LIVES = timedelta(hours=71)  # the platform says 72; its clock is not ours
_MOST_CODES = 6
_BUTTONS: dict[str, tuple[str, ...]] = {
    CaseState.ASSIGNED: ("accept", "transfer", "return"),
    CaseState.IN_PROGRESS: ("finish", "extend", "transfer", "escalate"),
}


def task_card(
    case: Case,
    *,
    reporter: Identity,
    reporter_person: Person | None,
    due: datetime | None,
    now: datetime,
    notes: tuple[str, ...] = (),
    group: str = "",
    asked: bool = False,
    buttons: bool = True,
) -> tuple[TaskCard, str]:
    """The card, and the same as plain text. ``notes`` stand first: what changed, why it came to this reader."""
    title = say.task_title(urgency=case.urgency, matter=case.title)
    until = due_line(case, due, now)
    who = reported_by(case, reporter, reporter_person)
    rows = say.task_rows(reporter=who, number=case.number, place=case.place + case.room, words=case.quote, group=group)
    if case.beneficiary:
        rows += (handling.for_whom(beneficiary=case.beneficiary, consent=case.consent),)
    if case.restricted:
        rows += (duty.row(case.item),)
    keys = ("approve", "refuse") if asked else _BUTTONS.get(case.state, ()) if buttons else ()
    card = TaskCard(
        task=f"case-{case.id}@{case.version}-{int(now.timestamp())}",
        source=say.SOURCE,
        title=title,
        desc=case.place,
        body="\n".join(part for part in (*notes, until) if part),
        rows=rows,
        buttons=tuple((handling.BUTTONS[key], key) for key in keys),
    )
    hint = handling.HINTS.get("asked" if asked else case.state, "") if keys else ""
    text = say.task_text(title=title, due=until, rows=rows, hint="\n".join(part for part in (*notes, hint) if part))
    return card, text


def covered_card(case: Case, line: str) -> TaskCard:
    """What remains of a card for somebody who may no longer read the case."""
    return TaskCard(task=f"case-{case.id}@{case.version}", source=say.SOURCE, title=duty.COVERED, body=line)


def due_line(case: Case, due: datetime | None, now: datetime) -> str:
    """「还剩2小时50分，今天 14:30前联系居民」 before it is taken, 「…办结」 afterwards."""
    if due is None or case.state not in _BUTTONS:
        return ""
    left, by = times.left(due, now), times.by(due, now)
    return say.task_due(by=by, left=left) if case.state == CaseState.ASSIGNED else f"{left}，{by}办结"


def reported_by(case: Case, reporter: Identity, person: Person | None) -> str:
    if case.reporter_hidden:
        return duty.NOT_SHOWN
    return say.masked_reporter(
        nick=reporter.display_name, name=person.name if person else "", phone=person.phone if person else ""
    )


def holders(session: Session, case_id: int) -> list[Identity]:
    """Everybody who has a card of this case before him."""
    held = select(Identity).join(ShownCard).where(ShownCard.case_id == case_id).order_by(col(Identity.id))
    return list(session.exec(held))


def code_came(session: Session, *, case_id: int, identity_id: int, code: str, now: datetime) -> None:
    """A sent card or a pressed button brought a code: the reader's card can be drawn anew once more."""
    shown = session.get(ShownCard, (case_id, identity_id))
    if shown is not None and code:
        shown.codes = [*shown.codes[1 - _MOST_CODES :], [code, now.isoformat()]]
        session.add(shown)


def take_code(session: Session, *, case_id: int, identity_id: int, now: datetime) -> str:
    """A code that draws the reader's card anew, the oldest that still holds; it is spent with that. Empty: none."""
    shown = session.get(ShownCard, (case_id, identity_id))
    if shown is None:
        return ""
    good = [code for code in shown.codes if now - datetime.fromisoformat(code[1]) < CODE_LIVES]
    shown.codes = good[1:]
    session.add(shown)
    return good[0][0] if good else ""
