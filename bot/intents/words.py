"""Where one Chinese word ends and the next begins. The only file that knows jieba. Never decides meaning.

jieba loads its dictionary for a good while: ``prepare`` does it once, before the process serves or forks. Its
cache file has a fixed name in the shared temporary folder and is read back blindly, so a private folder is set first.
Words are only ever added before serving, always with a frequency: segmentation must not change under a running cut.
"""

import logging
import marshal
import os
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import jieba

# Above the frequency of ordinary function words, so that a word of the catalogue is not split in two.
FREQUENCY = 20_000
# Two thirds of jieba's words are rarer than this (names, book words); without them it loads in a third of the
# time and memory, and the borders of everyday words stay where they were.
RARE = 5


class _Everyday(jieba.Tokenizer):  # type: ignore[misc]
    """jieba with its everyday words only."""

    @staticmethod
    def gen_pfdict(f: BinaryIO) -> tuple[dict[str, int], int]:
        """Frequencies of words and, as 0, of their beginnings; and their sum. The shape that jieba searches."""
        frequencies: dict[str, int] = {}
        with f:
            for line in f:
                word, count, *_ = line.decode("utf-8").split(" ")
                if int(count) >= RARE:
                    frequencies[word] = int(count)
        total = sum(frequencies.values())
        for word in list(frequencies):
            for end in range(1, len(word)):
                frequencies.setdefault(word[:end], 0)
        return frequencies, total


_tokenizer = _Everyday()
_known: set[str] = set()
_lock = threading.Lock()


def prepare(words: Iterable[str] = (), *, cache: Path | None = None) -> None:
    """Load the dictionary once and teach it ``words``. ``cache``: a private folder that survives restarts, or none."""
    with _lock:
        if not _tokenizer.initialized:
            jieba.setLogLevel(logging.WARNING)
            if cache is None:
                _build()
            else:
                _from_cache(cache)
        for word in words:
            if word not in _known:
                _known.add(word)
                if _tokenizer.FREQ.get(word, 0) < FREQUENCY:
                    _tokenizer.add_word(word, FREQUENCY)


def _build() -> None:
    """The dictionary from jieba's own file; jieba's cache goes to a folder of this moment."""
    with tempfile.TemporaryDirectory(prefix="gridbot-words-") as folder:
        _tokenizer.tmp_dir = folder
        _tokenizer.initialize()


def _from_cache(folder: Path) -> None:
    """The dictionary as it was built last time: read in one piece, which is ten times faster than jieba's way."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    built = folder / f"everyday-{jieba.__version__}-{RARE}.marshal"
    try:
        _tokenizer.FREQ, _tokenizer.total = marshal.loads(built.read_bytes())
        _tokenizer.initialized = True
    except (OSError, ValueError, EOFError, TypeError):
        _build()
        part = built.with_suffix(f".{os.getpid()}")
        part.write_bytes(marshal.dumps((_tokenizer.FREQ, _tokenizer.total)))
        part.replace(built)


def prepared() -> bool:
    """Is the dictionary loaded?"""
    return bool(_tokenizer.initialized)


def on_borders(clause: str, start: int, end: int) -> bool:
    """Do token borders stand at ``start`` and ``end`` of the clause? (没水 in 没水平 has none.)"""
    at = 0
    begins = start == 0
    for token in _tokenizer.cut(clause, HMM=False):
        if at >= end:
            break
        at += len(token)
        if at == start:
            begins = True
        if at == end:
            return begins
    return False
