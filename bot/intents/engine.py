"""The decision: what a message means, how sure, and why. Never does I/O, never learns, never knows the sender's cases.

Points: a word that says it alone 3, a topic 2, a support 1; a whole sentence frame 4; trouble near a thing +2; an ask
+2 (a mere question +1); a place or person of this community +1. ``act`` from 4 on, ``maybe`` from 3 on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from bot.intents import emergency, later, words
from bot.intents.base import Decision, Hit, PlaceWord, Slots, Understanding
from bot.intents.catalog import Catalog, Rules, Veto
from bot.intents.gate import Gate, is_relay, tidy, whole_match
from bot.intents.lexicon import Found, Lexicon, Scan, Use, lexicon_of
from bot.intents.slots import Places, extract

ACT, MAYBE = 4.0, 3.0
NEAR = 14
SHORT = 2
RANKS = {"emergency": 3, "dialogue": 2, "service": 1, "fault": 1, "talk": 0}
LAYERS = {"strong": "强词", "things": "主题词", "support": "旁证", "troubles": "故障词", "frames": "句式"}
_STOPS = "，。！？；,!?;\n "
Span = tuple[int, int, str]


@dataclass(slots=True)
class _Speech:
    """How the message is said."""

    cues: dict[str, list[Span]] = field(default_factory=dict)
    vetoes: list[tuple[Veto, Span]] = field(default_factory=list)
    notice: bool = False
    advertisement: bool = False


@dataclass(slots=True)
class _Candidate:
    """One matter the message may be about."""

    rules: Rules
    score: float
    hits: list[Hit]
    vetoes: list[str]
    urgent: bool
    rank: int
    framed: bool

    @property
    def stands(self) -> bool:
        return not self.vetoes and self.score >= ACT


class Engine:
    """One catalogue and the place words of one community, ready to use from any thread."""

    def __init__(self, catalog: Catalog, places: Iterable[PlaceWord] = ()) -> None:
        self._catalog = catalog
        self._places = Places(places)
        self._gate = Gate(catalog, self._places)
        self._wholes = [rule for rule in catalog.rules.values() if rule.whole]
        self._vetoes = {veto.name: veto for veto in catalog.speech.vetoes}
        self._cold = [frame for _, _, frame in catalog.frames() if not frame.is_ready]

    @cached_property
    def _lexicon(self) -> Lexicon:
        # left to ``warm`` or to the first message that is kept: nobody waits for it at the start
        lexicon = lexicon_of(self._catalog)
        words.prepare(word for word in lexicon.words if 2 <= len(word) <= 4)
        return lexicon

    def keeps(self, text: str) -> bool:
        """The gate: False = chatter nobody needs, never stored."""
        return self._gate.keeps(text)

    def warm(self, most: int) -> bool:
        """Make ready, up to ``most`` frames and patterns of the code, what no message needed yet; is more left?"""
        _ = self._lexicon
        words.load()
        for frame in self._cold[-most:]:
            frame.compiled()
        del self._cold[-most:]
        return bool(self._cold) or later.compile_waiting(most)

    def understand(self, text: str, *, from_staff: bool = False) -> Understanding:
        """All layers. ``from_staff``: the words of staff open nothing, whatever they say."""
        line = tidy(text)
        if is_relay(line):
            return self._shape("relay", "接龙名单，按接龙处理")
        if code := whole_match(self._wholes, line):
            return self._whole(code, line)
        if not self._gate.may_matter(line):
            # no topic, but it may be the answer to a question: where, who, when
            return Understanding(slots=extract(line, self._places), lexicon=self._catalog.version)
        scan = self._lexicon.scan(line)
        if scan.mask & self._lexicon.spelling:
            line = self._gate.respelled(line)
            scan = self._lexicon.scan(line)
        found = self._lexicon.found(scan)
        framed = self._fitting(line, self._lexicon.woken(scan))
        codes = {role.code for word in found for role in word.roles if role.layer in ("strong", "things")}
        codes |= {use.owner[5:] for use, _ in framed if use.field == "frames"}
        if not codes and not scan.mask & self._lexicon.shapes:
            return Understanding(slots=extract(line, self._places), lexicon=self._catalog.version)
        speech = self._speech(line, scan)
        slots = extract(line, self._places)
        candidates = [self._judge(code, line, found, framed, speech, slots) for code in sorted(codes)]
        if from_staff:
            return self._silent(candidates, slots, "工作人员发的，不立案")
        if speech.advertisement and not any(one.stands and one.rank == RANKS["emergency"] for one in candidates):
            return self._shape("advertisement", "广告")
        if speech.notice and not speech.cues.get("exclaim"):
            return self._silent(candidates, slots, "通知或提醒")
        return self._decide(candidates, slots)

    def _judge(
        self,
        code: str,
        line: str,
        found: list[Found],
        framed: list[tuple[Use, Span]],
        speech: _Speech,
        slots: Slots,
    ) -> _Candidate:
        rules = self._catalog.rules[code]
        own = [(use, span) for use, span in framed if use.owner == f"item:{code}"]
        hits = _word_hits(code, self._catalog.items[code].slug, found)
        vetoes = ["挡词：" + hit.word for hit in hits if hit.layer == "guards"]
        vetoes += ["挡句：" + span[2] for use, span in own if use.field == "guard_frames"]
        hits = [hit for hit in hits if hit.layer != "guards" and self._is_word(line, hit)]
        frames = [span for use, span in own if use.field == "frames"]
        slug = self._catalog.items[code].slug
        hits += [Hit(start, end, text, 4, "frames", slug) for start, end, text in frames[:1]]
        score = _points(rules, hits, speech, anchored=slots.says_place)
        vetoes += self._standing(rules, speech)
        urgent = rules.kind == "emergency" or emergency.is_urgent(rules.urgent_frames, line)
        return _Candidate(rules, score, hits, vetoes, urgent, RANKS[rules.kind], bool(frames))

    def _standing(self, rules: Rules, speech: _Speech) -> list[str]:
        vetoes = [(veto, span) for veto, span in speech.vetoes if veto.name not in rules.ignores]
        if rules.kind == "emergency":
            return emergency.held_back(vetoes, speech.cues.get("exclaim", ()))
        last = {name: max(start for start, _, _ in spans) for name, spans in speech.cues.items()}
        return [
            veto.label
            for veto, span in vetoes
            if rules.kind in veto.against and all(last.get(cue, -1) < span[1] for cue in veto.lifted_by)
        ]

    def _is_word(self, line: str, hit: Hit) -> bool:
        """A short word counts only where words really begin and end."""
        if hit.end - hit.start > SHORT or hit.layer not in ("strong", "things"):
            return True
        start = max((line.rfind(stop, 0, hit.start) for stop in _STOPS), default=-1) + 1
        ends = [at for stop in _STOPS if (at := line.find(stop, hit.end)) >= 0]
        # a window is enough: a border is decided by its near neighbours
        start, end = max(start, hit.start - 6), min([*ends, hit.end + 6, len(line)])
        return words.on_borders(line[start:end], hit.start - start, hit.end - start)

    def _fitting(self, line: str, uses: list[Use]) -> list[tuple[Use, Span]]:
        return [(use, (*found.span(), found.group())) for use in uses if (found := use.frame.pattern.search(line))]

    def _speech(self, line: str, scan: Scan) -> _Speech:
        speech = _Speech()
        for use in self._lexicon.woken_speech(scan):
            matches = [(found.start(), found.end(), found.group()) for found in use.frame.pattern.finditer(line)]
            if not matches:
                continue
            family, _, name = use.owner.partition(":")
            if family == "cue":
                speech.cues.setdefault(name, []).extend(matches)
            elif family == "veto":
                speech.vetoes.append((self._vetoes[name], matches[-1]))
            elif name == "notice":
                speech.notice = True
            else:
                speech.advertisement = True
        return speech

    def _decide(self, candidates: list[_Candidate], slots: Slots) -> Understanding:
        standing = [one for one in candidates if one.stands]
        codes = {one.rules.code for one in standing}
        standing = [one for one in standing if not one.rules.yields_to & codes]
        standing.sort(key=lambda one: (one.rank, one.score, one.framed, one.urgent), reverse=True)
        if standing:
            best = standing[0]
            others = [one.score for one in standing[1:] if one.rules.code != best.rules.code]
            return self._result(best, slots, "act", best.score - max(others, default=0.0))
        likely = [one for one in candidates if one.score >= MAYBE and not one.vetoes and one.rules.kind != "talk"]
        if likely:
            best = max(likely, key=lambda one: (one.rank, one.score))
            return self._result(best, slots, "maybe", 0.0)
        return self._silent(candidates, slots, "")

    def _result(self, best: _Candidate, slots: Slots, decision: Decision, margin: float) -> Understanding:
        item = self._catalog.items[best.rules.code]
        is_request = best.rules.kind != "talk"
        if not is_request:
            decision = "silent"
        return Understanding(
            intent=item.slug,
            item=item.code,
            sub=item.sub,
            is_request=is_request and decision == "act",
            urgent=best.urgent and decision == "act",
            decision=decision,
            score=best.score,
            margin=margin,
            slots=slots,
            hits=_shown(best.hits),
            reason=_REASONS[decision] if is_request else f"不是诉求：{item.name}",
            lexicon=self._catalog.version,
        )

    def _silent(self, candidates: list[_Candidate], slots: Slots, reason: str) -> Understanding:
        if not candidates:
            return Understanding(slots=slots, reason=reason, lexicon=self._catalog.version)
        best = max(candidates, key=lambda one: (one.score, one.rank))
        return Understanding(
            score=best.score,
            slots=slots,
            hits=_shown(best.hits),
            vetoes=tuple(dict.fromkeys(best.vetoes)),
            reason=reason or ("有话挡住，不立案" if best.vetoes else "把握不够，不打扰"),
            lexicon=self._catalog.version,
        )

    def _shape(self, intent: str, reason: str) -> Understanding:
        return Understanding(intent=intent, reason=reason, lexicon=self._catalog.version)

    def _whole(self, code: str, line: str) -> Understanding:
        item, rules = self._catalog.items[code], self._catalog.rules[code]
        is_request = rules.kind != "talk"
        return Understanding(
            intent=item.slug,
            item=code if item.admitted else "",
            is_request=is_request,
            urgent=rules.kind == "emergency",
            decision="act" if is_request else "silent",
            score=ACT,
            margin=ACT,
            slots=extract(line, self._places),
            hits=(Hit(0, len(line), line.strip(), 4, "整句", item.slug),),
            reason=_REASONS["act"] if is_request else f"不是诉求：{item.name}",
            lexicon=self._catalog.version,
        )


_REASONS = {"act": "把握够，立案", "maybe": "拿不准，交给工作人员看", "silent": "不打扰"}


def _word_hits(code: str, slug: str, found: list[Found]) -> list[Hit]:
    hits = []
    for word in found:
        for role in word.roles:
            if role.code == code:
                hits.append(Hit(word.start, word.end, word.word, role.weight, role.layer, slug))
    return hits


def _points(rules: Rules, hits: list[Hit], speech: _Speech, *, anchored: bool) -> float:
    layers = {hit.layer for hit in hits}
    ask = 2.0 if speech.cues.get("ask") else 1.0 if speech.cues.get("question") else 0.0
    here = anchored or not rules.anchored or bool(speech.cues.get("anchor"))
    score = 4.0 if "frames" in layers else 3.0 if "strong" in layers else 2.0 if "things" in layers else 0.0
    score += 1.0 if "support" in layers else 0.0
    if rules.kind == "service":
        return score + ask
    if rules.kind != "fault":
        return score + (1.0 if "strong" in layers else 0.0)
    if _trouble_near(hits):
        score += 2.0
    elif "strong" not in layers and "frames" not in layers:
        # a thing without trouble is only talked about
        return min(score, 2.0)
    if not here and not (ask or speech.cues.get("still")):
        return min(score, MAYBE - 1 if rules.anchored else MAYBE)
    return score + (1.0 if here else 0.0) + min(ask, 1.0)


def _trouble_near(hits: list[Hit]) -> bool:
    things = [hit for hit in hits if hit.layer in ("things", "strong")]
    troubles = [hit for hit in hits if hit.layer == "troubles"]
    return any(
        trouble.start - thing.end <= NEAR and thing.start - trouble.end <= NEAR
        for thing in things
        for trouble in troubles
        if trouble.start >= thing.end or trouble.end <= thing.start
    )


def _shown(hits: list[Hit]) -> tuple[Hit, ...]:
    """For the reader: one of each word, layers named in Chinese, longest first where they overlap."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda one: (-one.weight, one.start - one.end)):
        if not any(hit.start < other.end and other.start < hit.end for other in kept if other.layer != "句式"):
            kept.append(replace(hit, layer=LAYERS.get(hit.layer, hit.layer)))
    return tuple(sorted(kept, key=lambda one: one.start))
