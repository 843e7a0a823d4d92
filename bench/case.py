"""What the whole life of a case costs, whether old cases slow a new one down, and how long a busy tick takes.

``python -m bench.case [--short] [--database sqlite|postgres|both]``. The real verbs of the desk on a full city, each in
a transaction of its own with all its letters; next to it the same SQL alone. Then opening a case by the real pipeline
with a million old cases in the table and with none, round by round in turn; then one tick with a thousand due steps.
"""

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Engine, event, text
from sqlmodel import Session, col, func, select

from bench.figures import SHOWN, Options, Report, Target, ratios, read_options, spread
from bench.machine import Machine, opened, others_busy
from bench.open_case import Desk
from bench.tape import Tape
from bot.app import utc_now
from bot.desk import closing, following, handling, waiting
from bot.desk.acting import Acting
from bot.desk.clock import Limit
from bot.desk.record import By
from bot.jobs.deadlines import Deadlines
from storage.case import Case, CaseClock, CaseState
from storage.case_file import CaseStep
from storage.db import is_postgres, reading, writing
from storage.message import Outbox
from storage.person import Identity, Person

OLD_TARGET, TICK_TARGET = Target("≤", 1.2), Target("≤", 1.0)
OLD_CASES, DUE = 1_000_000, 1_000
VERBS = ("open", "accept", "remark", "add", "ask_extension", "approve", "await_resident", "answer", "escalate",
         "accept_again", "finish", "confirm")  # fmt: skip


@dataclass
class Lives:
    """Cases that go from the first word to the confirmed result, one verb after the other."""

    desk: Desk
    spent: dict[str, list[float]] = field(default_factory=lambda: {verb: [] for verb in VERBS})
    asked: dict[str, list[int]] = field(default_factory=lambda: {verb: [] for verb in VERBS})

    def run(self, count: int) -> float:
        """Seconds for ``count`` whole lives; the verbs of all of them are interleaved."""
        begun = time.perf_counter()
        before = self._last_case()
        with self._counted("open", count):
            self.desk.fill(count)
            self.desk.drain()
        with reading(self.desk.service.database) as session:
            ids = session.exec(select(Case.id).where(col(Case.id) > before).order_by(col(Case.id))).all()
        for verb in VERBS[1:]:
            with self._counted(verb, len(ids)):
                for case_id in ids:
                    with writing(self.desk.service.database) as session:
                        self._do(verb, session, session.get_one(Case, case_id))
        return time.perf_counter() - begun

    def _do(self, verb: str, session: Session, case: Case) -> None:
        does: dict[str, Callable[[], object]] = {
            "accept": lambda: handling.accept(session, acting=self._lead(session, case), case=case),
            "remark": lambda: handling.remark(session, acting=self._lead(session, case), case=case, words="已约上门"),
            "add": lambda: following.add(
                session, acting=self._reporter(session, case), case=case, words="在家", shown="在家"
            ),
            "ask_extension": lambda: waiting.ask_extension(
                session, acting=self._lead(session, case), case=case, limit=Limit(1, "wd"), words="等配件"
            ),
            "approve": lambda: waiting.approve(session, acting=self._chief(session, case), case=case),
            "await_resident": lambda: waiting.await_resident(
                session, acting=self._lead(session, case), case=case, words="补复印件"
            ),
            "answer": lambda: following.add(
                session, acting=self._reporter(session, case), case=case, words="补好了", shown="补好了"
            ),
            "escalate": lambda: handling.escalate(session, acting=self._lead(session, case), case=case, words="要协调"),
            "accept_again": lambda: handling.accept(session, acting=self._lead(session, case), case=case),
            "finish": lambda: handling.finish(session, acting=self._lead(session, case), case=case, words="已修好"),
            "confirm": lambda: closing.confirm(session, acting=self._reporter(session, case), case=case, rating=1),
        }
        does[verb]()

    def _acting(self, session: Session, person: Person, identity: Identity, case: Case) -> Acting:
        self.desk.messages += 1
        office = self.desk.service.office
        return Acting(office=office, view=office.directory.view(session, case.community_id),
                      by=By(f"identity:{identity.id}", "wecom"), now=utc_now(), person=person, identity=identity,
                      inbox_id=self.desk.messages)  # fmt: skip

    def _lead(self, session: Session, case: Case) -> Acting:
        return self._of(session, case, case.lead_id or 0)

    def _chief(self, session: Session, case: Case) -> Acting:
        return self._of(session, case, case.chain["chief"])

    def _of(self, session: Session, case: Case, person_id: int) -> Acting:
        view = self.desk.service.office.directory.view(session, case.community_id)
        identity = view.identity(person_id, ("wecom",))
        assert identity is not None, "everybody in this city is on the channel"
        return self._acting(session, view.staff[person_id], identity, case)

    def _reporter(self, session: Session, case: Case) -> Acting:
        identity = session.get_one(Identity, case.reporter_id)
        return self._acting(session, session.get_one(Person, identity.person_id), identity, case)

    def _last_case(self) -> int:
        with reading(self.desk.service.database) as session:
            return session.exec(select(func.max(Case.id))).one() or 0

    @contextmanager
    def _counted(self, verb: str, count: int) -> Iterator[None]:
        """Time and statements of a verb, each for one case."""
        sent = itertools.count()

        def ran(*_: Any) -> None:
            next(sent)

        event.listen(self.desk.service.database, "before_cursor_execute", ran)
        begun = time.perf_counter()
        try:
            yield
        finally:
            event.remove(self.desk.service.database, "before_cursor_execute", ran)
        self.spent[verb].append((time.perf_counter() - begun) / max(count, 1) * 1e3)
        self.asked[verb].append(next(sent))


def measure_lives(machine: Machine, options: Options, report: Report) -> None:
    rounds, count = (3, 20) if options.short else (5, 200)
    for kind in options.databases:
        desk = Desk(machine, kind, 10 + (rounds + 1) * count)
        lives = Lives(desk)
        lives.run(10)
        few = {verb: asked[-1] / 10 for verb, asked in lives.asked.items()}
        lives = Lives(desk)
        rates = [count / lives.run(count) for _ in range(rounds)]
        many = {verb: asked[-1] / count for verb, asked in lives.asked.items()}
        alone = _alone(machine, desk, lives, count)
        name = SHOWN[kind]
        report.figure(f"whole lives of 12 verbs, {name}", median(rates), "/s", note=f"rounds {spread(rates)}", digits=1)
        report.figure(f"ceiling: the same SQL alone, {name}", alone, "/s", digits=1)
        report.figure(f"share of the ceiling, {name}", median(rates) / alone, "×")
        grown = {verb: (few[verb], many[verb]) for verb in VERBS[1:] if many[verb] > few[verb] + 0.5}
        report.check(
            f"no verb asks more the more cases there are, {name}", not grown, str(grown or "same with 10 and all")
        )
        report.remark(f"{name}, per verb (ms, statements): " + ", ".join(
            f"{verb} {median(lives.spent[verb]):.1f}/{many[verb]:.1f}" for verb in VERBS))  # fmt: skip
        desk.close()


def _alone(machine: Machine, desk: Desk, lives: Lives, count: int) -> float:
    """Lives per second that the database alone would allow."""
    database = desk.service.database
    database.dispose()
    desk.service.durable.dispose()
    copy = machine.copy_of(desk.url)
    tape = Tape()
    with tape.recording(database):
        lives.run(count)
    with opened(copy) as engine:
        return count / tape.play(engine)


def measure_old(machine: Machine, options: Options, report: Report) -> None:
    """The same opening, with and without a million old cases, in turn."""
    rounds, count, old = (5, 100, 100_000) if options.short else (7, 500, OLD_CASES)
    for kind in options.databases:
        people = (rounds + 1) * count + DUE
        empty, full = Desk(machine, kind, people), Desk(machine, kind, people)
        age(full.service.database, old)
        for desk in (empty, full):
            desk.fill(count)
            desk.drain()
        spent: dict[str, list[float]] = {"empty": [], "full": []}
        noise = []
        for turn in range(rounds):
            noise.append(others_busy(0.1))
            for name, desk in (("empty", empty), ("full", full))[:: 1 if turn % 2 else -1]:
                desk.fill(count)
                begun = time.perf_counter()
                desk.drain()
                spent[name].append((time.perf_counter() - begun) / count * 1e3)
        share = ratios(spent["full"], spent["empty"])
        report.figure(
            f"opening with {old:,} old cases, {SHOWN[kind]}", median(share), "×", target=OLD_TARGET,
            note=f"{median(spent['full']):.2f} ms against {median(spent['empty']):.2f} ms; rounds {spread(share)}",
        )  # fmt: skip
        measure_tick(full, old, report)
        empty.close()
        full.close()


def measure_tick(desk: Desk, old: int, report: Report) -> None:
    """One tick that finds a thousand steps due among all those cases, and does them."""
    desk.fill(DUE)
    desk.drain()
    engine = desk.service.database
    at = utc_now() + timedelta(minutes=1)
    with writing(engine) as session:
        newest = session.exec(select(Case.id).order_by(col(Case.id).desc()).limit(DUE)).all()
        session.execute(
            text("UPDATE case_clock SET next_at = NULL, next_step = '' WHERE next_at IS NOT NULL AND case_id < :first"),
            {"first": min(key for key in newest if key is not None)},
        )
        mine = select(CaseClock).where(CaseClock.kind == "first_reply", col(CaseClock.case_id).in_(newest))
        clocks = session.exec(mine)
        for clock in clocks:
            clock.next_at = at
            session.add(clock)
        letters = session.exec(select(func.count()).select_from(Outbox)).one()
    tick = Deadlines(engine, office=desk.service.office, holder="bench")
    begun = time.perf_counter()
    while tick(lambda: at):
        pass
    seconds = time.perf_counter() - begun
    with reading(engine) as session:
        done = session.exec(select(func.count()).select_from(CaseStep)).one()
        more = session.exec(select(func.count()).select_from(Outbox)).one() - letters
    name = SHOWN[desk.kind]
    report.figure(f"tick with {DUE:,} due among {old:,}, {name}", seconds, "s", target=TICK_TARGET,
                  note=f"{done:,} steps done, {more:,} letters")  # fmt: skip
    report.check(f"every due step was done, {name}", done >= DUE, f"{done:,} of {DUE:,}")


def age(engine: Engine, count: int) -> None:
    """Lay ``count`` old cases into the table, with their two clocks, as years of work would leave them."""
    with reading(engine) as session:
        some = session.exec(select(Identity.id, Person.community_id, Person.building_id).join(Person).where(
            col(Person.building_id).is_not(None)).limit(1)).one()  # fmt: skip
    identity, community, building = some
    opened_at = datetime.fromisoformat("2024-01-01T00:00:00+00:00")
    postgres = is_postgres(engine)
    numbers = (
        f"SELECT n FROM generate_series(1, {count}) AS t(n)"
        if postgres
        else f"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < {count}) SELECT n FROM t"
    )
    at = f"'{opened_at:%Y-%m-%d %H:%M:%S}{'+00' if postgres else '.000000'}'"
    day = "DATE '2024-01-01' + (n / 500)::int" if postgres else "date('2024-01-01', '+' || (n / 500) || ' days')"
    values: dict[str, str] = {
        "community_id": str(community), "day": day, "serial": "n", "number": "'0101-01'",
        "item": "CASE n % 3 WHEN 0 THEN 'errand.parcel' WHEN 1 THEN 'utility.water' ELSE 'property.common_area' END",
        "title": "'旧事'", "words": "'旧事一件'",
        "urgency": "'normal'", "privacy": "0", "state": f"'{CaseState.CLOSED}'",
        "building_id": str(building), "room": "''", "place": "'春桂苑1号楼'", "reporter_id": str(identity),
        "lead_as": "'worker'", "opened_at": at, "inbox_id": "-n", "part": "0",
    }  # fmt: skip
    clock = {"kind": "'finish'", '"limit"': "'3wd'", "started_at": at, "due_at": at, "stopped_at": at, "ledger": "''"}
    with writing(engine) as session:
        for table, row, more in (("cases", values, ""), ("case_clock", clock, "case_id")):
            names = ", ".join([*row, *([more] if more else [])])
            source = "cases" if more else f"({numbers}) AS numbers"
            given = ", ".join([*row.values(), *(["id"] if more else [])])
            session.execute(text(f"INSERT INTO {table} ({names}) SELECT {given} FROM {source}"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def main() -> int:
    options = read_options(__doc__ or "")
    report = Report("case: a whole life, a long memory, a busy tick")
    with Machine() as machine:
        measure_lives(machine, options, report)
        measure_old(machine, options, report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
