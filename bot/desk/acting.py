"""Who acts, with what at hand; and the one way in which a verb moves a case. Decides nothing about any verb."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.desk import clocks, lifecycle
from bot.desk.directory import View
from bot.desk.office import Office
from bot.desk.record import BOT, By, event
from bot.desk.standing import SYSTEM, parts_of
from bot.texts import times
from storage.case import Case, CaseClock
from storage.case_file import CaseNote, NoteKind
from storage.late import insert_once
from storage.person import Identity, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """One person (or the clock: both None) at work now. ``inbox_id`` is the message that says so, 0 without one.

    ``pressed``: he pressed a card's button, so that card is where he looks for the answer.
    """

    office: Office
    view: View
    by: By
    now: datetime
    person: Person | None = None
    identity: Identity | None = None
    inbox_id: int = 0
    pressed: bool = False

    @property
    def name(self) -> str:
        return self.person.name if self.person else ""

    @property
    def at(self) -> str:
        """The moment as a card shows it: 「10:05」."""
        return f"{times.local(self.now):%H:%M}"

    @property
    def is_clock(self) -> bool:
        return self.person is None and self.identity is None and self.by.actor == BOT

    def parts(self, session: Session, case: Case) -> frozenset[str]:
        if self.is_clock:
            return SYSTEM
        return parts_of(session, view=self.view, case=case, person=self.person, identity=self.identity)


# what a verb may change and an undo puts back
_KEPT = ("state", "lead_id", "lead_as", "accepted_at", "handled_at", "handled_by", "closed_at", "closed_as", "rating",
         "extensions", "reworks", "returns", "supervised", "asked", "item", "title", "urgency", "privacy",
         "mediation")  # fmt: skip

CLOCK_KEPT = ("kind", "limit", "started_at", "due_at", "stopped_at", "next_at", "next_step", "paused_at", "left")
# what can be taken back within two minutes, and what it is called
UNDOABLE = {
    "accepted": "接单", "transferred": "转派", "escalated": "上报", "handled": "办结", "self_handled": "自办",
    "declined": "不予受理", "extended": "延期", "suspended": "挂账", "extension_asked": "延期", "refused": "不同意",
    "suspension_asked": "挂账", "reclassified": "改类", "resumed": "恢复", "waits_for_resident": "等居民",
    "cooled": "冷静",
}  # fmt: skip


def snapshot(case: Case) -> dict[str, Any]:
    """What the case was before a verb, fit for an event: ids, codes and times only."""
    return {name: _plain(getattr(case, name)) for name in _KEPT}


def move(session: Session, acting: Acting, case: Case, verb: str, *, kind: str, **data: Any) -> None:
    """Check the move against the table, make it, and leave its event. Raises ``Refusal``; then nothing has changed."""
    lifecycle.check(case, verb, acting.parts(session, case))
    commit(session, acting, case, verb, kind=kind, was=snapshot(case), **data)


def commit(
    session: Session, acting: Acting, case: Case, verb: str, *, kind: str, was: dict[str, Any], **data: Any
) -> None:
    """Make a move that was checked before. ``was`` is the snapshot from before anything changed."""
    case.version += 1
    to = lifecycle.BY_VERB[verb].to
    if to is not None:
        case.state = to
    session.add(case)
    now = snapshot(case)
    changed = {name: value for name, value in was.items() if now[name] != value}
    if kind in UNDOABLE:
        # the clocks are changed after the move, so this is what they were before it
        data["clocks"] = [_clock(clock) for clock in clocks.of(session, case).values()]
    event(session, case_id=case.id or 0, kind=kind, by=acting.by, now=acting.now, v=case.version, was=changed, **data)


def note(session: Session, acting: Acting, case: Case, kind: NoteKind, words: str, *, media: str = "") -> None:
    """Keep what somebody said or sent, whole and for good."""
    row = {
        "case_id": case.id,
        "at": acting.now,
        "kind": kind,
        "actor": acting.by.actor,
        "words": words[:2_000],
        "media": media[:300],
        "inbox_id": acting.inbox_id or None,
    }
    insert_once(session, CaseNote, [row], on=("case_id", "inbox_id", "kind"))


def _clock(clock: CaseClock) -> dict[str, Any]:
    return {name: _plain(getattr(clock, name)) for name in CLOCK_KEPT}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
