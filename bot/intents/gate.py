"""The gate: which messages are kept at all, and what a message is by its shape alone. Never stores, never answers."""

import re
from typing import Literal

from bot.intents import echo
from bot.intents.catalog import Catalog, Rules
from bot.intents.later import later
from bot.intents.lexicon import Scan, lexicon_of
from bot.intents.slots import Places

LONGEST = 500
SHORT_LINE = 12
Shape = Literal["", "relay", "notice", "advertisement"]

# Laughing faces stay: a joke is told by them.
_NOISE = later(r"\[[^\[\]\n]{1,6}\]|https?://[^\s\u4e00-\u9fff]+|[\U0001F300-\U0001F601\U0001F606-\U0001F642"
                    r"\U0001F644-\U0001F922\U0001F924-\U0001FAFF\u2600-\u27BF\uFE0F\u200d]")  # fmt: skip
_MENTION = later(r"^\s*@(?!所有人|全体)[^\s@]{1,12}\s+")
_WIDE = str.maketrans("０１２３４５６７８９－＃：（）?,!;", "0123456789-#:()？，！；")
_ODD = later(r"[０-９－＃：（）?,!;\[/\u2600-\u27BF\uFE0F\u200d\U0001F300-\U0001FAFF]")
_EDGE = " ，。！!~～.…、\n\t；;"
_ROW = later(r"(?:^|\n|\s)\s*\d{1,3}\s*(?:[.、．:：,，丶]|\s(?=\D)|(?=[\u4e00-\u9fff]{1,4}(?:\n|$)))")
_LONE_ROW = later(r"^\s*(?:接[:：]?\s*)?\d{1,3}[.、．]\s*[^\d\s]")
_SHORT_DIGIT = later(r"^\s*[0-9]{1,2}\s*[.。分]?\s*$")
_DASHED = later(r"\d[-#－]\d")


def tidy(text: str) -> str:
    """The text as the rules see it, at most LONGEST characters; every character keeps its position."""
    line = text[:LONGEST]
    if _ODD.search(line):
        line = _NOISE.sub(_blank, line.translate(_WIDE))
    return _MENTION.sub(_blank, line) if line.lstrip().startswith("@") else line


def core(line: str) -> str:
    """The line without what stands around it."""
    return line.strip(_EDGE)


def _blank(found: re.Match[str]) -> str:
    return " " * (found.end() - found.start())


def is_relay(line: str) -> bool:
    """A 接龙 list, or one row of it."""
    if "接龙" in line:
        return line.lstrip().startswith(("#接龙", "接龙", "【接龙】")) or len(_ROW.findall(line)) >= 1
    if _LONE_ROW.match(line) and len(line) <= 30:
        return True
    return "\n" in line and len(re.findall(r"(?:^|\n)\s*\d{1,3}\s*[.、．丶]", line)) >= 2


class Gate:
    """Keeps what anybody may need. Lossless towards the engine: what the engine would act on is always kept."""

    def __init__(self, catalog: Catalog, places: Places) -> None:
        self._lexicon = lexicon_of(catalog, first_pass=True)
        self._places = places
        self._spellings = catalog.speech.spellings
        admitted = [rule for rule in catalog.rules.values() if catalog.items[rule.code].admitted]
        self._admitted = frozenset(f"item:{rule.code}" for rule in admitted)
        self._whole = [rule.whole for rule in admitted if rule.whole]

    def keeps(self, text: str) -> bool:
        """False = chatter nobody needs."""
        line = tidy(text)
        scan = self._lexicon.scan(line)
        mask = scan.mask
        if mask & self._lexicon.keep or mask & self._lexicon.spelling:
            return True
        if mask & self._lexicon.keep_short and len(core(line)) <= SHORT_LINE:
            return True
        if _SHORT_DIGIT.match(line) or _DASHED.search(line) or self._places.find(line):
            return True
        if echo.hear(line) is not None:
            return True
        if mask and self._frame_fits(line, scan):
            return True
        if len(line) <= 16 and any(whole.fullmatch(core(line)) for whole in self._whole):
            return True
        return is_relay(line)

    def may_matter(self, line: str) -> bool:
        """Could any matter or shape be in this tidy line? False for most chatter, and cheap to know."""
        scan = self._lexicon.scan(line)
        if scan.mask & (self._lexicon.keep | self._lexicon.spelling):
            return True
        if any(use.frame.pattern.search(line) for use in self._lexicon.woken(scan)):
            return True
        return any(use.frame.pattern.search(line) for use in self._lexicon.woken_speech(scan))

    def _frame_fits(self, line: str, scan: Scan) -> bool:
        return any(use.owner in self._admitted and use.frame.pattern.search(line) for use in self._lexicon.woken(scan))

    def respelled(self, line: str) -> str:
        """Known misspellings put right; every character keeps its position."""
        for wrong, right in self._spellings.items():
            line = line.replace(wrong, right)
        return line


def whole_match(rules: list[Rules], line: str) -> str:
    """The code of the matter whose ``whole`` is all of the line, or nothing."""
    inner = core(line)
    if len(inner) > 24:
        return ""
    return next((rule.code for rule in rules if rule.whole and rule.whole.fullmatch(inner)), "")
