"""A case is pushed about by everybody at random, and what must always hold holds. Only time is ours."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from bot.app import OVERRIDES
from bot.desk import candidates, cases, clocks, closing, deciding, following, handling, undo, waiting
from bot.desk.acting import Acting
from bot.desk.assignment import Located, Said, locate
from bot.desk.calendar import Calendar
from bot.desk.clock import Limit
from bot.desk.directory import Directory, GroupView, View
from bot.desk.errors import Refusal
from bot.desk.lifecycle import MOVES
from bot.desk.office import Office
from bot.desk.record import BOT, By
from storage.case import Case, CaseClock, CaseEvent, CaseState
from storage.case_file import CaseNote
from storage.db import open_engine, writing
from storage.migrations.run import upgrade
from storage.person import Identity, Person
from tests.town import NOON, Town

STAFF = ("song", "guo", "li", "zhao")
VERBS = (
    *("accept", "transfer", "escalate", "give_back", "finish", "self_handle", "assist", "remark", "ask_extension"),
    *("ask_suspension", "approve", "refuse", "resume", "await_resident", "decline", "confirm_result", "verify"),
    *("lapse", "rework", "merge", "withdraw", "add", "correct", "urge", "supervise", "reclassify", "confirm"),
    *("discard", "undo", "archive"),
)
WHO = ("song", "guo", "li", "zhao", "wang", "shen", "clock")
# where the table's verb and the desk's function are not of one name
NAMED = {"return": "give_back", "extend": "approve", "suspend": "approve", "close": "verify",
         "correct_place": "correct", "rate": "confirm_result", "nudge": "urge", "reopen": "rework"}  # fmt: skip
COUNTED: Counter[str] = Counter()
LEGAL = {(before, str(move.to)) for move in MOVES if move.to is not None for before in move.froms}
# one verb may make two moves in one breath: returned and at once handed on, confirmed and at once assigned
LEGAL |= {("assigned", "assigned"), ("candidate", "assigned"), ("candidate", "registered")}
LEADING = (CaseState.ASSIGNED, CaseState.IN_PROGRESS, CaseState.HANDLED, CaseState.SUSPENDED)


@cache
def _engine() -> Engine:
    engine = open_engine(f"sqlite:///{Path(mkdtemp()) / 'life.db'}")
    upgrade(engine)
    with writing(engine) as session:
        Town(session)
    return engine


class Life(RuleBasedStateMachine):
    """Verbs at random by people at random; refusals are fine as long as they change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(_engine(), expire_on_commit=False)
        self.session.begin()
        self.office = Office(Directory(), Calendar.load(OVERRIDES), ("simulator",), ("simulator",))
        self.office.directory.refresh(self.session)
        self.view: View = self.office.directory.view(self.session, 1)
        self.people = {person.code: person for person in self.session.exec(select(Person))}
        found = self.session.exec(select(Identity).where(Identity.channel == "simulator"))
        self.identities = {identity.external_id: identity for identity in found}
        self.now = NOON
        self.messages = 0
        self.states: dict[int, str] = {}
        self.versions: dict[int, int] = {}
        self.deadlines: dict[int, Any] = {}
        self.kept = (0, 0, 0)

    def teardown(self) -> None:
        self.session.rollback()
        self.session.close()

    def acting(self, who: str) -> Acting:
        self.messages += 1
        if who == "clock":
            return Acting(office=self.office, view=self.view, by=By(BOT, "clock"), now=self.now)
        identity = self.identities[who]
        person = self.people[who]
        by = By(f"identity:{identity.id}", "simulator")
        return Acting(office=self.office, view=self.view, by=by, now=self.now, person=person, identity=identity,
                      inbox_id=self.messages)  # fmt: skip

    def known(self) -> list[Case]:
        return list(self.session.exec(select(Case).order_by(col(Case.id))))

    def terms(self, urgency: str, privacy: int, restricted: bool) -> cases.Report:
        self.messages += 1
        group: GroupView | None = self.office.directory.group(self.session, "simulator", "g-haitang")
        return cases.Report(item="property.common_area", title="楼道灯不亮", urgency=urgency, privacy=privacy,
                            first_reply="4wh", finish="3wd", words="3号楼1单元楼道灯坏了", quote="楼道灯坏了",
                            inbox_id=self.messages, part=0, reporter=self.identities["wang"],
                            reporter_person=self.people["wang"], spoken_in=group, restricted=restricted)  # fmt: skip

    def place(self) -> Located:
        found = locate(self.view, Said(building="3", unit="1"), group=None, home=self.people["wang"])
        assert isinstance(found, Located)
        return found

    @rule(
        urgency=st.sampled_from(["emergency", "high", "normal"]),
        privacy=st.sampled_from([0, 1, 2]),
        restricted=st.booleans(),
        sure=st.booleans(),
    )
    def opens(self, urgency: str, privacy: int, restricted: bool, sure: bool) -> None:
        report, by = self.terms(urgency, privacy, restricted), By("identity:1", "simulator")
        begin = {"office": self.office, "view": self.view, "report": report, "located": self.place(), "by": by}
        if sure:
            cases.open_case(self.session, now=self.now, **begin)  # type: ignore[arg-type]
        else:
            candidates.extract(self.session, now=self.now, **begin)  # type: ignore[arg-type]
        self.session.flush()

    @rule(minutes=st.sampled_from([1, 3, 30, 600, 3_000]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: bool(self.known()))
    @rule(which=st.integers(0, 20), who=st.sampled_from(WHO), verb=st.sampled_from(VERBS), seed=st.integers(0, 1_000))
    def somebody_tries(self, which: int, who: str, verb: str, seed: int) -> None:
        """Anybody tries anything: mostly he may not, and then nothing has changed."""
        known = self.known()
        self.attempt(verb, who, known[which % len(known)], random.Random(seed), strict=True)

    @precondition(lambda self: bool(self.known()))
    @rule(which=st.integers(0, 20), seeds=st.lists(st.integers(0, 10_000), min_size=6, max_size=24))
    def the_case_goes_on(self, which: int, seeds: list[int]) -> None:
        """Several steps that the table allows to somebody, with words that make sense."""
        known = self.known()
        case = known[-1 - which % len(known)]
        for seed in seeds:
            chance = random.Random(seed)
            may = [
                (NAMED.get(move.verb, move.verb), who)
                for who in WHO
                for parts in [self.acting(who).parts(self.session, case)]
                for move in MOVES
                if case.state in move.froms and parts & move.who and NAMED.get(move.verb, move.verb) in VERBS
            ]
            if not may:
                return
            verb, who = chance.choice(sorted(set(may)))
            self.attempt(verb, who, case, chance, strict=False)
            self.all_holds()
            if chance.random() < 0.2:
                self.attempt("undo", who, case, chance, strict=False)
                self.all_holds()
            self.now += timedelta(minutes=chance.choice([0, 1, 20, 400]))

    def attempt(self, verb: str, who: str, case: Case, chance: random.Random, *, strict: bool) -> None:
        before = self.picture() if strict else None
        try:
            self.do(verb, self.acting(who), case, chance)
        except Refusal as refusal:
            said = refusal.say
        else:
            said = ""
        if not said:
            assert who != "shen", f"a stranger could {verb}"
            COUNTED[verb] += 1
        elif strict:
            assert self.picture() == before, f"{verb} by {who} was refused and changed something: {said}"
            assert said.endswith("。")
        self.session.flush()

    def do(self, verb: str, acting: Acting, case: Case, chance: random.Random) -> None:
        to = self.people[chance.choice(STAFF)]
        words = chance.choice(["已换灯泡", "等配件", "等配件", ""])
        a: dict[str, Any] = {"acting": acting, "case": case}
        s = self.session
        known, longer = self.known(), Limit(chance.randint(1, 3), "wd")
        calls: dict[str, Callable[[], object]] = {
            "accept": lambda: handling.accept(s, **a),
            "transfer": lambda: handling.transfer(s, to=to, words=words, **a),
            "escalate": lambda: handling.escalate(s, words=words, **a),
            "give_back": lambda: handling.give_back(s, words=words, **a),
            "finish": lambda: handling.finish(s, words=words, **a),
            "self_handle": lambda: handling.self_handle(s, words=words, **a),
            "assist": lambda: handling.assist(s, helper=to, **a),
            "remark": lambda: handling.remark(s, words=words, **a),
            "ask_extension": lambda: waiting.ask_extension(s, limit=longer, words=words, **a),
            "ask_suspension": lambda: waiting.ask_suspension(
                s, until=waiting.review_day(self.now, chance.randint(0, 9)), words=words, **a
            ),
            "approve": lambda: waiting.approve(s, **a),
            "refuse": lambda: waiting.refuse(s, words=words, **a),
            "resume": lambda: waiting.resume(s, **a),
            "await_resident": lambda: waiting.await_resident(s, words=words, **a),
            "decline": lambda: closing.decline(s, words=words, channel=chance.choice(["12348", ""]), **a),
            "confirm_result": lambda: closing.confirm(s, rating=chance.choice([1, 2]), **a),
            "verify": lambda: closing.verify(s, **a) if acting.person else closing.lapse(s, **a),
            "lapse": lambda: closing.lapse(s, **a),
            "rework": lambda: closing.rework(s, words=words, **a),
            "merge": lambda: closing.merge(s, into=chance.choice(known), **a),
            "withdraw": lambda: following.withdraw(s, words="不用了", **a),
            "add": lambda: following.add(s, words="还有味道", shown="还有味道", **a),
            "correct": lambda: following.correct_place(s, located=self.place(), words="是1单元", **a),
            "urge": lambda: following.urge(s, **a),
            "supervise": lambda: deciding.supervise(s, words=words, **a),
            "reclassify": lambda: deciding.reclassify(s, report=self.other_matter(), **a),
            "confirm": lambda: candidates.confirm(s, first_reply="2h", finish="1wd", **a),
            "discard": lambda: candidates.discard(s, words=words, **a),
            "undo": lambda: undo.undo(s, acting=acting),
            "archive": lambda: self.archive(acting),
        }
        calls[verb]()

    def archive(self, acting: Acting) -> None:
        if not acting.is_clock:
            raise Refusal("只有系统归档。")
        closing.archive(self.session, acting=acting, before=self.now - timedelta(days=1))

    def other_matter(self) -> cases.Report:
        report = self.terms("normal", 1, False)
        return cases.Report(**{**{name: getattr(report, name) for name in report.__slots__},
                               "item": "city.streetlight", "title": "路灯不亮", "finish": "2wd"})  # fmt: skip

    def picture(self) -> tuple[Any, ...]:
        """Everything a refusal must leave alone."""
        self.session.flush()
        rows = [tuple(sorted(case.model_dump().items(), key=str)) for case in self.known()]
        ticking = [(clock.id, clock.due_at, clock.stopped_at, clock.paused_at, clock.next_at)
                   for clock in self.session.exec(select(CaseClock).order_by(col(CaseClock.id)))]  # fmt: skip
        return [str(row) for row in rows], ticking, self._kept()

    def _kept(self) -> tuple[int, int, int]:
        notes = self.session.exec(select(CaseNote)).all()
        events = self.session.exec(select(CaseEvent.id)).all()
        return len(notes), sum(len(note.words) for note in notes), len(events)

    def all_holds(self) -> None:
        """The invariants in the middle of a rule, after each single step."""
        self.moves_are_legal_and_counted()
        self.one_lead_while_somebody_works()
        self.who_closes_is_not_who_handled()
        self.every_moved_deadline_has_its_reason()
        self.nothing_that_was_said_is_lost()
        self.what_the_law_wants_is_not_taken_back_and_a_no_names_the_way()
        self.an_ended_case_has_no_running_clock()

    @invariant()
    def moves_are_legal_and_counted(self) -> None:
        for case in self.known():
            before = self.states.get(case.id or 0)
            if before is not None and before != case.state:
                undone = self._last(case).kind == "undone"
                assert (before, case.state) in LEGAL or undone, f"{before} → {case.state}"
                assert case.version > self.versions[case.id or 0]
            self.states[case.id or 0], self.versions[case.id or 0] = case.state, case.version

    @invariant()
    def one_lead_while_somebody_works(self) -> None:
        for case in self.known():
            if case.state in LEADING:
                assert case.lead_id is not None

    @invariant()
    def who_closes_is_not_who_handled(self) -> None:
        for case in self.known():
            if case.state == CaseState.CLOSED and case.closed_as == closing.VERIFIED:
                closed = next(event for event in reversed(self._events(case)) if event.kind == "closed")
                handler = {
                    f"identity:{each.id}" for each in self.identities.values() if each.person_id == case.handled_by
                }
                assert closed.actor not in handler

    @invariant()
    def every_moved_deadline_has_its_reason(self) -> None:
        for clock in self.session.exec(select(CaseClock).where(CaseClock.kind == clocks.FINISH)):
            old, self.deadlines[clock.case_id] = self.deadlines.get(clock.case_id), clock.due_at
            if old is None or old == clock.due_at:
                continue
            events = [
                event for event in self._events(self.session.get_one(Case, clock.case_id)) if event.at == self.now
            ]
            moved = [event for event in events if event.kind in ("deadline_moved", "extended")
                     and event.data["new"] == clock.due_at.isoformat()]  # fmt: skip
            undone = [event for event in events if event.kind == "undone"]
            assert undone or moved, f"{old} → {clock.due_at} and nobody says why"
            assert undone or (moved[-1].data["reason"] and moved[-1].actor and moved[-1].data["old"])

    @invariant()
    def nothing_that_was_said_is_lost(self) -> None:
        kept = self._kept()
        assert all(now >= before for now, before in zip(kept, self.kept, strict=True))
        self.kept = kept
        assert all(case.words for case in self.known())

    @invariant()
    def what_the_law_wants_is_not_taken_back_and_a_no_names_the_way(self) -> None:
        for case in self.known():
            assert not (case.restricted and case.state == CaseState.WITHDRAWN)
            if case.state == CaseState.DECLINED:
                declined = next(event for event in reversed(self._events(case)) if event.kind == "declined")
                assert declined.data["channel"]

    @invariant()
    def an_ended_case_has_no_running_clock(self) -> None:
        ended = (CaseState.CLOSED, CaseState.DECLINED, CaseState.SELF_HANDLED, CaseState.WITHDRAWN, CaseState.MERGED,
                 CaseState.ARCHIVED, CaseState.DISCARDED)  # fmt: skip
        running = select(CaseClock.id).join(Case).where(col(CaseClock.next_at).is_not(None), col(Case.state).in_(ended))
        assert self.session.exec(running).all() == []

    def _events(self, case: Case) -> list[CaseEvent]:
        return list(
            self.session.exec(select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(col(CaseEvent.id)))
        )

    def _last(self, case: Case) -> CaseEvent:
        return self._events(case)[-1]


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=40, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
