"""A pattern that waits is an ordinary one as soon as it is used."""

import re
import threading

import pytest

from bot.intents import gate, later, slots


def test_it_answers_like_the_compiled_one() -> None:
    waiting, plain = later.later(r"(\d+)号楼", re.ASCII), re.compile(r"(\d+)号楼", re.ASCII)
    line = "3号楼和12号楼"
    assert waiting.findall(line) == plain.findall(line)
    assert waiting.sub("楼", line) == plain.sub("楼", line)
    assert [one.span() for one in waiting.finditer(line)] == [one.span() for one in plain.finditer(line)]
    assert (waiting.pattern, waiting.groups, waiting.flags) == (plain.pattern, plain.groups, plain.flags)
    found = waiting.search(line)
    assert found is not None
    assert found.group(1) == "3"


def test_nothing_is_compiled_before_the_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []

    def spy(regex: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(regex)
        return compile_now(regex, flags)

    compile_now = re.compile
    monkeypatch.setattr(re, "compile", spy)
    waiting = later.later("只用一次就够")
    assert compiled == []
    assert waiting.search("只用一次就够了")
    assert not waiting.fullmatch("两次")
    assert compiled == ["只用一次就够"]


def test_a_wrong_one_is_refused_at_its_first_use() -> None:
    waiting = later.later("(")
    with pytest.raises(re.error):
        waiting.search("")
    later._waiting.remove(waiting)  # type: ignore[arg-type]


def test_many_who_use_it_first_at_once_all_find_the_same() -> None:
    waiting = later.later(r"(?:第)?([一二三四五六七八九十百0-9]{1,4})\s?(?:号楼|栋|幢)")
    together = threading.Barrier(8)
    heard: list[list[str]] = []

    def use() -> None:
        together.wait()
        heard.append(waiting.findall("第十二号楼，3栋"))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [["十二", "3"]] * 8


def test_every_pattern_of_the_room_can_be_compiled() -> None:
    assert slots.extract("3号楼2单元601，电话13800138000").room == "601"
    assert gate.is_relay("1. 王阿姨")
    while later.compile_waiting(50):
        pass
    assert not later.compile_waiting(1)
