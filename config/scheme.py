"""Assessment schemes: weights, denominators and rules for empty units, read from ``assessment/*.toml``. Never counts.

A scheme is a setting: another city is another file. A wrong file is refused whole, with one Chinese line per problem.
"""

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

FOLDER = Path(__file__).parent / "assessment"

Rate = Literal["closure", "on_time", "extension", "first_pass"]
Base = Literal["due", "closed", "on_time", "extension_base", "first_pass_base"]
ZeroDue = Literal["no_score", "full_score"]
ClosedWhen = Literal["handled", "closed"]
RATES: tuple[Rate, ...] = get_args(Rate)
BASES: tuple[Base, ...] = get_args(Base)

_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
_MOST = 1_000
_TABLES = (*RATES, "media", "cases")
_TOP = ("title", "base_points", "full_marks", "zero_due", *_TABLES)


class WrongScheme(Exception):
    """The scheme cannot be used; ``problems`` says why, one Chinese line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One rate: its points, the counts that may be its denominator (the first that is there), and its value (0 to 1)
    where that denominator is 0; None where the denominator is the number of due cases, which has its own rule."""

    weight: Fraction
    bases: tuple[Base, ...]
    empty: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How a score is made of four rates. ``extension`` counts as one minus the rate; the others as they are.

    ``most_deducted`` caps the media deduction and ``lowest_score`` the score from below; None where neither is known.
    ``closed_when`` says what a closed case is where the counts come from the database.
    """

    name: str
    title: str
    base_points: Fraction
    closure: Term
    on_time: Term
    extension: Term
    first_pass: Term
    zero_due: ZeroDue
    most_deducted: Fraction | None = None
    lowest_score: Fraction | None = None
    closed_when: ClosedWhen = "handled"

    def term(self, rate: Rate) -> Term:
        return {"closure": self.closure, "on_time": self.on_time, "extension": self.extension,
                "first_pass": self.first_pass}[rate]  # fmt: skip


def names(folder: Path = FOLDER) -> list[str]:
    """The schemes there are: file names without ``.toml``."""
    return sorted(path.stem for path in folder.glob("*.toml") if _NAME.fullmatch(path.stem))


def read_scheme(name: str, folder: Path = FOLDER) -> Scheme:
    """Read and check one scheme. Raises ``WrongScheme``."""
    if name not in (known := names(folder)):
        raise WrongScheme([f"没有“{name}”这个考评方案，可用的有：{'、'.join(known) or '（一个也没有）'}"])
    path = folder / f"{name}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError):
        raise WrongScheme([f"{path.name}：读不出来，请检查读取权限，并存成 UTF-8"]) from None
    except tomllib.TOMLDecodeError as wrong:
        raise WrongScheme([f"{path.name}：写法有误（{wrong}），请对照 taiyuan_2022.toml 修改"]) from None
    return _Reader(path.name, content).scheme(name)


class _Reader:
    """Reads one file's content and collects what is wrong with it, so that all is told at once."""

    def __init__(self, file: str, content: dict[str, Any]) -> None:
        self._file = file
        self._content = content
        self._problems: list[str] = []

    def scheme(self, name: str) -> Scheme:
        self._refuse_unknown("", self._content, _TOP)
        base_points = self._number("", "base_points")
        full_marks = self._number("", "full_marks")
        terms = {rate: self._term(rate) for rate in RATES}
        total = base_points + sum(term.weight for term in terms.values())
        if not self._problems and total != full_marks:
            sums = f"基础分加四项分值是 {_plain(total)}，与满分 {_plain(full_marks)} 不符"
            self._wrong("full_marks", f"{sums}，请改正分值")
        self._refuse_unknown("media", self._table("media"), ("most", "lowest_score"))
        self._refuse_unknown("cases", self._table("cases"), ("closed_when",))
        scheme = Scheme(
            name=name,
            title=self._title(),
            base_points=base_points,
            zero_due=self._choice("", "zero_due", get_args(ZeroDue)),
            most_deducted=self._optional("media", "most"),
            lowest_score=self._optional("media", "lowest_score"),
            closed_when=self._choice("cases", "closed_when", get_args(ClosedWhen)),
            **terms,
        )
        if self._problems:
            raise WrongScheme(self._problems)
        return scheme

    def _term(self, rate: Rate) -> Term:
        table = self._table(rate)
        self._refuse_unknown(rate, table, ("weight", "base", "empty"))
        weight = self._number(rate, "weight")
        bases = table.get("base")
        if not isinstance(bases, list) or not bases or any(each not in BASES for each in bases):
            self._wrong(f"{rate}.base", f"要写成一列列名，只能用 {'、'.join(BASES)}")
            return Term(weight=weight, bases=("due",))
        empty = self._optional(rate, "empty", most=100)
        if empty is None and set(bases) != {"due"}:
            self._wrong(f"{rate}.empty", "这一项的分母可能为 0，要写明那时按百分之几算（0 到 100）")
        return Term(weight=weight, bases=tuple(bases), empty=None if empty is None else empty / 100)

    def _title(self) -> str:
        title = self._content.get("title")
        if not isinstance(title, str) or not title.strip():
            self._wrong("title", "要写方案的名称")
            return ""
        return title.strip()

    def _table(self, name: str) -> dict[str, Any]:
        if not name:
            return self._content
        table = self._content.get(name, {})
        if not isinstance(table, dict):
            self._wrong(name, f"要写成一节，以 [{name}] 开头")
            return {}
        return table

    def _number(self, table: str, key: str, *, most: int = _MOST) -> Fraction:
        number = self._optional(table, key, most=most)
        if number is None and key not in self._table(table):
            self._wrong(_path(table, key), "没有填写，请填一个数")
        return number or Fraction(0)

    def _optional(self, table: str, key: str, *, most: int = _MOST) -> Fraction | None:
        value = self._table(table).get(key)
        if value is None:
            return None
        # true is an int in Python, nan and inf are numbers in TOML
        known = isinstance(value, int | Decimal) and not isinstance(value, bool) and Decimal(value).is_finite()
        if not known or not 0 <= value <= most:
            self._wrong(_path(table, key), f"要填 0 到 {most} 之间的数")
            return None
        return Fraction(value)

    def _choice(self, table: str, key: str, options: tuple[Any, ...]) -> Any:
        value = self._table(table).get(key)
        if value not in options:
            self._wrong(_path(table, key), f"只能填 {'、'.join(options)}")
        return value

    def _refuse_unknown(self, table: str, content: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in content:
            if key not in known:
                self._wrong(_path(table, key), "没有这一项，请改名或删除")

    def _wrong(self, where: str, why: str) -> None:
        line = f"{self._file} 的 {where}：{why}"
        if line not in self._problems:
            self._problems.append(line)


def _path(table: str, key: str) -> str:
    return f"{table}.{key}" if table else key


def _plain(number: Fraction) -> str:
    return f"{float(number):g}"
