"""Verbs on the one open question of a talk: ask, resolve, drop, expire. A waiting request is never lost by it.

The draft keeps the request whole, so that the answer, or the clock when nobody answers, can open the case without
anybody remembering anything.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from bot.desk import incidents
from bot.desk.acting import Acting
from bot.desk.assignment import Located, Said, Unclear, assign
from bot.desk.cases import Opened, Report, add_place, by_id
from bot.desk.directory import GroupView, View
from bot.desk.letters import Letter, post, to_group, to_identity, to_staff
from bot.desk.office import Office
from bot.desk.record import BOT, By, audit
from bot.texts import disputes as say_dispute
from bot.texts import group as say_group
from bot.texts import private as say
from storage.message import IS_OPEN, Question
from storage.person import Identity, Person

_KEPT = ("item", "title", "urgency", "privacy", "first_reply", "finish", "words", "quote", "inbox_id", "part", "alarm",
         "quiet", "past_grid", "about", "restricted", "shared", "apart", "dispute", "admitted", "beneficiary",
         "hides_reporter")  # fmt: skip


PROMPT = "command"  # what the bot asked a member of staff after he pressed a button


@dataclass(frozen=True, slots=True)
class Talk:
    """Where a question lives: lane and community, who is asked, and the group (None in a private talk).

    ``heard_in`` is the group in which it was said, where the rest is talked over in private.
    """

    lane: str
    community_id: int
    reporter: Identity
    reporter_person: Person | None
    spoken_in: GroupView | None
    heard_in: GroupView | None = None


_WAITING = select(Question).where(Question.lane == bindparam("lane"), col(Question.state) == IS_OPEN)


def waiting(session: Session, lane: str) -> Question | None:
    """The question that is open in this talk."""
    return session.exec(_WAITING, params={"lane": lane}).first()


def ask(
    session: Session, *, office: Office, view: View, talk: Talk, report: Report, said: Said, unclear: Unclear,
    now: datetime, wait: timedelta
) -> list[Letter]:  # fmt: skip
    """Ask for the missing place. While a question is open nothing is asked again: the request joins those waiting."""
    draft = {name: getattr(report, name) for name in _KEPT}
    known = waiting(session, talk.lane)
    if known is not None:
        known.draft = {**known.draft, "reports": [*known.draft["reports"], draft]}
        session.add(known)
        return []
    question = Question(
        lane=talk.lane,
        inbox_id=report.inbox_id,
        part=report.part,
        asks=unclear.asks,
        draft={"reports": [draft], "said": asdict(said), **_where(talk)},
        asked_at=now,
        expires_at=now + wait,
    )
    session.add(question)
    session.flush()
    nick = talk.reporter.display_name if talk.spoken_in else ""
    words = say_group.ask(nick=nick, asks=unclear.asks, building=said.building)
    letters = to_speaker(office, view, talk, words, now)
    if talk.heard_in is not None:
        line = say_dispute.asked_alone(nick=talk.reporter.display_name)
        letters = [*to_speaker(office, view, replace(talk, spoken_in=talk.heard_in), line, now), *letters]
    post(session, letters, about=f"question-{question.id}", case_id=None, now=now)
    return letters


def ask_where(
    session: Session, *, talk: Talk, case_id: int, quote: str, inbox_id: int, now: datetime, wait: timedelta
) -> None:
    """Remember that an emergency is already running without a place; its alarm text has asked for it."""
    if waiting(session, talk.lane) is None:
        draft = {"reports": [], "case_id": case_id, "quote": quote, "said": asdict(Said()), **_where(talk)}
        session.add(
            Question(
                lane=talk.lane, inbox_id=inbox_id, asks="building", draft=draft, asked_at=now, expires_at=now + wait
            )
        )


def prompt(
    session: Session, *, talk: Talk, case_id: int, word: str, inbox_id: int, now: datetime, wait: timedelta
) -> None:
    """Remember that a button asked this member of staff for a word; an earlier prompt is dropped for it."""
    known = waiting(session, talk.lane)
    if known is not None and known.asks != PROMPT:
        return
    if known is not None:
        close(session, question=known)
        session.flush()
    draft = {"reports": [], "word": word, "case_id": case_id, "said": asdict(Said()), "quote": "", **_where(talk)}
    session.add(
        Question(lane=talk.lane, inbox_id=inbox_id, asks=PROMPT, draft=draft, asked_at=now, expires_at=now + wait)
    )


def others_asked(session: Session, *, talk: Talk, item: str) -> bool:
    """Whether a neighbour in this group was asked where the same is, and has not answered yet."""
    where = _where(talk)["group"]
    rows = session.exec(select(Question).where(col(Question.state) == IS_OPEN, Question.lane != talk.lane))
    return any(
        row.draft.get("group") == where and item in {draft["item"] for draft in row.draft["reports"]} for row in rows
    )


def close(session: Session, *, question: Question) -> None:
    """The question is settled, or nobody needs its answer any more."""
    question.state = "answered"
    session.add(question)


def add_words(session: Session, *, question: Question, words: str, quote: str) -> None:
    """More of what already waits: the words go to the request, the question stays open."""
    reports = [
        {**draft, "words": f"{draft['words']}\n{words}"[:2_000], "quote": f"{draft['quote']} {quote}"[:500]}
        for draft in question.draft["reports"]
    ]
    question.draft = {**question.draft, "reports": reports}
    session.add(question)


def for_the_estate(question: Question) -> bool:
    """Whether what waits may have one cause in the whole estate: then no unit need be known."""
    reports = question.draft["reports"]
    return bool(reports) and all(draft.get("shared") == incidents.ESTATE for draft in reports)


def remembered(question: Question) -> Said:
    """What was already said about the place when the question was asked."""
    return Said(**question.draft["said"])


def heard_in(session: Session, *, office: Office, question: Question) -> GroupView | None:
    """The group in which it was said, for a question that is asked in private."""
    heard = question.draft.get("heard_in")
    return office.directory.group(session, *heard) if heard else None


def resolve(
    session: Session, *, office: Office, view: View, question: Question, talk: Talk, located: Located | None,
    place: str, by: By, now: datetime
) -> list[Opened]:  # fmt: skip
    """Close the question and open what waited for it; ``located`` None opens it without a place on the map."""
    question.state = "answered"
    session.add(question)
    case_id = question.draft.get("case_id")
    if case_id is not None and located is not None:
        add_place(
            session,
            office=office,
            view=view,
            case=by_id(session, case_id),
            located=located,
            reporter=talk.reporter,
            reporter_person=talk.reporter_person,
            quote=question.draft["quote"],
            spoken_in=talk.spoken_in,
            by=by,
            now=now,
        )
    opened = []
    for draft in question.draft["reports"]:
        words = f"{draft['words']}\n{place}".strip()
        quote = f"{draft['quote']} {place}".strip()
        report = Report(
            **{**draft, "words": words, "quote": quote},
            reporter=talk.reporter,
            reporter_person=talk.reporter_person,
            spoken_in=talk.spoken_in,
        )
        acting = Acting(office=office, view=view, by=by, now=now, person=talk.reporter_person, identity=talk.reporter,
                        inbox_id=report.inbox_id)  # fmt: skip
        opened.append(incidents.take(session, acting=acting, report=report, located=located))
    return opened


def drop(
    session: Session, *, office: Office, view: View, question: Question, talk: Talk, by: By, now: datetime
) -> list[Letter]:
    """The asked person no longer wants it: nothing is opened, and he hears that."""
    question.state = "dropped"
    session.add(question)
    audit(session, verb="question_dropped", subject=f"question:{question.id}", by=by, now=now)
    nick = talk.reporter.display_name if talk.spoken_in else ""
    letters = to_speaker(office, view, talk, say_group.dropped(nick=nick), now)
    post(session, letters, about=f"question-{question.id}:dropped", case_id=None, now=now)
    return letters


def overdue(session: Session, *, now: datetime, most: int = 100) -> list[int]:
    """The open questions whose time is up, the oldest first."""
    due = select(Question.id).where(col(Question.state) == IS_OPEN, col(Question.expires_at) <= now)
    return [key for key in session.exec(due.order_by(col(Question.expires_at)).limit(most)) if key is not None]


def expire(session: Session, *, office: Office, question_id: int, now: datetime) -> None:
    """Open what nobody answered for, as it is: staff will call."""
    question = session.get(Question, question_id)
    if question is None or question.state != "open":
        return
    office.directory.refresh(session)
    talk = _talk(session, office, question)
    view = office.directory.view(session, question.draft["community_id"])
    by = By(BOT, "clock")
    resolve(session, office=office, view=view, question=question, talk=talk, located=None, place="", by=by, now=now)
    question.state = "expired"


def postpone(session: Session, *, question_id: int, until: datetime) -> None:
    """Try again later: something is wrong with this one, and the others must not wait for it."""
    session.execute(update(Question).where(col(Question.id) == question_id).values(expires_at=until))


def _where(talk: Talk) -> dict[str, Any]:
    group = talk.spoken_in.group if talk.spoken_in else None
    heard = talk.heard_in.group if talk.heard_in else None
    return {
        "reporter_id": talk.reporter.id,
        "group": [group.channel, group.external_id] if group else None,
        "heard_in": [heard.channel, heard.external_id] if heard else None,
        "community_id": talk.community_id,
    }


def _talk(session: Session, office: Office, question: Question) -> Talk:
    draft = question.draft
    reporter = session.get_one(Identity, draft["reporter_id"])
    person = session.get(Person, reporter.person_id) if reporter.person_id else None
    group = office.directory.group(session, *draft["group"]) if draft["group"] else None
    return Talk(question.lane, draft["community_id"], reporter, person, group)


def to_speaker(office: Office, view: View, talk: Talk, words: str, now: datetime) -> list[Letter]:
    """An answer where he spoke; where no robot may post, by the hand of whoever is responsible there."""
    if talk.spoken_in is None:
        return [to_identity(talk.reporter, words)]
    letters = to_group(office, talk.spoken_in.group, words, mention=talk.reporter.external_id)
    if letters:
        return letters
    grid = next(iter(talk.spoken_in.grids)) if len(talk.spoken_in.grids) == 1 else None
    lead = assign(view, grid, channels=office.channels, now=now)
    by_hand = say.please_post(group=talk.spoken_in.group.name, text=words)
    return to_staff(view, office, lead.person, by_hand) if lead else []
