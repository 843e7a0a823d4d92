"""What the ``score`` command does: a table of counts, or a period of cases, becomes one finished text. Never reckons.

Whatever is wrong ends in ``NotScored`` before anything has been said, so that no half of an assessment ever leaves.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import get_args

from sqlmodel import Session

from bot.reports import assessment_out as out
from bot.reports import period as periods
from bot.reports.assessment import assess
from bot.reports.counts import count
from bot.reports.period import Period
from bot.reports.rows import WrongCounts, read_table
from config.scheme import Scheme

FORMATS: tuple[out.Format, ...] = get_args(out.Format)


class NotScored(Exception):
    """``lines`` say why in Chinese, one problem each."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = list(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What somebody typed: a table (``source``, else standard input) or a period, and how he wants to read it."""

    source: Path | None
    form: str
    month: str
    first: str
    last: str

    @property
    def of_cases(self) -> bool:
        return bool(self.month or self.first or self.last)


@dataclass(frozen=True, slots=True)
class Scored:
    """The text as it is to be written, and what its reader should be told besides."""

    text: str
    remarks: tuple[str, ...] = ()

    def put(self, where: Path | None) -> None:
        """Everything at once, to a file or to standard output; the remarks to standard error.

        A CSV file gets the mark by which Excel knows UTF-8; an old file is replaced only when the new one is complete.
        """
        if where is None:
            sys.stdout.write(self.text)
        else:
            half = where.with_name(f".{where.name}.part")
            try:
                half.write_text(self.text, encoding="utf-8-sig" if where.suffix.lower() == ".csv" else "utf-8")
                half.replace(where)
            except OSError:
                half.unlink(missing_ok=True)
                raise NotScored([f"写不进“{where}”，请检查文件夹是否存在、能不能写。"]) from None
        for remark in self.remarks:
            print(f"提醒：{remark}", file=sys.stderr)


def of_table(ask: Ask, scheme: Scheme) -> Scored:
    """From a CSV file, or from what is piped in."""
    form = _form(ask.form)
    try:
        table = read_table(_bytes(ask.source), scheme)
    except WrongCounts as wrong:
        lines = [f"  {error}" for error in wrong.errors]
        raise NotScored([f"有{len(lines)}处要改，没有计算：", *lines]) from None
    rows = [assess(counts, scheme) for counts in table.rows]
    text = out.write(rows, scheme, form=form, chinese=table.chinese)
    return Scored(text, table.remarks)


def of_cases(session: Session, ask: Ask, scheme: Scheme, *, now: datetime) -> Scored:
    """From the cases in the database."""
    form, period = _form(ask.form), _period(ask, now)
    counted = count(session, period, closed_when=scheme.closed_when)
    if not counted:
        raise NotScored(["还没有社区资料，请先运行：python -m bot import"])
    rows = [assess(each.counts(), scheme) for each in counted]
    extras = [each.extra() for each in counted]
    return Scored(out.write(rows, scheme, form=form, extras=extras, heading=period.say()))


def _form(text: str) -> out.Format:
    for form in FORMATS:
        if form == text.strip().lower():
            return form
    raise NotScored([f"--format 只能是 {'、'.join(FORMATS)}；现在是“{text}”。"])


def _period(ask: Ask, now: datetime) -> Period:
    if ask.source is not None:
        raise NotScored(["件数表和 --period（--from、--to）只能用一种：表里的件数已经是统计好的。"])
    if ask.month and (ask.first or ask.last):
        raise NotScored(["--period 和 --from、--to 只能写一种。"])
    if not ask.month and not (ask.first and ask.last):
        raise NotScored(["--from 和 --to 要一起写，例如 --from 2026-11-01 --to 2026-11-30。"])
    try:
        return periods.month(ask.month, now=now) if ask.month else periods.days(ask.first, ask.last, now=now)
    except periods.WrongPeriod as wrong:
        raise NotScored([str(wrong)]) from None


def _bytes(source: Path | None) -> bytes:
    source = None if source == Path("-") else source
    if source is None and sys.stdin.isatty():
        raise NotScored(["请写明件数表的文件名，或把它从管道送进来；统计案件请用 --period。"])
    try:
        return sys.stdin.buffer.read() if source is None else source.read_bytes()
    except OSError:
        raise NotScored([f"读不到“{source}”，请检查文件的位置和读取权限。"]) from None
