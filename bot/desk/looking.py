"""What a member of staff may read of cases, in words: his list, one case whole. Changes nothing."""

from sqlmodel import Session, col, select

from bot.desk import clocks, sides
from bot.desk.acting import Acting
from bot.desk.cards import reported_by
from bot.desk.errors import Unknown
from bot.desk.lifecycle import ASSIST, CHAIN, LEAD, SUPERIOR, possible
from bot.desk.news import News, reporter
from bot.desk.record import audit
from bot.texts import disputes, duty, handling, times
from storage.case import STATE_NAMES, Case, CaseEvent, CaseState
from storage.case_file import CaseNote, CaseReporter, NoteKind
from storage.incident import Incident
from storage.person import Identity

_MOST_EVENTS = 12
_NEIGHBOURS = 5
_NOTES = {NoteKind.ADDITION: "居民补充", NoteKind.PHOTO: "照片", NoteKind.REMARK: "备注", NoteKind.RESULT: "结果",
          NoteKind.REASON: "原因", NoteKind.AGREEMENT: "协议"}  # fmt: skip


def may_see(session: Session, *, case: Case, acting: Acting) -> bool:
    """Who handles it or stands above it; of what must be reported by law only the lead and those above the grid."""
    parts = acting.parts(session, case)
    if case.restricted:
        return LEAD in parts or SUPERIOR in parts
    return bool(parts & {LEAD, ASSIST, CHAIN, SUPERIOR})


def rows(session: Session, *, cases: list[Case], acting: Acting) -> list[str]:
    """One line each: number, matter, place, state, what remains."""
    found = []
    for case in cases:
        if case.restricted and not may_see(session, case=case, acting=acting):
            continue
        clock = clocks.one(session, case, clocks.FIRST_REPLY if case.state == CaseState.ASSIGNED else clocks.FINISH)
        left = times.left(clock.due_at, acting.now) if clock and not clock.stopped_at and not clock.paused_at else ""
        state = STATE_NAMES[CaseState(case.state)]
        found.append(" ".join(part for part in (case.number, case.title, case.place, state, left) if part))
    return found


def detail(session: Session, *, case: Case, acting: Acting) -> str:
    """The whole case for those who may see it: what, where, who, until when and why, what happened."""
    if not may_see(session, case=case, acting=acting):
        raise Unknown(f"{case.number}不在您的网格里，看不到详情；需要的话请联系网格长。")
    if case.restricted:
        audit(session, verb="looked", subject=f"case:{case.id}", by=acting.by, now=acting.now)
    identity, person = reporter(News(session=session, acting=acting, case=case))
    lines = [
        f"{case.number} {case.title}（{STATE_NAMES[CaseState(case.state)]}）",
        f"地点：{case.place or '还不清楚'}{case.room}",
        f"报事人：{reported_by(case, identity, person)}",
        f"原话：{case.quote}",
        *_neighbours(session, case),
    ]
    if case.beneficiary:
        lines.append(f"替{case.beneficiary}报的，本人{handling.CONSENT.get(case.consent, '还没问')}")
    if case.restricted:
        lines.append("：".join(duty.row(case.item)))
    if case.mediation:
        lines += disputes.standing(case.mediation, _other_side(session, case))
    running = clocks.of(session, case)
    clock = running.get(clocks.FINISH)
    if clock is not None:
        lines += ["时限是这样算的：", clock.ledger]
    lines += ["经过：", *_history(session, case, acting)]
    able = possible(case.state, acting.parts(session, case))
    return "\n".join([*lines, f"现在可以：{'、'.join(able)}" if able else ""]).strip()


def _other_side(session: Session, case: Case) -> tuple[str, str] | None:
    """Where the other side of a dispute lives, and what he says."""
    other = sides.of(session, case).get(sides.OTHER)
    return (other.place, other.says) if other is not None else None


def _neighbours(session: Session, case: Case) -> list[str]:
    """How many reported it too, and the last of them with their words."""
    incident = session.get(Incident, case.id) if case.incident else None
    if incident is None or incident.count < 2:
        return []
    latest = session.exec(
        select(CaseReporter, Identity)
        .join(Identity, col(Identity.id) == col(CaseReporter.identity_id))
        .where(CaseReporter.case_id == case.id)
        .order_by(col(CaseReporter.id).desc())
        .limit(_NEIGHBOURS)
    ).all()
    said = [(who.display_name, row.place or "没说楼号", row.words) for row, who in latest]
    return handling.neighbours(count=incident.count, latest=said)


def _history(session: Session, case: Case, acting: Acting) -> list[str]:
    events = session.exec(
        select(CaseEvent)
        .where(CaseEvent.case_id == case.id, CaseEvent.kind != "joined")
        .order_by(col(CaseEvent.id).desc())
        .limit(_MOST_EVENTS)
    ).all()
    notes = session.exec(select(CaseNote).where(CaseNote.case_id == case.id).order_by(col(CaseNote.id))).all()
    told = [(event.at, handling.EVENTS[event.kind]) for event in reversed(events) if event.kind in handling.EVENTS]
    told += [(note.at, f"{_NOTES[NoteKind(note.kind)]}：{note.words}".rstrip("：")) for note in notes]
    return [f"{times.moment(at, acting.now)} {what}" for at, what in sorted(told, key=lambda each: each[0])]
