"""The town with its clocks and nothing else: cases opened and moved by the desk's verbs, time moved by the test.

No language, no channel: what was said lies in the outbox, and is read from there by the reader's name.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from bot.desk import handling, waiting
from bot.desk.acting import Acting
from bot.desk.assignment import Located
from bot.desk.calendar import Calendar
from bot.desk.cases import Report, open_case
from bot.desk.clock import Limit
from bot.desk.directory import Directory, GroupView
from bot.desk.office import Office
from bot.desk.record import By
from bot.jobs.auditor import Auditor
from bot.jobs.deadlines import Deadlines
from storage.audit import AuditRow
from storage.case import Case, CaseClock
from storage.case_file import CaseStep
from storage.db import reading, writing
from storage.grid import Grid
from storage.message import Outbox
from storage.person import Identity, Person, Role, RoleKind
from tests.play import Clock
from tests.town import CHANNELS, NOON, Town

OFFICE = {"calendar": Calendar({}), "channels": CHANNELS, "group_channels": ("simulator",)}


class Clockwork:
    """``ticker`` and ``auditor`` are the jobs, driven by hand; ``clock`` is the time that both see."""

    def __init__(self, engine: Engine, *, now: datetime = NOON, street: bool = True) -> None:
        self.engine = engine
        self.clock = Clock(now)
        self.office = Office(directory=Directory(), **OFFICE)  # type: ignore[arg-type]
        with writing(engine) as session:
            self.town = Town(session)
            if street:
                self.sun = self.town._staff("孙街", "13800000009", RoleKind.STREET, None, "sun")
        self.ticker = Deadlines(engine, office=self.office, holder="one")
        self.knocks: list[str] = []
        self.auditor = self.new_auditor("one")
        self._ids = itertools.count(1)
        self._heard = 0

    def new_auditor(self, holder: str) -> Auditor:
        def knock(url: str) -> bool:
            self.knocks.append(url)
            return True

        return Auditor(self.engine, office=self.office, holder=holder, url="https://watch.example/1", knock=knock)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with writing(self.engine) as session:
            self.office.directory.refresh(session)
            yield session

    def opens(self, *, first_reply: str = "4wh", finish: str = "3wd", grid: Grid | None = None, **more: Any) -> int:
        """安安 reports something in the group of 海棠苑; the case's id."""
        grid = grid or self.town.east1
        terms: dict[str, Any] = {
            "item": "property.common_area", "title": "楼道灯不亮", "urgency": "normal", "privacy": 0,
            "words": "3号楼楼道灯坏了", "quote": "3号楼楼道灯坏了", **more,
        }  # fmt: skip
        with self.writing() as session:
            person = self.town.chen
            reporter = session.exec(select(Identity).where(Identity.external_id == "chen")).first()
            assert reporter is not None
            view = self.office.directory.view(session, self.town.community.id or 0)
            report = Report(
                first_reply=first_reply, finish=finish, inbox_id=next(self._ids), part=0, reporter=reporter,
                reporter_person=person,
                spoken_in=GroupView(self.town.haitang_group, frozenset({grid.id or 0})), **terms,
            )  # fmt: skip
            located = Located(text="海棠苑3号楼", how="", grid_id=grid.id)
            opened = open_case(session, office=self.office, view=view, report=report, located=located,
                               by=By("resident", "simulator"), now=self.clock.at)  # fmt: skip
            return opened.case.id or 0

    def acting(self, session: Session, person: Person) -> Acting:
        view = self.office.directory.view(session, self.town.community.id or 0)
        identity = view.identity(person.id or 0, CHANNELS)
        return Acting(office=self.office, view=view, by=By(f"person:{person.id}", "test"), now=self.clock.at,
                      person=person, identity=identity)  # fmt: skip

    def accepts(self, case_id: int, person: Person) -> None:
        with self.writing() as session:
            handling.accept(session, acting=self.acting(session, person), case=session.get_one(Case, case_id))

    def finishes(self, case_id: int, person: Person) -> None:
        with self.writing() as session:
            acting = self.acting(session, person)
            handling.finish(session, acting=acting, case=session.get_one(Case, case_id), words="已换灯泡")

    def extends(self, case_id: int, limit: str, superior: Person) -> None:
        with self.writing() as session:
            case = session.get_one(Case, case_id)
            waiting.ask_extension(session, acting=self.acting(session, superior), case=case, limit=Limit.parse(limit),
                                  words="等配件")  # fmt: skip

    def shelves(self, case_id: int, until: datetime, superior: Person) -> None:
        with self.writing() as session:
            case = session.get_one(Case, case_id)
            acting = self.acting(session, superior)
            waiting.ask_suspension(session, acting=acting, case=case, until=until, words="等开春")

    def away(self, person: Person, *, hours: float = 24) -> None:
        with writing(self.engine) as session:
            self.town.session = session
            self.town.away(person, self.clock.at - timedelta(hours=1), self.clock.at + timedelta(hours=hours))

    def ticks(self, ticker: Deadlines | None = None) -> None:
        while (ticker or self.ticker)(self.clock):
            pass

    def passes(self, **much: float) -> None:
        """Time goes by with a ticker that stops wherever something is due."""
        end = self.clock.at + timedelta(**much)
        while True:
            with reading(self.engine) as session:
                due = select(CaseClock.next_at).where(col(CaseClock.next_at) > self.clock.at)
                stop = session.exec(due.order_by(col(CaseClock.next_at)).limit(1)).first()
            if stop is None or stop > end:
                break
            self.clock.at = stop
            self.ticks()
        self.clock.at = end
        self.ticks()

    def case(self, case_id: int) -> Case:
        with reading(self.engine) as session:
            return session.get_one(Case, case_id)

    def of_case(self, case_id: int, kind: str) -> CaseClock:
        with reading(self.engine) as session:
            return session.exec(select(CaseClock).where(CaseClock.case_id == case_id, CaseClock.kind == kind)).one()

    def steps(self, case_id: int) -> list[str]:
        """What was done, in its order: 「first_reply.half.1」."""
        with reading(self.engine) as session:
            rows = session.exec(select(CaseStep).where(CaseStep.case_id == case_id).order_by(col(CaseStep.id))).all()
            return [f"{row.clock}.{row.step}.{row.round}" for row in rows]

    def heard(self) -> dict[str, list[str]]:
        """What was laid into the outbox since the last time, by the reader's name; cards drawn anew are no news."""
        with reading(self.engine) as session:
            rows = session.exec(select(Outbox).where(col(Outbox.id) > self._heard).order_by(col(Outbox.id))).all()
        self._heard = max([self._heard, *(row.id or 0 for row in rows)])
        found: dict[str, list[str]] = {}
        for row in rows:
            if not row.payload["redraw"]:
                found.setdefault(row.label, []).append(row.payload["text"])
        return found

    def letters(self, **where: Any) -> list[Outbox]:
        with reading(self.engine) as session:
            return list(session.exec(select(Outbox).filter_by(**where).order_by(col(Outbox.id))).all())

    def findings(self) -> list[str]:
        """The kinds of what the audit wrote down, in their order."""
        with reading(self.engine) as session:
            rows = session.exec(select(AuditRow).where(AuditRow.verb == "clock_finding").order_by(col(AuditRow.id)))
            return [row.data["kind"] for row in rows]

    def grants(self, person: Person, kind: RoleKind) -> None:
        with writing(self.engine) as session:
            self.town.session = session
            session.add(Role(person_id=person.id or 0, kind=kind, community_id=self.town.community.id or 0))
            self.town.away(person, NOON - timedelta(days=900), NOON - timedelta(days=899))


def lives(works: Clockwork, *, minutes: float, tickers: tuple[Deadlines, ...] = (), audits: bool = True) -> None:
    """The real rhythm: a tick every 15 seconds by each ticker, an audit every minute."""
    for quarter in range(int(minutes * 4)):
        works.clock.passes(seconds=15)
        for ticker in tickers:
            works.ticks(ticker)
        if audits and quarter % 4 == 3:
            works.auditor(works.clock)
