"""Mediation and recusal at the desk: whom a complaint means, who takes it, who must keep away, what stays put."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from bot.desk import closing, dispatch, disputes, leave, recusal, undo
from bot.desk.acting import Acting
from bot.desk.errors import NotYet, Refusal
from bot.desk.record import By
from storage import revision
from storage.audit import AuditRow
from storage.case import Case, CaseState
from storage.db import reading, writing
from storage.person import Absence, Identity, Person, Role, RoleKind
from tests.play import Play
from tests.town import CHANNELS, NOON


@pytest.fixture
def play(sqlite_url: str) -> Iterator[Play]:
    play = Play(sqlite_url)
    yield play
    play.close()


def _person(session: Session, code: str) -> Person:
    return session.exec(select(Person).where(Person.code == code)).one()


def _acting(play: Play, session: Session, code: str) -> Acting:
    office, person = play.service.office, _person(session, code)
    office.directory.refresh(session)
    view = office.directory.view(session, person.community_id)
    known = session.exec(select(Identity).where(Identity.person_id == person.id)).all()
    identity = next((row for channel in CHANNELS for row in known if row.channel == channel), None)
    by = By(f"identity:{identity.id if identity else 0}", "test")
    return Acting(office=office, view=view, by=by, now=play.clock(), person=person, identity=identity)


def _joins_staff(play: Play, name: str, code: str, kind: RoleKind, *, dispatcher: bool = False) -> None:
    with writing(play.database) as session:
        community = _person(session, "zhao").community_id
        person = Person(community_id=community, code=code, name=name, phone="13800000099")
        session.add(person)
        session.flush()
        session.add(Role(person_id=person.id or 0, kind=kind, community_id=community, dispatcher=dispatcher))
        session.add(Identity(channel="simulator", external_id=code, person_id=person.id, display_name=name))
        revision.bump(session)


def _lead(play: Play, number: int = 1) -> str:
    with reading(play.database) as session:
        case = session.get_one(Case, number)
        return session.get_one(Person, case.lead_id).name if case.lead_id else ""


@pytest.mark.parametrize(
    ("words", "about", "any_of"),
    [
        ("投诉宋佳明态度不好", "宋佳明", {"宋佳明"}),
        ("网格员小宋爱答不理", "宋佳明", {"宋佳明"}),
        ("宋师傅说话太难听", "宋佳明", {"宋佳明"}),
        ("我要投诉姓郭的网格员，态度差", "郭文媛", {"郭文媛"}),
        ("投诉宋佳明和李慧互相推诿", "李慧", {"宋佳明", "李慧"}),
        ("投诉小孟态度恶劣", "孟洁", {"孟洁"}),
        ("投诉你们社区书记不作为", "赵敏", {"赵敏"}),
        ("赵书记吃拿卡要", "赵敏", {"赵敏"}),
        ("宋书记态度差", "", set()),
        ("投诉网格员态度不好", "", set()),
        ("请书记管管，投诉网格员态度不好", "", set()),
        ("社区态度恶劣", "", set()),
    ],
)
def test_whom_a_complaint_means(play: Play, words: str, about: str, any_of: set[str]) -> None:
    with reading(play.database) as session:
        acting = _acting(play, session, "zhao")
        found = recusal.meant(acting.view, words)
        assert (acting.view.staff[found.about].name if found.about else "") == about
        assert {acting.view.staff[key].name for key in found.any_of} == any_of


def test_two_who_may_be_meant_are_both_passed_over_and_neither_is_accused(play: Play) -> None:
    _joins_staff(play, "宋丽", "songli", RoleKind.CHIEF)
    with reading(play.database) as session:
        acting = _acting(play, session, "zhao")
        found = recusal.meant(acting.view, "投诉小宋态度不好")
        assert found.about is None
        assert {acting.view.staff[key].name for key in found.any_of} == {"宋佳明", "宋丽"}
        # an office that only one of them holds says which
        assert recusal.meant(acting.view, "网格员小宋态度不好").any_of == {_person(session, "song").id}


def test_a_complaint_about_the_secretary_goes_to_the_street(play: Play) -> None:
    _joins_staff(play, "武刚", "wu", RoleKind.STREET)
    play.says("安安", "我要投诉你们书记，爱答不理")
    assert _lead(play) == "武刚"


def test_without_a_street_it_goes_to_the_dispatcher_who_is_not_he(play: Play) -> None:
    _joins_staff(play, "许静", "xu", RoleKind.ASSISTANT, dispatcher=True)
    play.says("安安", "我要投诉你们书记，爱答不理")
    assert _lead(play) == "许静"


def test_nobody_else_it_waits_and_is_logged_until_somebody_comes(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    play.says("安安", "我要投诉你们书记，爱答不理")
    assert _lead(play) == ""
    assert "found nobody who may take it" in caplog.text
    office = play.service.office
    with writing(play.database) as session:
        assert dispatch.alone(session, office=office, now=play.clock()) == []
    _joins_staff(play, "武刚", "wu", RoleKind.STREET)
    with writing(play.database) as session:
        waiting = dispatch.alone(session, office=office, now=play.clock())
        assert dispatch.dispatch(session, office=office, case_ids=waiting, now=play.clock()) == 1
    assert _lead(play) == "武刚"


def test_whoever_a_complaint_is_about_reads_nothing_of_it_by_any_door(play: Play) -> None:
    play.says("秀英", "投诉宋佳明态度不好", group="海棠苑居民群")
    play.heard()
    for words in (
        "待办",
        "详情 1",
        "详情 1123-01",
        "接单 1",
        "办结 1 没这回事",
        "备注 1 冤枉",
        "撤销",
        "转派 1 郭文媛",
    ):
        play.says("宋佳明", words)
    play.says("赵敏", "接单 1")
    play.says("秀英", "补充一下，上周三下午的事")
    play.says("赵敏", "转派 1 李慧")
    play.says("赵敏", "办结 1 已批评教育")
    play.passes(days=5)
    said = "".join(play.heard().get("宋佳明", []))
    for secret in ("投诉", "秀英", "王", "上周三", "批评", "服务", "冤枉"):
        assert secret not in said, said


def test_a_leave_does_not_bring_a_dispute_to_the_neighbour(play: Play) -> None:
    play.says("老田", "楼上天天半夜蹦受不了", group="柳园居民群")
    assert _lead(play) == "孟洁"
    with writing(play.database) as session:
        absence = Absence(person_id=_person(session, "meng").id or 0, starts=NOON, ends=NOON + timedelta(days=9))
        session.add(absence)
        revision.bump(session)
        session.flush()
        view = _acting(play, session, "meng").view
        moved = leave.hand_over(
            session, office=play.service.office, view=view, absence_id=absence.id or 0, now=play.clock()
        )
        assert len(moved) == 1
    assert _lead(play) == "葛强"


def test_a_complaint_stays_above_the_grid_when_the_secretary_is_away(play: Play) -> None:
    _joins_staff(play, "武刚", "wu", RoleKind.STREET)
    play.says("秀英", "我要投诉网格员，态度恶劣", group="海棠苑居民群")
    assert _lead(play) == "赵敏"
    with writing(play.database) as session:
        absence = Absence(person_id=_person(session, "zhao").id or 0, starts=NOON, ends=NOON + timedelta(days=9))
        session.add(absence)
        revision.bump(session)
        session.flush()
        view = _acting(play, session, "zhao").view
        leave.hand_over(session, office=play.service.office, view=view, absence_id=absence.id or 0, now=play.clock())
    assert _lead(play) == "武刚"


def test_a_cooling_off_can_be_taken_back_at_once(play: Play) -> None:
    play.says("小满", "楼上天天半夜蹦受不了", group="柳园居民群")
    play.says("韩冰", "接单")
    play.says("韩冰", "冷静 1 2天")
    assert play.cases()[0].state == CaseState.SUSPENDED
    with writing(play.database) as session:
        undo.undo(session, acting=_acting(play, session, "han"))
    assert play.cases()[0].state == CaseState.IN_PROGRESS


def test_a_dispute_or_what_few_may_know_is_never_put_together_with_another(play: Play) -> None:
    play.says("小满", "楼上天天半夜蹦受不了", group="柳园居民群")
    play.says("老曹", "隔壁装修午休时间也施工，老人受不了，22号楼2单元", group="柳园居民群")
    with writing(play.database) as session:
        one, other = session.get_one(Case, 1), session.get_one(Case, 2)
        with pytest.raises(NotYet, match="不能并案"):
            closing.merge(session, acting=_acting(play, session, "han"), case=one, into=other)
        assert one.state == CaseState.ASSIGNED


def test_every_look_at_what_must_be_reported_is_in_the_audit(play: Play) -> None:
    play.says("秀英", "老公又打我，我不敢回家，怎么办", group="海棠苑居民群")
    play.says("赵敏", "详情 1")
    play.says("宋佳明", "详情 1")
    play.says("赵敏", "详情 1")
    with reading(play.database) as session:
        looks = session.exec(select(AuditRow).where(AuditRow.verb == "looked")).all()
        chief = session.exec(
            select(Identity).where(Identity.person_id == _person(session, "zhao").id, Identity.channel == "simulator")
        ).one()
    assert [(look.subject, look.actor) for look in looks] == [("case:1", f"identity:{chief.id}")] * 2


def test_only_the_sides_speak_for_themselves(play: Play) -> None:
    play.says("小满", "楼上天天半夜蹦受不了", group="柳园居民群")
    play.says("韩冰", "对方 1 曹志远")
    with writing(play.database) as session:
        case = session.get_one(Case, 1)
        with pytest.raises(Refusal):
            disputes.agree(session, acting=_acting(play, session, "tian"), case=case)
        with pytest.raises(Refusal):
            disputes.refuse(session, acting=_acting(play, session, "guo"), case=case, side="other")
        assert case.mediation == "asked"


def test_a_refused_verb_leaves_everything_as_it_was(play: Play) -> None:
    play.says("小满", "楼上天天半夜蹦受不了", group="柳园居民群")
    before = play.cases()[0].model_dump()
    for words in ("达成 1 十点后不蹦", "对方同意 1", "冷静 1 9天", "对方 1 不存在", "对方 1 22号楼1单元301"):
        play.says("韩冰", words)
        assert play.cases()[0].model_dump() == before, words
