"""The catalogue: every matter a resident may bring, read from ``catalog/*.toml``. Never decides what a text means.

One file per first-level topic (``elderly.toml`` holds ``elderly.*``), one table per matter. ``_speech.toml`` holds
what all matters share: word lists, cues, vetoes, spellings. A wrong table is refused whole, with file, table and
field named, so that a bad edit can never be half in force.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from bot.intents.base import Item, Urgency
from bot.intents.frames import Frame, WrongFrame, compile_frame

FOLDER = Path(__file__).parent / "catalog"
SPEECH = "_speech.toml"
Kind = Literal["service", "fault", "emergency", "dialogue", "talk"]
LIMIT = re.compile(r"^\d+(min|h|wh|d|wd)$")
CUES = ("ask", "question", "anchor", "still", "exclaim")

_ITEM_TEXTS = ("name", "slug", "short", "urgency", "first_reply", "finish", "lead", "escalate_to")
_WORD_LISTS = ("strong", "things", "troubles", "support", "guards")
_FRAME_LISTS = ("frames", "urgent_frames", "guard_frames")
_OTHER = (
    "kind",
    "privacy",
    "needs_place",
    "anchored",
    "sub",
    "alarm",
    "admitted",
    "quiet",
    "yields_to",
    "whole",
    "ignores",
)
_EXAMPLES = ("examples", "counter_examples")
_FIELDS = {*_ITEM_TEXTS, *_WORD_LISTS, *_FRAME_LISTS, *_OTHER, *_EXAMPLES}
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


def load_catalog(folder: Path | None = None) -> Catalog:
    """Read the folder. Raises WrongCatalog on the first thing that is wrong."""
    folder = folder or FOLDER
    digest = hashlib.sha256()
    tables: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.toml")):
        raw = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + raw)
        try:
            tables[path.name] = tomllib.loads(raw.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
            raise WrongCatalog(f"{path.name}：读不懂，{wrong}") from wrong
    if SPEECH not in tables:
        raise WrongCatalog(f"{SPEECH}：没有这个文件")
    speech = _speech(tables.pop(SPEECH))
    items: dict[str, Item] = {}
    rules: dict[str, Rules] = {}
    for file, content in tables.items():
        for name, table in content.items():
            code = f"{file.removesuffix('.toml')}.{name}"
            if not isinstance(table, dict):
                raise WrongCatalog(f"{file}：{name} 应当是一张表")
            items[code] = _item(file, code, table)
            rules[code] = _rules(file, code, table, speech.sets)
    for rule in rules.values():
        for other in rule.yields_to - rules.keys():
            raise WrongCatalog(f"目录：{rule.code} 的 yields_to 提到了不存在的 {other}")
    return Catalog(items=items, rules=rules, speech=speech, version=digest.hexdigest()[:12])


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
    return Item(
        code=code,
        needs_place=bool(table.get("needs_place", True)),
        privacy=table["privacy"],
        sub=table.get("sub"),
        alarm=str(table.get("alarm", "")).strip(),
        admitted=bool(table.get("admitted", True)),
        quiet=bool(table.get("quiet", False)),
        **{field: table[field] for field in _ITEM_TEXTS},
    )


def _rules(file: str, code: str, table: dict[str, Any], sets: Mapping[str, tuple[str, ...]]) -> Rules:
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
            {field: _frames(f"{where} 的 {field}", table.get(field), sets) for field in _FRAME_LISTS},
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


def _frames(where: str, sources: Any, sets: Mapping[str, tuple[str, ...]]) -> tuple[Frame, ...]:
    if sources is None:
        return ()
    if not isinstance(sources, list):
        raise WrongCatalog(f"{where} 应当是一列句式")
    try:
        return tuple(compile_frame(source, sets) for source in sources)
    except WrongFrame as wrong:
        raise WrongCatalog(f"{where}：{wrong}") from wrong


def _speech(table: dict[str, Any]) -> Speech:
    words = cast(dict[str, Any], table.get("words", {}))
    sets = {name: _words(f"{SPEECH}：[words]", words, name) for name in words}
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
                frames=_frames(f"{where} 的 frames", veto.get("frames", []), sets),
                lifted_by=_words(where, veto, "lifted_by"),
            )
        )
    shape = cast(dict[str, Any], table.get("shape", {}))
    return Speech(
        sets=sets,
        cues={name: _frames(f"{SPEECH}：[cues] 的 {name}", cues[name], sets) for name in cues},
        vetoes=tuple(vetoes),
        notice=_frames(f"{SPEECH}：[shape] 的 notice", shape.get("notice", []), sets),
        advertisement=_frames(f"{SPEECH}：[shape] 的 advertisement", shape.get("advertisement", []), sets),
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
