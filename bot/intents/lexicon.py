"""All words of the catalogue in one automaton: one pass tells which words, word lists and frames a text may hold.

Never decides: it only says what is there. Built once, immutable afterwards, safe to share between threads.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, Implementation

from bot.intents.catalog import Catalog, Rules
from bot.intents.frames import Frame

WEIGHTS = {"strong": 3, "things": 2, "support": 1, "troubles": 0, "guards": 0}


@dataclass(frozen=True, slots=True)
class Role:
    """What a word is to one matter."""

    code: str
    layer: str
    weight: int


@dataclass(frozen=True, slots=True)
class Found:
    """One word in a text."""

    start: int
    end: int
    word: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """One frame in use: by whom (``item:code``, ``veto:name``, ``cue:name`` …) and for what. ``needs``: a bit mask."""

    owner: str
    field: str
    frame: Frame
    needs: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass saw: a bit per group of words some frame needs, and the raw matches (word number, start, end)."""

    mask: int
    matches: tuple[tuple[int, int, int], ...]


class Lexicon:
    """The automaton and the frames it wakes. ``first_pass``: only what opens a case or names a shape."""

    def __init__(self, catalog: Catalog, *, first_pass: bool = False) -> None:
        self._layers = [layer for layer in WEIGHTS if not first_pass or layer in ("strong", "things")]
        self._bits: dict[str | frozenset[str], int] = {}
        self._words: dict[str, tuple[int, list[Role]]] = {}
        for rule in catalog.rules.values():
            self._add_rule(rule)
        keep_bit = self._bit("keep")
        for word in catalog.speech.keep:
            self._add(word, keep_bit)
        self.keep_short = self._bit("keep short")
        for word in catalog.speech.keep_short:
            self._add(word, self.keep_short)
        for wrong in catalog.speech.spellings:
            self._add(wrong, self._bit("spelling"))
        uses = [
            self._use(owner, field, frame)
            for owner, field, frame in catalog.frames()
            if not first_pass or owner.startswith("shape:") or (owner.startswith("item:") and field == "frames")
        ]
        self.words: list[str] = list(self._words)
        self._mask_of = [bits for bits, _ in self._words.values()]
        self._roles_of = [tuple(roles) for _, roles in self._words.values()]
        # the full table of a DFA takes 20 ms and 7 MB more to build, and reads a message no faster
        self._automaton = AhoCorasick(self.words, implementation=Implementation.ContiguousNFA)
        self.spelling = self._bits.get("spelling", 0)
        self.keep = keep_bit | self._bits.get("word", 0)
        self.shapes = 0
        for use in uses:
            if use.owner.startswith("shape:"):
                self.shapes |= use.needs
        self._item_uses = self._by_trigger(use for use in uses if use.owner.startswith("item:"))
        self._speech_uses = self._by_trigger(use for use in uses if not use.owner.startswith("item:"))

    def scan(self, text: str) -> Scan:
        """One pass over the text."""
        mask = 0
        matches = self._automaton.find_matches_as_indexes(text, overlapping=True)
        for number, _, _ in matches:
            mask |= self._mask_of[number]
        return Scan(mask, tuple(matches))

    def found(self, scan: Scan) -> list[Found]:
        """The words that mean something to a matter."""
        return [
            Found(start, end, self.words[number], self._roles_of[number])
            for number, start, end in scan.matches
            if self._roles_of[number]
        ]

    def woken(self, scan: Scan) -> list[Use]:
        """The frames of matters whose every needed word is present; only these are worth running."""
        return _awake(self._item_uses, scan.mask)

    def woken_speech(self, scan: Scan) -> list[Use]:
        """The same for cues, vetoes and shapes."""
        return _awake(self._speech_uses, scan.mask)

    def _bit(self, name: str | frozenset[str]) -> int:
        return self._bits.setdefault(name, 1 << len(self._bits))

    def _add(self, word: str, bit: int, role: Role | None = None) -> None:
        bits, roles = self._words.get(word, (0, []))
        self._words[word] = (bits | bit, [*roles, role] if role else roles)

    def _add_rule(self, rule: Rules) -> None:
        counts = self._bit("word")
        for layer in self._layers:
            weight = WEIGHTS[layer]
            for word in getattr(rule, layer):
                self._add(word, counts if layer in ("strong", "things") else 0, Role(rule.code, layer, weight))

    def _use(self, owner: str, field: str, frame: Frame) -> Use:
        needs = 0
        for group in frame.needs:
            if group not in self._bits:
                bit = self._bit(group)
                for word in sorted(group):
                    self._add(word, bit)
            needs |= self._bits[group]
        return Use(owner, field, frame, needs)

    def _by_trigger(self, uses: Iterable[Use]) -> dict[int, list[Use]]:
        """Group the frames by their rarest need, so that one test skips a whole group."""
        split = [(use, _split(use.needs)) for use in uses]
        popular = Counter(bit for _, bits in split for bit in bits)
        groups: dict[int, list[Use]] = {}
        for use, bits in split:
            groups.setdefault(min(bits, key=popular.__getitem__), []).append(use)
        return groups


def _awake(groups: dict[int, list[Use]], mask: int) -> list[Use]:
    awake: list[Use] = []
    rest = mask
    while rest:
        lowest = rest & -rest
        rest ^= lowest
        for use in groups.get(lowest, ()):
            if use.needs & mask == use.needs:
                awake.append(use)
    return awake


def _split(mask: int) -> list[int]:
    bits = []
    while mask:
        bits.append(mask & -mask)
        mask &= mask - 1
    return bits


_BUILT: dict[tuple[str, bool], Lexicon] = {}
_MOST_BUILT = 4


def lexicon_of(catalog: Catalog, *, first_pass: bool = False) -> Lexicon:
    """The lexicon of this catalogue, built once: new place words alone change nothing in it."""
    key = (catalog.version, first_pass)
    if key not in _BUILT:
        if len(_BUILT) >= _MOST_BUILT:
            _BUILT.clear()
        _BUILT[key] = Lexicon(catalog, first_pass=first_pass)
    return _BUILT[key]
