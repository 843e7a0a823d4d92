"""Reads ``followup.toml``: the ways in which residents speak of a case that is there already. Decides nothing.

Nothing is read before the first line that needs it, so a start costs nothing for it.
"""

import re
import tomllib
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_suffix("").parent / "followup.toml"
_READY: set[str] = set()
_LIST = re.compile(r"\{([^{}\d,]+)\}")


def says(name: str, line: str, start: int = 0) -> re.Match[str] | None:
    """The first place in ``line``, from ``start`` on, where the ``[search]`` list of this name fits."""
    return _search(name).search(line, start)


def is_all(name: str, line: str) -> bool:
    """Whether the ``[whole]`` list of this name fits the whole line."""
    return _whole(name).fullmatch(line) is not None


def matters(line: str) -> tuple[str, ...]:
    """The words by which the matters of this line may be named in a case; empty when it names none."""
    return tuple(dict.fromkeys(word for said, words in _matters() if said.search(line) for word in words))


def warm() -> bool:
    """Make ready one list that no line has needed yet; whether more are left."""
    cold = [name for name in _tables()["search"] if name not in _READY]
    for name in cold[:1]:
        _search(name)
    if not cold:
        for name in _tables()["whole"]:
            _whole(name)
        _matters()
    return bool(cold)


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def _search(name: str) -> re.Pattern[str]:
    _READY.add(name)
    return re.compile(_any(_tables()["search"][name]))


@cache
def _whole(name: str) -> re.Pattern[str]:
    return re.compile(_any(_tables()["whole"][name]))


@cache
def _matters() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    return tuple((re.compile(said), tuple(words)) for said, words in _tables()["matters"].items())


def _any(patterns: list[str]) -> str:
    lists = _tables()["words"]
    return _LIST.sub(lambda found: f"(?:{'|'.join(lists[found[1]])})", f"(?:{'|'.join(patterns)})")
