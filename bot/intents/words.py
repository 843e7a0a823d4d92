"""Where one Chinese word ends and the next begins. The only file that knows jieba. Never decides meaning.

jieba loads its dictionary for a good while: ``prepare`` sees to it before the process serves or forks. Its
cache file has a fixed name in the shared temporary folder and is read back blindly, so a private folder is set first.
Words are only ever added, always with a frequency: segmentation must not change under a running cut.
"""

import logging
import marshal
import os
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import jieba

# Above the frequency of ordinary function words, so that a word of the catalogue is not split in two.
FREQUENCY = 20_000
# Two thirds of jieba's words are rarer than this (names, book words); without them it loads in a third of the
# time and memory, and the borders of everyday words stay where they were.
RARE = 5
# So many words are read in one piece; between two pieces others have their turn.
PIECE = 5_000


class Everyday(jieba.Tokenizer):  # type: ignore[misc]
    """jieba with its everyday words only, and those it was taught. Safe to share between threads."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._is_ready = threading.Event()
        self._taught: set[str] = set()
        self._kept: Path | None = None

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

    def prepare(self, words: Iterable[str] = (), *, cache: Path | None = None) -> None:
        """As the function of this name."""
        with self._guard:
            new = set(words) - self._taught
            self._taught |= new
            if self._is_ready.is_set():
                self._teach(new)
            elif cache is not None:
                self._kept = cache / f"everyday-{jieba.__version__}-{RARE}-{PIECE}.marshal"
                if not self._kept.exists():
                    self._load()
            elif self._kept is None:
                self._load()

    def load(self) -> None:
        """As the function of this name."""
        if not self._is_ready.is_set():
            with self._guard:
                if not self._is_ready.is_set():
                    self._load()

    def _load(self) -> None:
        jieba.setLogLevel(logging.WARNING)
        if self._kept is None or not self._read(self._kept):
            self._build()
            if self._kept is not None:
                self._write(self._kept)
        self._teach(self._taught)
        self._is_ready.set()

    def _build(self) -> None:
        """The dictionary from jieba's own file; jieba's cache goes to a folder of this moment."""
        with tempfile.TemporaryDirectory(prefix="gridbot-words-") as folder:
            self.tmp_dir = folder
            self.initialize()

    def _read(self, kept: Path) -> bool:
        """The dictionary as it was built last time, which is ten times faster than jieba's way."""
        frequencies: dict[str, int] = {}
        try:
            total, pieces = marshal.loads(kept.read_bytes())
            for piece in pieces:
                frequencies.update(marshal.loads(piece))
        except (OSError, ValueError, EOFError, TypeError):
            return False
        self.FREQ, self.total, self.initialized = frequencies, total, True
        return True

    def _write(self, kept: Path) -> None:
        words = list(self.FREQ.items())
        pieces = [marshal.dumps(dict(words[start : start + PIECE])) for start in range(0, len(words), PIECE)]
        # a folder that cannot be written to costs time at the next start, no more
        with suppress(OSError):
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = kept.with_suffix(f".{os.getpid()}")
            part.write_bytes(marshal.dumps((self.total, pieces)))
            part.replace(kept)

    def _teach(self, words: Iterable[str]) -> None:
        for word in words:
            if self.FREQ.get(word, 0) < FREQUENCY:
                self.add_word(word, FREQUENCY)


_everyday = Everyday()


def prepare(words: Iterable[str] = (), *, cache: Path | None = None) -> None:
    """See to the dictionary and teach it ``words``. ``cache``: a private folder that survives restarts, or none.

    Without ``cache`` it is loaded here. With it, it is built and kept at the first start, and at later ones left where
    it is until ``load``, or until the first question.
    """
    _everyday.prepare(words, cache=cache)


def load() -> None:
    """Read the dictionary now, if that was not done yet."""
    _everyday.load()


def on_borders(clause: str, start: int, end: int) -> bool:
    """Do token borders stand at ``start`` and ``end`` of the clause? (没水 in 没水平 has none.)"""
    _everyday.load()
    at = 0
    begins = start == 0
    for token in _everyday.cut(clause, HMM=False):
        if at >= end:
            break
        at += len(token)
        if at == start:
            begins = True
        if at == end:
            return begins
    return False
