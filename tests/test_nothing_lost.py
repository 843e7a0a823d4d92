"""Nothing is lost and nothing doubled, however often the service is killed: the ledger against the callbacks.

Killed between sending and writing down, the service may repeat what was under way. Of that the platform swallows what
goes to persons; a group's robot has no idempotency key, so there the repeats are counted and each must have its kill.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.desk.record import broken_seal
from storage import revision
from storage.audit import AuditRow
from storage.case import Case, CaseClock, CaseEvent
from storage.db import open_engine, reading
from storage.grid import Community, Grid
from storage.group import ChatGroup, GroupGrid
from storage.message import Inbox, Outbox, Question
from storage.person import Identity, Person, Role, RoleKind
from storage.place import Building, Estate, Unit
from tests.chaos import SPEED, Call, Storm, storm
from tests.town import CODE

KILLS = {"sqlite": 50, "postgres": 12}
GRIDS, RESIDENTS = 8, 6  # grids with a worker and a group each; residents of each grid
# nothing that neighbours would join: here each callback must have a case of its own
PUBLIC = ("建议{n}号楼前面装个路灯", "建议在{n}号楼装个充电桩")
PRIVATE = ("{n}号楼{u}单元，帮我取个快递", "{n}号楼{u}单元老年证怎么办理")
ALARM = "{n}号楼{u}单元有人困电梯里了，按铃没人应"
CHATTER = ("哈哈哈哈", "早上好", "今天天气真好啊", "大家吃了吗", "周末一起爬山去", "这孩子真可爱")
_NUMBER = re.compile(r"编号(\d{4}-\d{2,})(?!\d)")
_TASK = re.compile(r"(case-\d+@\d+)-(\d+)-")
_STEPS = ["received", "registered", "assigned"]
_LATE = 1.0 * SPEED  # what was sent just before a kill may be taken up by the stand-in a moment after it

Copies = dict[tuple[str, str, str], list[float]]
"""Api, reader and what it is about, with the moments when a copy was delivered."""


def settle(session: Session) -> None:
    """Eight grids: each one building, one worker, six residents and a group with a robot of its own."""

    def add(row: Any) -> Any:
        session.add(row)
        session.flush()
        return row

    home = add(Community(code=CODE, name="小镇社区", tag="XZ", hours="08:30-12:00,14:30-18:00")).id
    estate = add(Estate(community_id=home, name="海棠苑")).id
    for n in range(1, GRIDS + 1):
        grid = add(Grid(community_id=home, code=f"{CODE}{n:04}", name=f"第{n}网格", valid_from=date(2024, 1, 1))).id
        building = add(Building(estate_id=estate, number=str(n), grid_id=grid)).id
        units = [add(Unit(building_id=building, number=u, grid_id=grid)).id for u in "12"]
        names = [f"worker{n}", *(f"resident{n}-{k}" for k in range(RESIDENTS))]
        for name in names:
            living = {} if name == names[0] else {"building_id": building, "unit_id": units[0]}
            person = add(Person(community_id=home, code=name, name=name, **living)).id
            add(Identity(channel="wecom", external_id=name, person_id=person, display_name=name))
            works = {"kind": RoleKind.WORKER, "grid_id": grid} if name == names[0] else {"kind": RoleKind.RESIDENT}
            add(Role(person_id=person, community_id=home, **works))
        group = add(ChatGroup(community_id=home, channel="robot", external_id=f"g{n}", name=f"{n}号楼群",
                              post_channel="robot", post_address=f"robot{n}")).id  # fmt: skip
        add(GroupGrid(group_id=group, grid_id=grid))
    revision.bump(session)


def draw(chance: random.Random, msgid: str) -> Call:
    """Seven of ten are chatter; of the requests some concern the neighbours, some nobody else, a few are alarms."""
    grid, unit = chance.randint(1, GRIDS), chance.choice("12")
    resident = f"resident{grid}-{chance.randrange(RESIDENTS)}"
    if chance.random() < 0.7:
        return Call(msgid, resident, chance.choice(CHATTER), "chatter", grid)
    kind = chance.choices(("public", "private", "alarm"), (6, 3, 1))[0]
    words = {"public": PUBLIC, "private": PRIVATE, "alarm": (ALARM,)}[kind]
    # one guest, one request: what one and the same says again within the hour would be an addition
    return Call(msgid, f"guest{msgid}", chance.choice(words).format(n=grid, u=unit), kind, grid)


@dataclass(frozen=True)
class Account:
    """``troubles`` is one line for each thing that must not be; ``numbers`` are for reading."""

    troubles: list[str]
    numbers: dict[str, object]


def account(url: str, storm: Storm, faults: Mapping[str, int] = MappingProxyType({})) -> Account:
    """Compare what the platform said and got with what stands in the database.

    ``faults`` counts the bad answers of the platform by ``api fault``: after some of them nobody knows what was taken.
    """
    engine = open_engine(url)
    with reading(engine) as session:
        troubles = [*_callbacks(storm), *_work(session, storm), *_audit(session)]
        kept = {row.message_id: row for row in session.exec(select(Inbox))}
        of_inbox: dict[int, list[Case]] = defaultdict(list)
        for case in session.exec(select(Case)):
            of_inbox[case.inbox_id].append(case)
        again = {
            "inbox": sum(row.attempts > 1 for row in session.exec(select(Inbox))),
            "outbox": sum(row.attempts > 1 for row in session.exec(select(Outbox))),
        }
    engine.dispose()
    expected: Copies = {}
    for call in storm.calls:
        row = kept.pop(call.msgid, None)
        found = of_inbox.pop(row.id or 0, []) if row else []
        if call.kind == "chatter":
            troubles += [f"{call} was stored"] if row else []
        elif row is None or len(found) != 1:
            troubles += [f"{call} has {len(found)} cases: {row.outcome if row else 'never stored'}"]
        else:
            expected |= {each: [] for each in _letters(call, found[0])}
    troubles += [f"nobody called for {each}" for each in (*kept.values(), *of_inbox.values())]
    troubles += _sort_in(storm.ledger, expected)
    repeats = {letter: copies for letter, copies in expected.items() if len(copies) > 1}
    troubles += _judge(storm, expected, repeats, faults)
    return Account(
        troubles,
        _numbers(storm, expected, repeats) | {"claimed again after a lease": again, "faults met": dict(faults)},
    )


def _callbacks(storm: Storm) -> list[str]:
    """Every callback was answered 200 in the end, and every try that was not met its kill."""
    troubles = [f"the platform gave up on {call}" for call in storm.calls if not call.taken]
    for call in storm.calls:
        for each in call.tries:
            if each.status != 200 and (each.status or not _between(storm, each[1:])):
                troubles.append(f"not answered though nobody killed: {each} of {call}")
    return troubles


def _work(session: Session, storm: Storm) -> list[str]:
    """No row of either box is left over, no question is open, and no case number was skipped."""
    troubles = [] if storm.drain >= 0 else ["the work did not come to an end"]
    for inbox in session.exec(select(Inbox).where(Inbox.state != "done")):
        troubles.append(f"inbox {inbox.id} {inbox.state} after {inbox.attempts} tries: {inbox.outcome}")
    for row in session.exec(select(Outbox).where(Outbox.state != "sent")):
        troubles.append(f"outbox {row.key} {row.state} after {row.attempts} tries: {row.error}")
    troubles += [f"question {row.id} is open" for row in session.exec(select(Question).where(Question.state == "open"))]
    serials = Counter((case.day, case.serial) for case in session.exec(select(Case)))
    for day in {day for day, _ in serials}:
        used = sorted(serial for its, serial in serials if its == day)
        troubles += [] if used == list(range(1, len(used) + 1)) else [f"the numbers of {day} have gaps: {used}"]
    return troubles


def _audit(session: Session) -> list[str]:
    """Every case was registered and assigned once, both clocks run, the audit says the same, and its chain holds."""
    steps: dict[str, list[str]] = defaultdict(list)
    for event in session.exec(select(CaseEvent).order_by(col(CaseEvent.id))):
        if event.kind != "reminded":  # the storm's clock runs fast, so nobody takes an alarm in time
            steps[f"case:{event.case_id}"].append(event.kind)
    audited: dict[str, list[str]] = defaultdict(list)
    for row in session.exec(select(AuditRow).order_by(col(AuditRow.id))):
        if row.verb != "reminded" and row.subject != "clock":
            audited[row.subject].append(row.verb)
    clocks = Counter((clock.case_id, clock.kind) for clock in session.exec(select(CaseClock)))
    troubles = []
    for case in session.exec(select(Case)):
        name = f"case:{case.id}"
        done, written = steps.pop(name, []), audited.pop(name, [])
        if done != _STEPS or written != _STEPS:
            troubles.append(f"{name} has not been registered and assigned exactly once: {done}, {written}")
        if case.lead_id is None or any(clocks[case.id or 0, kind] != 1 for kind in ("first_reply", "finish")):
            troubles.append(f"{name} lacks its lead or a clock")
    troubles += [f"events or audit rows of no case: {name}" for name in (*steps, *audited)]
    broken = broken_seal(session)
    return [*troubles, *([] if broken is None else [f"the audit's chain is broken at {broken}"])]


def _letters(call: Call, case: Case) -> Iterable[tuple[str, str, str]]:
    """Api, reader and subject of what must follow from this callback."""
    yield "message/send", call.sender, "alarm" if call.kind == "alarm" else case.number
    yield "message/send", f"worker{call.grid}", f"case-{case.id}@1"
    if call.kind == "public":
        yield "webhook/send", f"robot{call.grid}", case.number


def _sort_in(ledger: Iterable[dict[str, Any]], expected: Copies) -> list[str]:
    """Lay each delivered message to the letter that it is; returns those that are none, and those never delivered."""
    troubles = []
    first: dict[tuple[str, str], int] = {}
    for row in sorted(ledger, key=_drawn_at):
        number, task = _NUMBER.search(row["text"]), _TASK.match(row.get("task_id") or "")
        if task and first.setdefault((row["to"], task[1]), _drawn_at(row)) < _drawn_at(row):
            continue  # nobody took the alarm, and he is called again
        about = task[1] if task else (number[1] if number else "alarm" if "119" in row["text"] else "")
        letter = (row["api"], row["to"] or row["key"], about)
        if row.get("dropped") or letter not in expected:
            troubles.append(f"{'dropped by the platform' if row.get('dropped') else 'nobody should get'}: {row}")
        elif not row.get("duplicate"):
            expected[letter].append(row["at"])
    for copies in expected.values():
        copies.sort()
    return troubles


def _drawn_at(row: dict[str, Any]) -> int:
    """When a card was drawn, by its own task; 0 for what is no card."""
    task = _TASK.match(row.get("task_id") or "")
    return int(task[2]) if task else 0


def _judge(storm: Storm, expected: Copies, repeats: Copies, faults: Mapping[str, int]) -> list[str]:
    troubles = [f"never delivered: {letter}" for letter, copies in expected.items() if not copies]
    for letter, copies in repeats.items():
        if letter[0] == "message/send":
            apart = ", ".join(f"{later - sooner:.0f}" for sooner, later in pairwise(copies))
            kills = len(_between(storm, copies))
            troubles.append(f"a person got {len(copies)} times: {letter}, {apart} s apart, {kills} kills in between")
        elif not faults and any(not _between(storm, pair) for pair in pairwise(copies)):
            troubles.append(f"repeated without a kill in between: {letter} at {copies}")
    # each group is a lane, and of a lane one message is under way at a time
    most = len(storm.kills) * GRIDS + _unsaid(faults)
    return [*troubles, *([] if _to_groups(repeats) <= most else [f"more than {most} repeats in groups"])]


def _between(storm: Storm, copies: Sequence[float]) -> list[float]:
    return [killed for before, killed in storm.kills if before <= copies[-1] and copies[0] - _LATE <= killed]


def _to_groups(repeats: Copies) -> int:
    return sum(len(copies) - 1 for letter, copies in repeats.items() if letter[0] == "webhook/send")


def _unsaid(faults: Mapping[str, int]) -> int:
    """How often a robot's text was taken without the service hearing so."""
    return sum(met for fault, met in faults.items() if re.match(r"webhook/send (cut|slow|drip)", fault))


def _numbers(storm: Storm, expected: Copies, repeats: Copies) -> dict[str, object]:
    calls = storm.calls
    return {
        "seed": storm.seed,
        "kills": len(storm.kills),
        "callbacks": len(calls),
        "per second": round(len(calls) / storm.under_load, 1),
        "chatter": f"{sum(call.kind == 'chatter' for call in calls) / len(calls):.0%}",
        "requests": sum(call.kind != "chatter" for call in calls),
        "tries needed": dict(sorted(Counter(len(call.tries) for call in calls).items())),
        "answers": dict(sorted(Counter(each.status for call in calls for each in call.tries).items())),
        "answer to chatter": _spread(_answered(calls, {"chatter"})),
        "answer to requests": _spread(_answered(calls, {"public", "private", "alarm"})),
        "messages": len(expected),
        "swallowed repeats": sum(1 for row in storm.ledger if row.get("duplicate")),
        "repeats in groups": _to_groups(repeats),
        "repeats to persons": sum(len(copies) - 1 for letter, copies in repeats.items() if letter[0] == "message/send"),
        "restart": _spread(storm.restarts),
        "under load": f"{storm.under_load:.1f} s",
        "drain": f"{storm.drain:.1f} s",
    }


def _answered(calls: Iterable[Call], kinds: set[str]) -> Iterable[float]:
    return (
        (call.tries[-1].ended - call.tries[-1].began) / SPEED for call in calls if call.kind in kinds and call.taken
    )


def _spread(seconds: Iterable[float]) -> str:
    each = sorted(seconds)
    return f"{each[len(each) // 2]:.3f} s, 95 % {each[len(each) * 95 // 100]:.3f} s, at most {each[-1]:.3f} s"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_nothing_is_lost_and_nothing_doubled_when_the_service_is_killed(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    url: str = request.getfixturevalue(f"{kind}_url")
    met = storm(url, tmp_path / "service.log", seed=seed, kills=KILLS[kind], settle=settle, draw=draw)
    found = account(url, met)
    print(kind, *(f"{name}: {value}" for name, value in found.numbers.items()), sep="\n  ")
    assert not found.troubles, "\n".join([f"seed {seed}", *found.troubles[:20], f"{len(found.troubles)} in all"])
    assert found.numbers["requests"], "no load, no proof"
