"""The city's published table of November 2022, as tests read it: 35 complete rows and one that breaks off."""

import csv
from fractions import Fraction
from pathlib import Path

from bot.reports.assessment import Counts, Printed
from config.scheme import RATES, Rate, read_scheme

FILE = Path(__file__).parent / "taiyuan_2022_11.csv"
TAIYUAN = read_scheme("taiyuan_2022")
_PRINTED: dict[Rate, str] = {
    "on_time": "按期结案率_on_time_pct",
    "closure": "结案率_closure_pct",
    "extension": "延期率_extension_pct",
    "first_pass": "一次完成率_first_pass_pct",
}


def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def complete() -> list[dict[str, str]]:
    return [row for row in rows() if row["考评得分_published_score"]]


def unit(row: dict[str, str]) -> str:
    return row["部门单位_unit"]


def score(row: dict[str, str]) -> str:
    return row["考评得分_published_score"]


def printed(row: dict[str, str]) -> dict[Rate, str]:
    """The rates as the city printed them, by our names."""
    return {rate: row[column] for rate, column in _PRINTED.items() if row[column]}


def counts(row: dict[str, str], *, on_time: bool = True) -> Counts:
    """What the table says; without ``on_time`` the on-time count must be told from its percentage."""
    deduction = row["媒体督办扣分_media_deduction"]
    rates = printed(row)
    return Counts(
        unit=unit(row),
        group=row["组别_group"],
        due=int(row["应结案数_due"]),
        closed=int(row["结案数_closed"]),
        on_time=int(row["implied_on_time_count"]) if on_time else None,
        media_deduction=Fraction(deduction) if deduction else None,
        printed={rate: Printed(Fraction(rates[rate])) for rate in RATES if rate in rates},
    )
