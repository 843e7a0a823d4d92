"""Looks after the ticking clock: reckons anew what it owed, mends what is missing, says what is wrong.

It trusts nothing that the ticker writes down for itself: what was owed follows from the limits alone
(``desk/proof.py``). Several of these may run; within a minute one is enough.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, cast

from prometheus_client import Counter, Gauge
from sqlalchemy import Engine
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from bot.channels import heartbeat
from bot.desk import findings, ladder, proof, steps
from bot.desk.clock import Hours
from bot.desk.ladder import Due
from bot.desk.office import Office
from bot.desk.proof import Finding, Running
from bot.desk.reminding import Todo
from bot.jobs.base import tried
from bot.jobs.deadlines import NAME as TICKER
from storage.case import Case, CaseClock, CaseEvent
from storage.case_file import CaseStep
from storage.db import reading, writing
from storage.message import Outbox
from storage.pulse import Pulse, beat

_log = logging.getLogger("gridbot.auditor")
_FOUND = Counter("gridbot_clock_findings_total", "What was found wrong with the clock, by kind", ["kind"])
_NOW = Gauge("gridbot_clock_wrong_now", "What is wrong with the clock now")
_CLEAN = Gauge("gridbot_clock_clean_timestamp_seconds", "When the clock was last found in order (its own time)")
NAME = "auditor"
_OVERLAP = timedelta(minutes=5)
_FIRST_LOOK = timedelta(days=1)
_ENOUGH = timedelta(seconds=30)
_CHUNK = 500
_MEND_AT_ONCE = 100
_MOST_LINES = 20
_CLOCK: Any = (CaseClock.id, CaseClock.case_id, CaseClock.kind, CaseClock.limit, CaseClock.started_at, CaseClock.due_at,
          CaseClock.stopped_at, CaseClock.paused_at, CaseClock.since, CaseClock.round, CaseClock.next_at,
          CaseClock.next_step, Case.state, Case.urgency, Case.number, Case.community_id)  # fmt: skip
Done = dict[tuple[int, str, int], set[str]]  # by case, kind of clock and round


@dataclass
class _Look:
    """What one audit saw: what it can only report, and the clocks that something must be done about."""

    found: list[Finding] = field(default_factory=list)
    mend: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Seen:
    """A clock as it was last read, and the moment until which nothing can be owed as long as it stays like that."""

    row: Any
    hours: Hours
    plan: tuple[Due, ...]
    calm_until: datetime | None = None


class Auditor:
    """One audit per call. ``knock`` calls the operator's own watch at ``url`` after an audit that found nothing."""

    def __init__(
        self,
        engine: Engine,
        *,
        office: Office,
        holder: str,
        url: str = "",
        knock: Callable[[str], bool] = heartbeat.beat,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._office = office
        self._holder = holder
        self._url = url
        self._knock = knock
        self._wake = wake
        self._watched_since: datetime | None = None
        self._seen: dict[int, _Seen] = {}
        self._said: set[str] = set()

    def __call__(self, now: Callable[[], datetime]) -> bool:
        at = now()
        with reading(self._engine) as session:
            last = session.get(Pulse, NAME)
            ticker = session.get(Pulse, TICKER)
        if last is not None and last.holder != self._holder and timedelta(0) <= at - last.at < _ENOUGH:
            return False
        self._watched_since = min(at, self._watched_since or at)
        look = self._look(at, since=_since(last, at))
        beats = ticker.heard if ticker else []
        found = proof.pulse(beats, now=at, watched_since=self._watched_since) + look.found + self._mend(look.mend, at)
        self._report(found, at)
        with writing(self._engine) as session:
            beat(session, name=NAME, holder=self._holder, now=at)
        return False

    def _look(self, at: datetime, *, since: datetime) -> _Look:
        """Every running clock, and what was stopped or done since the last time. Reads only."""
        look = _Look()
        with reading(self._engine) as session:
            self._office.directory.refresh(session)
            for chunk in _chunks(self._suspicious(session, at, since), _CHUNK):
                done = _done(session, {each.clock.case_id for each in chunk})
                for each in chunk:
                    mine = done[each.clock.case_id, each.clock.kind, each.clock.round]
                    look.found += proof.early(each, mine, at)
                    if proof.missing(each, mine, at) or proof.next_is_lost(each, mine, at):
                        look.mend.append(each.clock.id or 0)
            look.found += _letters(session, since)
        return look

    def _suspicious(self, session: Session, at: datetime, since: datetime) -> Iterator[Running]:
        """The clocks for which it must be looked up what was done.

        The same words of the same clock give the same answer until its next step is owed: it is remembered for as long
        as every one of them stands.
        """
        seen: dict[int, _Seen] = {}
        rows = columns(*_CLOCK).join(Case, col(Case.id) == CaseClock.case_id)
        for limit in (col(CaseClock.stopped_at).is_(None), col(CaseClock.stopped_at) >= since):
            for row in session.execute(rows.where(limit), execution_options={"yield_per": 2_000}):
                view = self._office.directory.view(session, row.community_id)
                known = self._seen.get(row.id)
                if known is None or known.row != row or known.hours != view.hours:
                    plan = ladder.plan(row, row.urgency, hours=view.hours, calendar=self._office.calendar)
                    known = _Seen(row, view.hours, plan)
                seen[row.id] = known
                if known.calm_until is not None and at < known.calm_until:
                    continue
                each = Running(cast(proof.Clock, row), row.state, row.urgency, row.number, row.community_id, known.plan)
                if proof.is_suspicious(each, at):
                    yield each
                else:
                    known.calm_until = proof.calm_until(each, at)
        self._seen = seen

    def _mend(self, clock_ids: Sequence[int], at: datetime) -> list[Finding]:
        """Look again with the clocks in hand, take what is missing, set right what they wait for."""
        found: list[Finding] = []

        def mend(ids: Sequence[int]) -> None:
            with writing(self._engine) as session:
                seen = self._mend_these(session, ids, at)
            found.extend(seen)

        for chunk in _chunks(iter(clock_ids), _MEND_AT_ONCE):
            if not tried("mending a batch of clocks", lambda chunk=chunk: mend(chunk)):  # type: ignore[misc]
                for clock_id in chunk:
                    if not tried(f"mending clock {clock_id}", lambda clock_id=clock_id: mend([clock_id])):  # type: ignore[misc]
                        found.append(self._not_mended(clock_id, at))
        if found:
            self._wake()
        return found

    def _mend_these(self, session: Session, ids: Sequence[int], at: datetime) -> list[Finding]:
        held = steps.held(session, clock_ids=ids)
        done = _done(session, {clock.case_id for clock, _ in held})
        found, todo = [], []
        for clock, case in held:
            each, mine = self._running(session, clock, case), done[clock.case_id, clock.kind, clock.round]
            late = [Todo(clock, case, due.step, due.at) for due in proof.missing(each, mine, at)]
            found += [proof.missed(each, Due(one.step, one.due_at), at, mended=True) for one in late]
            if not late and proof.next_is_lost(each, mine, at):
                found.append(proof.lost(each))
            if ladder.runs(clock, case.state):
                todo += late
            elif late:
                steps.settle(session, todo=late, now=at, by=steps.AUDITOR)
            mine.update(one.step for one in late)
        todo.sort(key=lambda one: one.due_at)
        if todo:
            steps.run(session, office=self._office, todo=todo, now=at, by=steps.AUDITOR)
        for clock, case in held:
            right = proof.next_due(self._running(session, clock, case), done[clock.case_id, clock.kind, clock.round])
            clock.next_at, clock.next_step = (right.at, right.step) if right else (None, "")
            session.add(clock)
        return found

    def _not_mended(self, clock_id: int, at: datetime) -> Finding:
        with reading(self._engine) as session:
            clock = session.get_one(CaseClock, clock_id)
            case = session.get_one(Case, clock.case_id)
            each, done = self._running(session, clock, case), _done(session, [clock.case_id])
            late = proof.missing(each, done[clock.case_id, clock.kind, clock.round], at)
            return proof.missed(each, late[0] if late else Due(clock.next_step, at), at, mended=False)

    def _running(self, session: Session, clock: CaseClock, case: Case) -> Running:
        view = self._office.directory.view(session, case.community_id)
        plan = ladder.plan(clock, case.urgency, hours=view.hours, calendar=self._office.calendar)
        return Running(clock, case.state, case.urgency, case.number, case.community_id, plan)

    def _report(self, found: list[Finding], at: datetime) -> None:
        """What is new is written down and told; only an audit without trouble is a sign of life to the outside."""
        new = [each for each in {each.key: each for each in found}.values() if each.key not in self._said]
        for each in new:
            _FOUND.labels(each.kind).inc()
        for each in new[:_MOST_LINES]:
            _log.warning("clock: %s %s", each.kind, each.key)
        if len(new) > _MOST_LINES:
            _log.warning("clock: %s more findings, all of them in the audit", len(new) - _MOST_LINES)
        if new:
            with writing(self._engine) as session:
                if findings.report(session, office=self._office, findings=new, now=at):
                    self._wake()
        self._said = {each.key for each in found}
        lasting = [each for each in found if each.kind not in proof.PAST]
        _NOW.set(len(lasting))
        if not new and not lasting:
            _CLEAN.set(at.timestamp())
            if self._url:
                self._knock(self._url)


def _since(last: Pulse | None, at: datetime) -> datetime:
    """From when on stopped clocks and letters are looked at; generously where the time went backwards meanwhile."""
    return last.at - _OVERLAP if last is not None and last.at <= at else at - _FIRST_LOOK


def _done(session: Session, case_ids: Iterable[int]) -> Done:
    """What was done of these cases' clocks."""
    done: Done = defaultdict(set)
    rows = columns(col(CaseStep.case_id), col(CaseStep.clock), col(CaseStep.round), col(CaseStep.step))
    for case_id, clock, round_, step in session.execute(rows.where(col(CaseStep.case_id).in_(set(case_ids)))):
        done[case_id, clock, round_].add(step)
    return done


def _letters(session: Session, since: datetime) -> list[Finding]:
    """The steps since then, what they say they told, and what lies in the outbox."""
    taken = (
        columns(
            col(CaseStep.case_id),
            col(CaseStep.clock),
            col(CaseStep.step),
            col(CaseStep.round),
            col(CaseStep.by),
            col(Case.number),
        )
        .join(Case, col(Case.id) == CaseStep.case_id)
        .where(col(CaseStep.done_at) >= since, col(CaseStep.clock).in_(("first_reply", "finish")))
    )
    found: list[Finding] = []
    for chunk in _chunks(iter(session.execute(taken).all()), _CHUNK):
        ids = {row[0] for row in chunk}
        laid: dict[int, list[str]] = defaultdict(list)
        for case_id, key in session.exec(select(Outbox.case_id, Outbox.key).where(col(Outbox.case_id).in_(ids))):
            laid[case_id or 0].append(key)
        told: dict[tuple[int, str], list[str]] = {}
        said = select(CaseEvent.case_id, CaseEvent.data).where(
            col(CaseEvent.case_id).in_(ids), CaseEvent.kind == "reminded"
        )
        for case_id, data in session.exec(said):
            told[case_id, f"{data['clock']}.{data['step']}.{data['round']}"] = data["letters"]
        for case_id, clock, step, round_, by, number in chunk:
            name = f"{clock}.{step}.{round_}"
            if (case_id, name) in told:
                found += proof.letters(case_id, number, told[case_id, name], laid[case_id], name)
            elif by == steps.CLOCK:
                found.append(proof.untold(case_id, number, name))
    return found


def _chunks(rows: Iterator[Any], many: int) -> Iterator[list[Any]]:
    while chunk := list(islice(rows, many)):
        yield chunk
