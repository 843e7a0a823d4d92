"""What was found right at one start is believed at the next, and nothing else is."""

import re
import sys
from pathlib import Path

import pytest

from bot.intents import frames, kept
from bot.intents.base import PlaceWord
from bot.intents.catalog import FOLDER, Catalog, WrongCatalog, load_catalog
from bot.intents.engine import Engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the catalogue that a test may spoil."""
    copy = tmp_path / "catalog"
    copy.mkdir()
    for path in FOLDER.glob("*.toml"):
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "private"


def compiled(catalog: Catalog) -> int:
    return sum(frame.is_ready for _, _, frame in catalog.frames())


def spoil(folder: Path, frame: str) -> None:
    path = folder / "talk.toml"
    path.write_text(path.read_text().replace("frames = [", f"frames = ['{frame}', ", 1))


def test_the_first_start_compiles_all_and_the_next_none(catalog: Catalog, cache: Path) -> None:
    first, second = load_catalog(cache=cache), load_catalog(cache=cache)
    assert compiled(first) == sum(1 for _ in first.frames())
    assert compiled(second) == 0
    assert first == second == catalog
    assert cache.stat().st_mode & 0o077 == 0


def test_a_kept_catalogue_means_the_same(engine: Engine, catalog: Catalog, cache: Path) -> None:
    load_catalog(cache=cache)
    again = Engine(load_catalog(cache=cache), [PlaceWord("海棠苑", "estate"), PlaceWord("小白楼", "building")])
    for rules in catalog.rules.values():
        for text in rules.examples[:2] + rules.counter_examples[:2]:
            assert again.keeps(text) == engine.keeps(text)
            assert again.understand(text) == engine.understand(text)


@pytest.mark.parametrize(
    ("frame", "said"), [("坏灯(", "括号"), ("坏灯[", "方括号"), ("坏灯**", "写法有误"), ("…", "预先筛选")]
)
def test_a_wrong_frame_is_refused_also_where_a_right_catalogue_is_kept(
    folder: Path, cache: Path, frame: str, said: str
) -> None:
    load_catalog(folder, cache=cache)
    spoil(folder, frame)
    for _ in range(2):
        with pytest.raises(WrongCatalog) as wrong:
            load_catalog(folder, cache=cache)
        assert said in str(wrong.value)
        assert "talk.toml" in str(wrong.value)


def test_any_change_is_compiled_again(folder: Path, cache: Path) -> None:
    load_catalog(folder, cache=cache)
    spoil(folder, "坏灯没有人修")
    assert compiled(load_catalog(folder, cache=cache)) > 0
    assert compiled(load_catalog(folder, cache=cache)) == 0


def test_other_code_or_another_python_believes_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = kept.key_of(load_catalog(cache=cache).version)
    monkeypatch.setattr(sys, "version", "4.0")
    assert kept.key_of(load_catalog(cache=cache).version) != key
    monkeypatch.undo()
    monkeypatch.setattr(frames, "__file__", kept.__file__)
    assert compiled(load_catalog(cache=cache)) > 0


@pytest.mark.parametrize("content", [b"", b"junk", b"i\x01\x00\x00\x00", b"N"])
def test_a_broken_file_is_written_anew(cache: Path, content: bytes) -> None:
    cache.mkdir()
    (cache / kept.FILE).write_bytes(content)
    assert compiled(load_catalog(cache=cache)) > 0
    assert compiled(load_catalog(cache=cache)) == 0


def test_a_folder_that_cannot_be_written_to_stops_nobody(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert compiled(load_catalog(cache=in_the_way / "words")) > 0


def test_warming_up_leaves_nothing_to_compile(cache: Path) -> None:
    load_catalog(cache=cache)
    catalog = load_catalog(cache=cache)
    engine = Engine(catalog)
    rounds = 1
    while engine.warm(100):
        rounds += 1
    assert compiled(catalog) == sum(1 for _ in catalog.frames())
    assert rounds == -(-compiled(catalog) // 100)


def test_a_frame_says_itself_what_is_wrong_with_it() -> None:
    with pytest.raises(frames.WrongFrame, match=re.escape("句式「坏灯**」写法有误")):
        frames.compile_frame("坏灯**", {})
