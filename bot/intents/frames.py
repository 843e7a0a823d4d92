"""A sentence frame: the small language in which the catalogue says how residents put a thing. Never knows any matter.

``{取}`` is a word list of ``_speech.toml``; ``…`` is a gap of at most 8 characters inside one clause; ``……`` is a gap
of at most 20 characters that may cross a comma. Everything else is an ordinary regular expression, so ``(甲|乙)``,
``?``, ``^`` and ``$`` mean what they always mean. Gaps are bounded, so every frame runs in linear time.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

NARROW = r"[^，。！？；,!?;\n]{0,8}"
WIDE = r"[^。！？!?\n]{0,20}"
_SET = re.compile(r"\{([^{}\d,][^{}]*)\}")
_LITERAL = re.compile(r"[\u4e00-\u9fffA-Za-z0-9\U0001F300-\U0001FAFF？【@]+")
_OPTIONAL = re.compile(r"\{[^{}\d,][^{}]*\}[?*]|[^}\])][?*]|\\.|\[[^\]]*\][?*+]?|\{[\d,]+\}")
# Characters of nearly every sentence: waking a frame by them saves nothing.
_EVERYWHERE = frozenset("我你他她它了不的人大来有没要在好能想点给开快是都还也就去到说")
_QUANTIFIER = re.compile(r"[?*]|\{0,")


class WrongFrame(ValueError):
    """A frame that cannot work; says why in Chinese."""


@dataclass(frozen=True)
class Frame:
    """One frame. Of every group in ``needs`` a text must hold one word before ``pattern`` is worth running."""

    source: str
    regex: str
    needs: tuple[frozenset[str], ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when it is first needed; safe from any thread, two that meet here get the same."""
        return re.compile(self.regex)

    @property
    def is_ready(self) -> bool:
        """Was the pattern compiled already?"""
        return "pattern" in vars(self)

    def compiled(self) -> "Frame":
        """Itself, ready to run. Raises WrongFrame."""
        try:
            _ = self.pattern
        except re.error as wrong:
            raise WrongFrame(f"句式「{self.source}」写法有误（{wrong}）") from wrong
        return self


def compile_frame(source: str, sets: Mapping[str, Iterable[str]]) -> Frame:
    """Compile one frame against the shared word lists. Raises WrongFrame."""
    for name in _SET.findall(source):
        if name not in sets:
            raise WrongFrame(f"句式「{source}」用了没有定义的词表 {{{name}}}")
    needs = _required(source, sets)
    if not needs:
        raise WrongFrame(f"句式「{source}」里没有必定出现的词，无法预先筛选")
    regex = source.replace("……", WIDE).replace("…", NARROW)
    return Frame(source, _SET.sub(lambda found: _any_of(sets[found.group(1)]), regex), needs).compiled()


def _any_of(words: Iterable[str]) -> str:
    ordered = sorted(words, key=len, reverse=True)
    return "(?:" + "|".join(re.escape(word) for word in ordered) + ")"


def _required(source: str, sets: Mapping[str, Iterable[str]]) -> tuple[frozenset[str], ...]:
    """What stands in every sentence the frame fits: groups of words, one of each group. Long words tell more."""
    plain, groups = _parts(source)
    if "|" in plain:
        plain, groups = "", [source]
    needs = [frozenset(group) for group in (*_plain_needs(plain, sets), *(_group_needs(one, sets) for one in groups))]
    needs = [group for group in needs if group]
    telling = [group for group in needs if min(map(len, group)) > 1]
    rare = [group for group in needs if not group & _EVERYWHERE]
    return tuple(dict.fromkeys(telling or rare or needs))


def _plain_needs(plain: str, sets: Mapping[str, Iterable[str]]) -> list[set[str]]:
    kept = _OPTIONAL.sub(" ", plain)
    words = [set(sets[name]) for name in _SET.findall(kept)]
    return words + [{literal} for literal in _LITERAL.findall(_SET.sub(" ", kept))]


def _group_needs(group: str, sets: Mapping[str, Iterable[str]]) -> set[str]:
    """One word list for a bracket: the most telling words of each alternative; empty if an alternative has none."""
    together: set[str] = set()
    for alternative in _alternatives(group):
        plain, inner = _parts(alternative)
        choices = [*_plain_needs(plain, sets), *(_group_needs(one, sets) for one in inner)]
        choices = [words for words in choices if words]
        if not choices:
            return set()
        together |= max(choices, key=lambda words: (min(map(len, words)), -len(words)))
    return together


def _parts(source: str) -> tuple[str, list[str]]:
    """The text outside all brackets, and the contents of the brackets that must match (no ``?``, no look-around)."""
    plain: list[str] = []
    groups: list[str] = []
    place = 0
    while place < len(source):
        char = source[place]
        if char == "\\":
            plain.append(source[place : place + 2])
            place += 2
        elif char == "[":
            end = source.find("]", place + 2)
            if end < 0:
                raise WrongFrame(f"句式「{source}」的方括号没有配对")
            plain.append(source[place : end + 1])
            place = end + 1
        elif char == "(":
            end = _closing(source, place)
            inside = source[place + 1 : end]
            if not _QUANTIFIER.match(source, end + 1) and not inside.startswith(("?!", "?=", "?<")):
                groups.append(inside.removeprefix("?:"))
            plain.append(" ")
            place = end + 1 + (source[end + 1 : end + 2] in ("?", "*"))
        else:
            plain.append(char)
            place += 1
    return "".join(plain), groups


def _closing(source: str, opening: int) -> int:
    depth = 0
    square = False
    for place in range(opening, len(source)):
        char = source[place]
        if source[place - 1] == "\\":
            continue
        if square:
            square = char != "]"
        elif char == "[":
            square = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return place
    raise WrongFrame(f"句式「{source}」的括号没有配对")


def _alternatives(group: str) -> list[str]:
    found = [""]
    depth = 0
    for char in group:
        depth += (char in "([") - (char in ")]")
        if char == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += char
    return found
