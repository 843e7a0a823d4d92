"""The proof that the clock did its work: what had to be done, reckoned anew from the limits. Changes and asks nothing.

It never looks at what a clock waits for before it has reckoned that itself. A step counts as owed once its moment lies
a minute and a half back, because the ticker needs its time too, and only if the clock then still ran for as long.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, Protocol

from bot.desk import ladder
from bot.desk.ladder import Due, Ticking
from bot.texts import steps as say
from bot.texts import times

GRACE: Final = timedelta(seconds=90)
LEAP: Final = timedelta(minutes=5)
_TOGETHER = timedelta(minutes=1)
MISSING, EARLY, LETTER_GONE, LETTER_TWICE, NEXT_LOST = "missing", "early", "letter_gone", "letter_twice", "next_lost"
SILENT, AHEAD, LEAPT, DOUBLED = "silent", "ahead", "leapt", "doubled"
# these lie behind us: said once, they need not be said again
PAST: Final = frozenset({EARLY, LETTER_GONE, LETTER_TWICE, LEAPT, DOUBLED})
Beat = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. ``key`` tells it from others; ``say`` is Chinese, for whoever mends it."""

    kind: str
    key: str
    say: str
    community_id: int = 0
    case_id: int = 0


class Clock(Ticking, Protocol):
    """A clock as the proof sees it: a ``CaseClock``, or a row that was read with its columns."""

    @property
    def id(self) -> int | None: ...
    @property
    def case_id(self) -> int: ...
    @property
    def since(self) -> datetime | None: ...
    @property
    def round(self) -> int: ...
    @property
    def next_at(self) -> datetime | None: ...
    @property
    def next_step(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Running:
    """A clock, with what of its case decides about its steps, and all its steps of this round."""

    clock: Clock
    state: str
    urgency: str
    number: str
    community_id: int
    plan: tuple[Due, ...]

    @property
    def due_steps(self) -> tuple[Due, ...]:
        """Without those that belonged to an earlier round."""
        since = self.clock.since
        return tuple(due for due in self.plan if since is None or due.at > since)

    def owed(self, now: datetime) -> tuple[Due, ...]:
        """What must have been done by now, or before the clock was stopped or paused."""
        ends = [moment for moment in (self.clock.stopped_at, self.clock.paused_at) if moment is not None]
        before = min([now, *ends]) - GRACE
        if not ends and not ladder.runs(self.clock, self.state):
            return ()
        return tuple(due for due in self.due_steps if due.at < before)


def is_suspicious(each: Running, now: datetime) -> bool:
    """Whether what was done must be looked up; for most clocks their own words already agree with the reckoning."""
    if each.owed(now):
        return True
    first = each.due_steps[0] if each.due_steps and ladder.runs(each.clock, each.state) else None
    return (first.at, first.step) != (each.clock.next_at, each.clock.next_step) if first else bool(each.clock.next_at)


def calm_until(each: Running, now: datetime) -> datetime:
    """Until when an unsuspicious clock stays so, if nothing about it changes: its next step is owed then."""
    later = (due.at + GRACE for due in each.due_steps)
    return min((moment for moment in later if moment > now), default=datetime.max.replace(tzinfo=UTC))


def missing(each: Running, done: Collection[str], now: datetime) -> list[Due]:
    """Owed and not done; ``done`` are the steps of this round."""
    return [due for due in each.owed(now) if due.step not in done]


def early(each: Running, done: Collection[str], now: datetime) -> list[Finding]:
    """Done although the moment has not come: somebody's clock ran ahead, or the deadline moved behind our back."""
    return [
        Finding(
            EARLY,
            f"early:{each.clock.id}:{due.step}:{each.clock.round}",
            say.early(number=each.number, what=say.STEPS[due.step], due=_said(due.at, now)),
            each.community_id,
            each.clock.case_id,
        )
        for due in each.due_steps
        if due.step in done and due.at > now + GRACE
    ]


def next_due(each: Running, done: Collection[str]) -> Due | None:
    """What the clock has to wait for: the first step that is not done. None where nothing more will happen."""
    if not ladder.runs(each.clock, each.state):
        return None
    return next((due for due in each.due_steps if due.step not in done), None)


def next_is_lost(each: Running, done: Collection[str], now: datetime) -> bool:
    """Whether the clock waits for nothing, or for the wrong thing. What is overdue is the business of ``missing``.

    A step that is put off because it failed still waits for the right thing; one of another ladder (the matter became
    more urgent) is put right by the ticker itself.
    """
    clock, right = each.clock, next_due(each, done)
    if right is None:
        return clock.next_at is not None and ladder.runs(clock, each.state)
    if clock.next_at is None:
        return True
    known = {due.step for due in each.plan}
    wrong = clock.next_step != right.step if clock.next_step in known else False
    return wrong or (right.at > now and clock.next_at != right.at)


def missed(each: Running, due: Due, now: datetime, *, mended: bool) -> Finding:
    what, how = say.STEPS.get(due.step, due.step), "已补做" if mended else "没有补成"
    words = say.missing(number=each.number, what=what, due=_said(due.at, now), how=how)
    key = f"missing:{each.clock.id}:{due.step}:{each.clock.round}"
    return Finding(MISSING, key, words, each.community_id, each.clock.case_id)


def lost(each: Running) -> Finding:
    key = f"next:{each.clock.id}:{each.clock.round}"
    return Finding(NEXT_LOST, key, say.next_lost(number=each.number), each.community_id, each.clock.case_id)


def letters(case_id: int, number: str, told: Sequence[str], laid: Iterable[str], name: str) -> list[Finding]:
    """Compare the letters a step says it laid down (``told``, without the case) with those in the outbox (``laid``)."""
    keys = [key.removeprefix(f"case-{case_id}:") for key in laid]
    mine = {key for key in keys if key.startswith((f"{name}:", f"late-{name}:"))}
    found = []
    if set(told) - mine:
        found.append(untold(case_id, number, name))
    if mine - set(told):
        words = say.letter_twice(number=number, what=_step_of(name))
        found.append(Finding(LETTER_TWICE, f"twice:{case_id}:{name}", words, 0, case_id))
    return found


def untold(case_id: int, number: str, name: str) -> Finding:
    """A step was taken, and what it had to say is not there."""
    return Finding(
        LETTER_GONE, f"gone:{case_id}:{name}", say.letter_gone(number=number, what=_step_of(name)), 0, case_id
    )


def _step_of(name: str) -> str:
    return say.STEPS.get(name.split(".")[1], name)


def pulse(beats: Sequence[Beat], *, now: datetime, watched_since: datetime) -> list[Finding]:
    """What the last beats of the ticker show: silence, a time ahead of ours, leaps, two at once.

    ``watched_since``: when this watch began; silence is judged from then on, because who starts together with the
    ticker cannot expect it to have beaten.
    """
    found = [*_leaps(beats), *_two(beats)]
    if not beats:
        if now - watched_since > GRACE:
            found.append(Finding(SILENT, "silent:never", say.never()))
        return found
    last = beats[-1][0]
    if last > now + GRACE:
        found.append(Finding(AHEAD, f"ahead:{last.isoformat()}", say.ahead(at=_said(last, now))))
    elif now - max(last, watched_since) > GRACE:
        found.append(Finding(SILENT, f"silent:{last.isoformat()}", say.silent(since=_said(last, now))))
    return found


def _leaps(beats: Sequence[Beat]) -> list[Finding]:
    return [
        Finding(
            LEAPT,
            f"leapt:{before.isoformat()}:{after.isoformat()}",
            say.leapt(before=_said(before, after), after=_said(after, after)),
        )
        for (before, _), (after, _) in pairwise(beats)
        if abs(after - before) > LEAP
    ]


def _two(beats: Sequence[Beat]) -> list[Finding]:
    """A, then B, then A again within a minute. A alone after B is a restart, and no finding."""
    for (first, one), (_, other), (last, again) in zip(beats, beats[1:], beats[2:], strict=False):
        if one == again != other and abs(last - first) < _TOGETHER:
            pair = sorted({one, other})
            hour = f"{last:%Y%m%d%H}"
            return [Finding(DOUBLED, f"doubled:{'+'.join(pair)}:{hour}", say.doubled(holders="、".join(pair)))]
    return []


def _said(at: datetime, now: datetime) -> str:
    return times.moment(at, now)
