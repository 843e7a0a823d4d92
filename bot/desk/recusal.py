"""回避: who of the staff must keep away from a case, and why; and who may take it instead. Pure look-ups.

From a dispute: whoever lives in the building of either side or where the trouble is, and whoever is a side himself.
From a complaint: whom it names, and with him everybody of the grid.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from bot.desk.assignment import Assignee, assign
from bot.desk.directory import View
from storage.case import Case
from storage.case_file import CaseParty
from storage.person import Person, RoleKind

SAME_BUILDING, IS_A_SIDE, IS_MEANT = "住在同一栋楼，回避", "是当事人，回避", "与本人有关，回避"
_WHY = {"chief": "由社区书记办理", "dispatcher": "社区调度员兜底", "street": "社区没有别人可以接，由街道办理"}
_WHY_STREET = "涉及社区书记，由街道办理"
_RANKS = {RoleKind.ASSISTANT: 0, RoleKind.WORKER: 1, RoleKind.LEADER: 2, RoleKind.CHIEF: 3, RoleKind.STREET: 4}
_TITLES = {
    "书记": RoleKind.CHIEF, "主任": RoleKind.CHIEF, "网格长": RoleKind.LEADER, "网格员": RoleKind.WORKER,
    "辅助员": RoleKind.ASSISTANT,
}  # fmt: skip
_CALLED = "师傅|大姐|大哥|姐|哥|工|同志|老师|书记|主任|网格长|网格员|辅助员"
_HEAD = re.compile(
    r"(?:投诉|举报|反映|状告)(?:一下)?(?:你们|咱们|我们|咱)?(?:的)?(?:社区|居委会|居委)?(?:的)?(?:总网格长|书记|主任)"
    r"|(?:社区|居委会|你们)(?:的)?(?:书记|主任)(?:的)?.{0,4}(?:态度|不作为|推诿|骂|收钱|收礼|收红包|吃拿|敷衍|不理)"
)


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom a complaint names: ``about`` when it is one for sure, ``any_of`` everybody it may mean."""

    about: int | None = None
    any_of: frozenset[int] = frozenset()


def neighbours(view: View, buildings: Collection[int | None]) -> dict[int, str]:
    """Everybody of the staff who lives in one of these buildings, and why he keeps away."""
    return {
        key: SAME_BUILDING
        for key, person in view.staff.items()
        if person.building_id is not None and person.building_id in buildings
    }


def kept_away(session: Session, view: View, case: Case) -> dict[int, str]:
    """Who may neither lead nor help with this case, and why (「住在同一栋楼，回避」)."""
    found: dict[int, str] = {}
    if case.mediation:
        sides = session.exec(select(CaseParty).where(CaseParty.case_id == case.id)).all()
        found |= neighbours(view, {case.building_id, *(side.building_id for side in sides)})
        found |= {side.person_id: IS_A_SIDE for side in sides if side.person_id and side.person_id in view.staff}
    if case.about_id is not None:
        found.setdefault(case.about_id, IS_MEANT)
    return found


def outside(session: Session, view: View, case: Case) -> frozenset[int]:
    """Who may not even stand above it, so that no reminder and no escalation reaches him."""
    grid = grid_people(view, case.grid_id) if case.past_grid else frozenset()
    return grid | frozenset(kept_away(session, view, case))


def at_opening(view: View, *, reporter: Person | None, building_id: int | None) -> dict[int, str]:
    """The same for a dispute that is only now being opened: its first side is known, the other is not."""
    found = neighbours(view, {building_id, reporter.building_id if reporter else None})
    if reporter is not None and reporter.id and reporter.id in view.staff:
        found[reporter.id] = IS_A_SIDE
    return found


def successor(
    session: Session,
    view: View,
    case: Case,
    *,
    channels: tuple[str, ...],
    now: datetime,
    without: frozenset[int] = frozenset(),
) -> Assignee | None:
    """Who takes this case now, if not those ``without``: as a new one would be assigned, minus who must keep away."""
    away = kept_away(session, view, case)
    if case.past_grid:
        passed = without | frozenset(away)
        return above_grid(view, channels=channels, now=now, passed=(passed,), about=case.about_id)
    return assign(view, case.grid_id, channels=channels, now=now, without=without, but=away)


def above_grid(
    view: View, *, channels: tuple[str, ...], now: datetime, passed: tuple[frozenset[int], ...], about: int | None
) -> Assignee | None:
    """Who takes what the grid's own people must not: the community's secretary; a complaint about him, the street.

    ``passed`` are the people to pass over; when nobody is left, the next set is tried.
    """
    chiefs = [role.person_id for role in view.roles if role.kind == RoleKind.CHIEF]
    dispatchers = [role.person_id for role in view.roles if role.dispatcher and role.person_id not in chiefs]
    streets = [role.person_id for role in view.roles if role.kind == RoleKind.STREET]
    order = [("chief", chiefs), ("dispatcher", dispatchers), ("street", streets)]
    if about in chiefs:
        order.reverse()
    for without in passed:
        for standing, people in order:
            for person_id in people:
                free = not view.away(person_id, now) and view.identity(person_id, channels) is not None
                if free and person_id not in without:
                    why = _WHY_STREET if standing == "street" and about in chiefs else _WHY[standing]
                    return Assignee(view.staff[person_id], standing, why)
    return None


def grid_people(view: View, grid_id: int | None) -> frozenset[int]:
    """Worker, stand-in and leader of a grid: none of them follows up a complaint about one of them."""
    grids = view.upwards(grid_id) if grid_id is not None else []
    kinds = (RoleKind.WORKER, RoleKind.LEADER)
    return frozenset(role.person_id for role in view.roles if role.grid_id in grids and role.kind in kinds)


def meant(view: View, words: str) -> Meant:
    """Whom of the staff these words complain about: by full name, by 小宋, 宋师傅, 姓宋的, or by the office alone.

    Several who may be meant are all passed over; of several named in full the highest is the one it is about.
    """
    named = [key for key, person in view.staff.items() if person.name in words]
    if named:
        return Meant(max(named, key=lambda key: _rank(view, key)), frozenset(named))
    called = [key for key, person in view.staff.items() if _called(view, person, words)]
    if not called and _HEAD.search(words):
        called = [role.person_id for role in view.roles if role.kind == RoleKind.CHIEF]
    people = frozenset(called)
    return Meant(called[0] if len(people) == 1 else None, people)


def _called(view: View, person: Person, words: str) -> bool:
    """「小宋」「老宋」「宋师傅」「宋书记」「姓宋的」; a title that he does not hold is somebody else's."""
    surname = person.name[:2] if len(person.name) > 3 else person.name[:1]
    titled = re.search(rf"{surname}({_CALLED})", words)
    if titled is not None:
        kind = _TITLES.get(titled[1])
        return kind is None or any(role.kind == kind for role in view.roles_of(person.id or 0))
    if re.search(rf"(?:小|老|姓){surname}", words) is None:
        return False
    said = next((kind for title, kind in _TITLES.items() if re.search(rf"{title}(?:小|老|姓)?{surname}", words)), None)
    return said is None or any(role.kind == said for role in view.roles_of(person.id or 0))


def _rank(view: View, person_id: int) -> int:
    return max((_RANKS.get(RoleKind(role.kind), 0) for role in view.roles_of(person_id)), default=0)
