"""Plays every scene of ``dialogues/*.yaml``: who says what, who hears what, and what remains.

A step without ``hears`` expects silence, and whoever is not named in ``hears`` must hear nothing. A message is
given by the fragments it must contain, joined with ``&``; ``!`` before one: it must not. ``draws`` are the cards
drawn anew, ``sends: image`` is a picture, ``quotes`` the message that is answered. Every scene is played twice:
through the simulator, and with all private talk as encrypted callbacks of WeCom (``tests/play_wecom.py``); ``door``
names the only one where a platform lacks what the scene needs (WeCom sends no quotes).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from storage.case_file import CaseReporter
from storage.message import Inbox, Question
from tests.play import Play
from tests.play_wecom import WecomPlay

DOORS = {"simulator": Play, "wecom": WecomPlay}
SCENES = [
    pytest.param(scene, door, id=f"{door} {path.stem}: {scene['scene']}")
    for path in sorted((Path(__file__).parent / "dialogues").glob("*.yaml"))
    for scene in yaml.safe_load(path.read_text(encoding="utf-8"))
    for door in DOORS
    if scene.get("door", door) == door
]


@pytest.fixture
def play(sqlite_url: str, door: str) -> Iterator[Play]:
    play = DOORS[door](sqlite_url)
    yield play
    play.close()


@pytest.mark.parametrize(("scene", "door"), SCENES)
def test_scene(scene: dict[str, Any], play: Play) -> None:
    for number, step in enumerate(scene["steps"], start=1):
        where = f"step {number}: {step}"
        if "passes" in step:
            play.passes(minutes=step["passes"])
        elif "presses" in step:
            assert play.presses(step["who"], step["presses"], step["card"]) == 200, where
        else:
            again = step.get("times", 1)
            sent = play.says(
                step["who"],
                step.get("says", ""),
                group=step.get("in", ""),
                times=again,
                kind=step.get("sends", "text"),
                quote=step.get("quotes", ""),
            )
            assert sent == 200, where
        _compare(step.get("hears", {}), play.heard(), where)
        if "draws" in step:
            _compare(step["draws"], play.drawn, where)
    _remains(scene.get("remains", {}), play)


def _compare(wanted: dict[str, list[str]], heard: dict[str, list[str]], where: str) -> None:
    assert set(heard) == set(wanted), f"{where}\nheard: {heard}"
    for reader, messages in wanted.items():
        assert len(heard[reader]) == len(messages), f"{where}\n{reader} heard: {heard[reader]}"
        for fragments, text in zip(messages, heard[reader], strict=True):
            for fragment in fragments.split("&"):
                wanted_in, plain = not fragment.strip().startswith("!"), fragment.strip().removeprefix("!")
                assert (plain in text) is wanted_in, f"{where}\n{reader} heard: {text}"


def _remains(wanted: dict[str, Any], play: Play) -> None:
    cases = play.cases()
    if "cases" in wanted:
        assert [f"{case.item} {case.place} {case.state}".strip() for case in cases] == wanted["cases"]
    if "questions" in wanted:
        assert play.count(Question, state="open") == wanted["questions"]
    if "joined" in wanted:  # how many neighbours each case has beside its reporter
        assert [play.count(CaseReporter, case_id=case.id) for case in cases] == wanted["joined"]
    if "stored_messages" in wanted:
        assert play.count(Inbox) == wanted["stored_messages"]
