"""The catalogue: every matter a resident may bring, read from ``catalog/*.toml``. Never decides what a text means.

One file per first-level topic (``elderly.toml`` holds ``elderly.*``), one table per matter. ``_speech.toml`` holds
what all matters share: word lists, cues, vetoes, spellings. A wrong table is refused whole, with file, table and
field named, so that a bad edit can never be half in force.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from bot.intents import kept
from bot.intents.base import Item, Reach, Urgency
from bot.intents.frames import Frame, WrongFrame, compile_frame

FOLDER = Path(__file__).parent / "catalog"
SPEECH = "_speech.toml"
Kind = Literal["service", "fault", "emergency", "dialogue", "talk"]
LIMIT = re.compile(r"^\d+(min|h|wh|d|wd)$")
CUES = ("ask", "question", "anchor", "still", "exclaim")

_ITEM_TEXTS = ("name", "slug", "short", "urgency", "first_reply", "finish", "lead", "escalate_to")
_WORD_LISTS = ("strong", "things", "troubles", "support", "guards")
_FRAME_LISTS = ("frames", "urgent_frames", "guard_frames")
_OTHER = ("kind", "privacy", "needs_place", "anchored", "sub", "alarm", "admitted", "shared")
_MARKS = ("quiet", "dispute", "restricted", "hides_reporter")
_OTHER_LISTS = ("yields_to", "whole", "ignores", "apart")
_EXAMPLES = ("examples", "counter_examples")
_FIELDS = {*_ITEM_TEXTS, *_WORD_LISTS, *_FRAME_LISTS, *_OTHER, *_MARKS, *_OTHER_LISTS, *_EXAMPLES}
_MIN_EXAMPLES, _MIN_COUNTER = 6, 4


class WrongCatalog(ValueError):
    """The catalogue cannot be used; says in Chinese which file, table and field is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How one matter is recognised. ``code`` as in Item.

    ``strong`` says it alone (3), ``things`` is its topic (2), ``support`` helps (1). ``troubles`` near a thing make a
    fault (+2). A frame is a whole statement (4). ``guards`` and ``guard_frames`` forbid the matter. ``anchored``: a
    fault counts only with a place or person of this community. ``whole``: expressions that must be all of the message.
    ``yields_to``: codes that take the message when both match. ``ignores``: vetoes that do not hold for this matter.
    """

    code: str
    kind: Kind
    strong: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    support: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    urgent_frames: tuple[Frame, ...] = ()
    guard_frames: tuple[Frame, ...] = ()
    whole: re.Pattern[str] | None = None
    anchored: bool = True
    yields_to: frozenset[str] = frozenset()
    ignores: frozenset[str] = frozenset()
    examples: tuple[str, ...] = ()
    counter_examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Veto:
    """A way of speaking that opens no case: hearsay, the past, a joke … A cue of ``lifted_by`` after it lifts it."""

    name: str
    label: str
    against: frozenset[str]
    frames: tuple[Frame, ...]
    lifted_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What all matters share: word lists, cues of the speech act, vetoes, structure words, known misspellings."""

    sets: Mapping[str, tuple[str, ...]]
    cues: Mapping[str, tuple[Frame, ...]]
    vetoes: tuple[Veto, ...]
    notice: tuple[Frame, ...]
    advertisement: tuple[Frame, ...]
    keep: tuple[str, ...]
    keep_short: tuple[str, ...]
    spellings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything the engine needs. ``version`` changes with every byte of the folder."""

    items: Mapping[str, Item]
    rules: Mapping[str, Rules]
    speech: Speech
    version: str

    def frames(self) -> Iterator[tuple[str, str, Frame]]:
        """Every frame: whose it is (``item:code``, ``veto:name``, ``cue:name``, ``shape:…``), in which field."""
        for rule in self.rules.values():
            for field in _FRAME_LISTS:
                for frame in getattr(rule, field):
                    yield f"item:{rule.code}", field, frame
        for veto in self.speech.vetoes:
            for frame in veto.frames:
                yield f"veto:{veto.name}", "frames", frame
        for name, frames in self.speech.cues.items():
            for frame in frames:
                yield f"cue:{name}", "frames", frame
        for shape in ("notice", "advertisement"):
            for frame in getattr(self.speech, shape):
                yield f"shape:{shape}", "frames", frame


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The shared word lists, and every frame read so far by its spelling."""

    sets: Mapping[str, tuple[str, ...]]
    frames: dict[str, Frame]


def load_catalog(folder: Path | None = None, *, cache: Path | None = None) -> Catalog:
    """Read the folder. Raises WrongCatalog on the first thing that is wrong.

    ``cache``: a private folder that survives restarts, or none. Frames found right at an earlier start are compiled
    when they are first needed; without it, all of them now.
    """
    files = {path.name: path.read_bytes() for path in sorted((folder or FOLDER).glob("*.toml"))}
    version = hashlib.sha256(b"".join(name.encode() + b"\0" + raw for name, raw in files.items())).hexdigest()[:12]
    key = kept.key_of(version)
    known = kept.load(cache, key) if cache else None
    tables, frames = known or ({name: _table(name, raw) for name, raw in files.items()}, {})
    catalog = _catalog(tables, frames, version)
    if cache and not known:
        kept.store(cache, key, tables, frames.values())
    return catalog


def _table(file: str, raw: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise WrongCatalog(f"{file}：读不懂，{wrong}") from wrong


def _catalog(tables: Mapping[str, dict[str, Any]], frames: dict[str, Frame], version: str) -> Catalog:
    if SPEECH not in tables:
        raise WrongCatalog(f"{SPEECH}：没有这个文件")
    speech = _speech(tables[SPEECH], frames)
    shelf = _Shelf(speech.sets, frames)
    items: dict[str, Item] = {}
    rules: dict[str, Rules] = {}
    for file, content in tables.items():
        if file == SPEECH:
            continue
        for name, table in content.items():
            code = f"{file.removesuffix('.toml')}.{name}"
            if not isinstance(table, dict):
                raise WrongCatalog(f"{file}：{name} 应当是一张表")
            items[code] = _item(file, code, table)
            rules[code] = _rules(file, code, table, shelf)
    for rule in rules.values():
        for other in rule.yields_to - rules.keys():
            raise WrongCatalog(f"目录：{rule.code} 的 yields_to 提到了不存在的 {other}")
    return Catalog(items=items, rules=rules, speech=speech, version=version)


def _item(file: str, code: str, table: dict[str, Any]) -> Item:
    for field in table.keys() - _FIELDS:
        raise WrongCatalog(f"{file}：[{code}] 有不认识的字段 {field}")
    for field in _ITEM_TEXTS:
        if not isinstance(table.get(field), str) or not (table[field] or field == "escalate_to"):
            raise WrongCatalog(f"{file}：[{code}] 缺少 {field}")
    if table["urgency"] not in get_args(Urgency):
        raise WrongCatalog(f"{file}：[{code}] 的 urgency 只能是 {'、'.join(get_args(Urgency))}")
    for field in ("first_reply", "finish"):
        if table[field] != "-" and not LIMIT.match(table[field]):
            raise WrongCatalog(f"{file}：[{code}] 的 {field}「{table[field]}」应当像 30min、2h、4wh、1d、5wd，或 -")
    if table.get("privacy") not in (0, 1, 2):
        raise WrongCatalog(f"{file}：[{code}] 的 privacy 只能是 0、1、2")
    if table.get("kind") == "emergency" and not table.get("alarm"):
        raise WrongCatalog(f"{file}：[{code}] 是紧急事项，缺少 alarm")
    if (shared := table.get("shared", "")) not in get_args(Reach) or (shared and table["privacy"] == 2):
        raise WrongCatalog(f"{file}：[{code}] 的 shared 只能是 building、estate，私事（privacy 2）不能有")
    return Item(
        code=code,
        needs_place=bool(table.get("needs_place", True)),
        privacy=table["privacy"],
        sub=table.get("sub"),
        alarm=str(table.get("alarm", "")).strip(),
        admitted=bool(table.get("admitted", True)),
        shared=shared,
        apart=_words(f"{file}：[{code}]", table, "apart"),
        **{field: table[field] for field in _ITEM_TEXTS},
        **cast(dict[str, Any], {mark: bool(table.get(mark, False)) for mark in _MARKS}),
    )


def _rules(file: str, code: str, table: dict[str, Any], shelf: _Shelf) -> Rules:
    if table.get("kind") not in get_args(Kind):
        raise WrongCatalog(f"{file}：[{code}] 的 kind 只能是 {'、'.join(get_args(Kind))}")
    where = f"{file}：[{code}]"
    for field, least in zip(_EXAMPLES, (_MIN_EXAMPLES, _MIN_COUNTER), strict=True):
        if len(_words(where, table, field)) < least:
            raise WrongCatalog(f"{where} 的 {field} 至少要 {least} 条")
    whole = _words(where, table, "whole")
    try:
        pattern = re.compile("(?:" + "|".join(whole) + ")") if whole else None
    except re.error as wrong:
        raise WrongCatalog(f"{where} 的 whole 写法有误（{wrong}）") from wrong
    return Rules(
        code=code,
        kind=cast(Kind, table["kind"]),
        anchored=bool(table.get("anchored", True)),
        whole=pattern,
        yields_to=frozenset(_words(where, table, "yields_to")),
        ignores=frozenset(_words(where, table, "ignores")),
        **cast(dict[str, Any], {field: _words(where, table, field) for field in (*_WORD_LISTS, *_EXAMPLES)}),
        **cast(
            dict[str, Any],
            {field: _frames(f"{where} 的 {field}", table.get(field), shelf) for field in _FRAME_LISTS},
        ),
    )


def _words(where: str, table: dict[str, Any], field: str) -> tuple[str, ...]:
    value = table.get(field, [])
    if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
        raise WrongCatalog(f"{where} 的 {field} 应当是一列文字")
    if len(value) != len(set(value)):
        twice = next(word for word in value if value.count(word) > 1)
        raise WrongCatalog(f"{where} 的 {field} 里「{twice}」写了两遍")
    return tuple(value)


def _frames(where: str, sources: Any, shelf: _Shelf) -> tuple[Frame, ...]:
    if sources is None:
        return ()
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        raise WrongCatalog(f"{where} 应当是一列句式")
    try:
        for source in sources:
            if source not in shelf.frames:
                shelf.frames[source] = compile_frame(source, shelf.sets)
    except WrongFrame as wrong:
        raise WrongCatalog(f"{where}：{wrong}") from wrong
    return tuple(shelf.frames[source] for source in sources)


def _speech(table: dict[str, Any], frames: dict[str, Frame]) -> Speech:
    words = cast(dict[str, Any], table.get("words", {}))
    sets = {name: _words(f"{SPEECH}：[words]", words, name) for name in words}
    shelf = _Shelf(sets, frames)
    cues = cast(dict[str, Any], table.get("cues", {}))
    for cue in CUES:
        if cue not in cues:
            raise WrongCatalog(f"{SPEECH}：[cues] 缺少 {cue}")
    vetoes = []
    for name, veto in cast(dict[str, Any], table.get("veto", {})).items():
        where = f"{SPEECH}：[veto.{name}]"
        if not isinstance(veto.get("label"), str):
            raise WrongCatalog(f"{where} 缺少 label")
        vetoes.append(
            Veto(
                name=name,
                label=veto["label"],
                against=frozenset(_words(where, veto, "against")),
                frames=_frames(f"{where} 的 frames", veto.get("frames", []), shelf),
                lifted_by=_words(where, veto, "lifted_by"),
            )
        )
    shape = cast(dict[str, Any], table.get("shape", {}))
    return Speech(
        sets=sets,
        cues={name: _frames(f"{SPEECH}：[cues] 的 {name}", cues[name], shelf) for name in cues},
        vetoes=tuple(vetoes),
        notice=_frames(f"{SPEECH}：[shape] 的 notice", shape.get("notice", []), shelf),
        advertisement=_frames(f"{SPEECH}：[shape] 的 advertisement", shape.get("advertisement", []), shelf),
        keep=_words(f"{SPEECH}：[shape]", shape, "keep"),
        keep_short=_words(f"{SPEECH}：[shape]", shape, "keep_short"),
        spellings=_spellings(cast(dict[str, str], table.get("spellings", {}))),
    )


def _spellings(table: dict[str, str]) -> dict[str, str]:
    for wrong, right in table.items():
        # same length, so that every span found later still points into what the resident wrote
        if len(wrong) != len(right):
            raise WrongCatalog(f"{SPEECH}：[spellings] 的「{wrong}」和「{right}」字数要一样")
    return table
