"""No secret of anybody reaches a group, a log line, or what staff see as an explanation."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.intents.mask import mask
from config.logging import set_up_logging
from storage.db import reading
from storage.message import Inbox
from storage.stage import StageLine
from tests.play import Play

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _identity_number(digits: str) -> str:
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, WEIGHTS, strict=True)) % 11]


@dataclass(frozen=True)
class Secrets:
    """A person who writes everything about himself into the group."""

    phone: str
    identity: str
    room: str
    plate: str
    code: str

    @property
    def all(self) -> tuple[str, ...]:
        return (self.phone, self.identity, f"1-2-{self.room}", f"单元{self.room}", self.plate, self.code)


PEOPLE = st.builds(
    Secrets,
    phone=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    identity=st.builds(
        lambda day, tail: _identity_number(f"1401081940{day}{tail}"),
        st.sampled_from(["0307", "1231", "0229"]),
        st.from_regex(r"[0-9]{3}", fullmatch=True),
    ),
    room=st.sampled_from(["301", "602", "1101"]),
    plate=st.from_regex(r"晋A[1-9A-HJ-NP-Z][0-9]{4}", fullmatch=True),
    code=st.from_regex(r"[1-9]-[1-9]-[0-9]{4}", fullmatch=True),
)
REQUESTS = (
    "海棠苑1号楼2单元{room}楼道灯坏了，我电话{phone}，身份证{identity}",
    "海棠苑1-2-{room}停水了，打我手机{phone}",
    "谁能帮忙取个快递，取件码{code}，海棠苑1号楼2单元{room}，{phone}",
    "我86了高龄补贴怎么办，身份证{identity}，住海棠苑1号楼2单元{room}",
    "海棠苑1号楼2单元{room}着火了！！快来人，{phone}",
    "车牌{plate}把海棠苑1号楼消防通道堵了，我是{room}的，{phone}",
    "电梯坏了，{phone}",
)


@pytest.fixture(scope="module")
def play(sqlite_template: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    path = tmp_path_factory.mktemp("privacy") / "town.db"
    path.write_bytes(sqlite_template.read_bytes())  # type: ignore[attr-defined]
    play = Play(f"sqlite:///{path}")
    yield play
    play.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(person=PEOPLE, request=st.sampled_from(REQUESTS))
def test_nothing_of_a_person_reaches_the_group_or_the_explanation(play: Play, person: Secrets, request: str) -> None:
    words = request.format(**vars(person))
    play.says("安安", words, group="海棠苑居民群")
    with reading(play.database) as session:
        shown = session.exec(select(StageLine.text).where(col(StageLine.room).startswith("group:"))).all()
        thoughts = [str(row.thought) for row in session.exec(select(Inbox))]
    for text in (*shown, *thoughts):
        for secret in person.all:
            assert secret not in text, f"{words!r} → {text!r}"


def test_the_full_name_and_phone_of_a_registered_resident_stay_private(play: Play) -> None:
    play.heard()
    play.says("秀英", "家里停电了", group="海棠苑居民群")
    heard = play.heard()
    assert "王秀英" not in "".join(heard["海棠苑居民群"])
    assert "13900000001" not in str(heard)
    assert "601" not in "".join(heard["海棠苑居民群"])
    assert "海棠苑3号楼1单元601" in "".join(heard["宋佳明"])


@settings(max_examples=60, deadline=None)
@given(person=PEOPLE)
def test_no_log_line_shows_a_secret(person: Secrets) -> None:
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handlers = logging.getLogger().handlers
    set_up_logging(style="json", level="info", mask=mask)
    ear = Ear()
    ear.setFormatter(logging.getLogger().handlers[0].formatter)
    logging.getLogger().handlers = [ear]
    try:
        logging.getLogger("gridbot.test").error("身份证%s 电话%s 取件码%s", person.identity, person.phone, person.code)
        try:
            raise ValueError(f"住1号楼2单元{person.room}，车{person.plate}")
        except ValueError:
            logging.getLogger("gridbot.test").exception("fault")
    finally:
        logging.getLogger().handlers = handlers
    for secret in person.all:
        assert not [line for line in lines if secret in line]
