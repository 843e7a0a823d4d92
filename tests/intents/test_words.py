"""The dictionary: the same borders whether it was built, kept, broken or first asked for by many at once."""

import marshal
import threading
from pathlib import Path

import pytest

from bot.intents.words import Everyday

LINES = ("楼道灯没水平放着", "我家三天没水了", "老人摔倒了没人管", "取件码发我一下谢谢")


def cuts(words: Everyday) -> list[list[str]]:
    words.load()
    return [list(words.cut(line, HMM=False)) for line in LINES]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the first start left its dictionary."""
    folder = tmp_path_factory.mktemp("words") / "private"
    Everyday().prepare(cache=folder)
    return folder


@pytest.fixture(scope="module")
def built() -> list[list[str]]:
    words = Everyday()
    words.prepare()
    return cuts(words)


def test_the_first_start_builds_and_keeps_it_in_a_private_folder(cache: Path) -> None:
    assert len(list(cache.iterdir())) == 1
    assert cache.stat().st_mode & 0o077 == 0


def test_a_kept_one_is_left_alone_until_it_is_needed_and_then_cuts_as_if_built(
    cache: Path, built: list[list[str]]
) -> None:
    words = Everyday()
    words.prepare(cache=cache)
    assert not words.initialized
    assert cuts(words) == built


def test_words_hold_whether_they_were_taught_before_or_after_it_was_read(cache: Path) -> None:
    words = Everyday()
    words.prepare(["楼道灯没"], cache=cache)
    words.load()
    words.prepare(["三天没水"])
    assert next(iter(words.cut(LINES[0], HMM=False))) == "楼道灯没"
    assert "三天没水" in words.cut(LINES[1], HMM=False)


@pytest.mark.parametrize("content", [b"", b"junk", marshal.dumps((1, [b"junk"])), marshal.dumps([1])])
def test_a_broken_one_is_built_anew(tmp_path: Path, cache: Path, built: list[list[str]], content: bytes) -> None:
    broken = tmp_path / next(cache.iterdir()).name
    broken.write_bytes(content)
    words = Everyday()
    words.prepare(cache=tmp_path)
    assert cuts(words) == built
    assert broken.stat().st_size > 1_000_000


def test_many_who_ask_first_at_once_all_hear_the_same(cache: Path, built: list[list[str]]) -> None:
    words = Everyday()
    words.prepare(["三天没水"], cache=cache)
    together = threading.Barrier(8)
    heard: list[list[list[str]]] = []

    def ask() -> None:
        together.wait()
        heard.append(cuts(words))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == 8
    assert all(one == heard[0] for one in heard)
    assert "三天没水" in heard[0][1]
    assert heard[0][0] == built[0]
