"""The assessment on paper: CSV, JSON or a table for the eye, whole texts that are ready to be written at once.

Never reckons. What comes from people (names of units) cannot become a formula in a spreadsheet or a command to a
terminal.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from bot.reports.assessment import NUMERATORS, Assessment, rounded
from bot.texts import assessment as words
from config.scheme import RATES, Scheme

Format = Literal["csv", "json", "table"]
FORMATS: tuple[Format, ...] = ("csv", "json", "table")
_TEXTS = ("group", "unit", "code", "note")
_SHOWN = ("group", "unit", "due", "closed", "on_time_pct", "closure_pct", "extension_pct", "first_pass_pct",
          "media_deduction", "score")  # fmt: skip
_COUNTED = ("on_time", "extended", "extension_base", "first_pass", "first_pass_base")
BESIDE = ("code", "received", "self_handled", "registered")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_Value = str | int | Decimal | None
Extra = Mapping[str, int | str]
"""Code and counters beside an assessment, by column; none where the counts came from a file."""


def write(
    assessments: Sequence[Assessment],
    scheme: Scheme,
    *,
    form: Format,
    chinese: bool = True,
    extras: Sequence[Extra] = (),
    heading: str = "",
    remarks: Sequence[str] = (),
) -> str:
    """The whole text, with its last line break. ``heading`` and ``remarks`` stand only in the table for the eye."""
    with_counters = extras or [{} for _ in assessments]
    rows = [_row(each, scheme, extra) for each, extra in zip(assessments, with_counters, strict=True)]
    columns = (*_SHOWN, *_COUNTED, *(BESIDE if extras else ()), "note")
    if form == "json":
        listed = [{name: _plain(row[name]) for name in columns} for row in rows]
        return json.dumps(listed, ensure_ascii=False, indent=1) + "\n"
    if form == "csv":
        return _csv(rows, columns, chinese=chinese)
    shown = (*_SHOWN, *(BESIDE[1:] if extras else ()))
    # counts from the database hold streets and their parts: a sum of them would count everything three times
    sums = [] if extras else _overall(assessments)
    footer = [*sums, words.formula(scheme), f"方案：{scheme.title}（{scheme.name}）"]
    notes = [f"注：{row['unit']}，{row['note']}" for row in rows if row["note"]]
    lines = [heading, *_table(rows, shown), "", *footer, *notes, *(f"注：{remark}" for remark in remarks)]
    return "\n".join(lines[0 if heading else 1 :]) + "\n"


def note(each: Assessment, scheme: Scheme) -> str:
    """What one should know about one row: why it has no score, or what was put in for what is not there."""
    if each.nothing_due:
        return words.nothing_due(scored=each.score is not None)
    unknown = [rate for rate in RATES if each.shares[rate].basis == "unknown"]
    said = [words.missing(unknown, each.between)] if unknown else []
    for rate, share in each.shares.items():
        if share.basis == "empty":
            said.append(words.empty(rate, share.base, scheme.term(rate)))
        elif share.basis == "printed" and each.counts.count(scheme.term(rate).bases[0]):
            said.append(words.fits_no_count(rate))
    return "；".join(said)


def percent(rate: Fraction | None) -> Decimal | None:
    return None if rate is None else rounded(rate * 100)


def _row(each: Assessment, scheme: Scheme, extra: Extra) -> dict[str, _Value]:
    counts = each.counts
    return {
        "group": counts.group,
        "unit": counts.unit,
        "due": counts.due,
        "closed": each.numerator("closure"),
        **{f"{rate}_pct": percent(each.shares[rate].value) for rate in RATES},
        "media_deduction": _points(counts.media_deduction),
        "score": each.score,
        **{NUMERATORS[rate]: each.numerator(rate) for rate in RATES},
        "extension_base": counts.extension_base,
        "first_pass_base": counts.first_pass_base,
        **extra,
        "note": note(each, scheme),
    }


def _points(points: Fraction | None) -> Decimal | None:
    """Deductions are shown as they were written: 0.2, not 0.20."""
    return None if points is None else Decimal(points.numerator) / Decimal(points.denominator)


def _plain(value: _Value) -> str | int | float | None:
    return float(value) if isinstance(value, Decimal) else value


def _csv(rows: list[dict[str, _Value]], columns: Sequence[str], *, chinese: bool) -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(f"{words.TITLES[name]}_{name}" if chinese else name for name in columns)
    for row in rows:
        writer.writerow(_cell(name, row[name]) for name in columns)
    return sheet.getvalue()


def _cell(name: str, value: _Value) -> str:
    if name in _TEXTS:
        said = str(value or "")
        return f"'{said}" if said.startswith(_FORMULA) else said
    return _said(name, value)


def _said(name: str, value: _Value) -> str:
    """A figure as it is read: a rate or a score that nobody knows is 「—」, a count that nobody knows stays blank."""
    if value is None:
        return words.NONE if name == "score" or name.endswith("_pct") else ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _table(rows: list[dict[str, _Value]], columns: Sequence[str]) -> list[str]:
    grid = [[words.TITLES[name] for name in columns]]
    for row in rows:
        said = [_said(name, row[name]) for name in columns]
        grid.append([f"{each}%" if name.endswith("_pct") and each != words.NONE else each
                     for name, each in zip(columns, said, strict=True)])  # fmt: skip
    widths = [max(_width(line[index]) for line in grid) for index in range(len(columns))]
    return [
        "  ".join(
            _filled(cell, width, left=name in _TEXTS) for name, cell, width in zip(columns, line, widths, strict=True)
        ).rstrip()
        for line in grid
    ]


def _filled(cell: str, width: int, *, left: bool) -> str:
    space = " " * (width - _width(cell))
    return cell + space if left else space + cell


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _overall(assessments: Sequence[Assessment]) -> list[str]:
    """The sum line, as the city's notice has it; only where every row knows its counts."""
    both = [(each.counts.due, each.numerator("closure")) for each in assessments]
    due = sum(each[0] or 0 for each in both)
    closed = sum(each[1] or 0 for each in both)
    if not due or any(None in each for each in both):
        return []
    return [words.overall(due=due, closed=closed, percent=f"{rounded(Fraction(closed * 100, due))}%")]
