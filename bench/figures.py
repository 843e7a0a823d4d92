"""Numbers and verdicts: medians, percentiles, and the table every benchmark ends with. Measures nothing."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from rich.console import Console
from rich.table import Table

DATABASES = ("sqlite", "postgres")
SHOWN = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line."""

    short: bool
    databases: tuple[str, ...]


def read_options(what: str) -> Options:
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--short", action="store_true", help="a quick form of at most about 20 s; noisier")
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    given = parser.parse_args()
    return Options(given.short, DATABASES if given.database == "both" else (given.database,))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (0 to 1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def spread(values: Sequence[float]) -> str:
    """Lowest and highest as shares of the median, for an honest look at the noise."""
    middle = median(values) or 1.0
    return f"{min(values) / middle:.2f}–{max(values) / middle:.2f}"


def ratios(values: Sequence[float], references: Sequence[float]) -> list[float]:
    """Round by round, so that a slow moment of the machine hits both sides of a ratio."""
    return [value / reference for value, reference in zip(values, references, strict=True)]


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure must reach: at least or at most ``bound``."""

    way: Literal["≥", "≤"]
    bound: float

    def met_by(self, value: float) -> bool:
        return value >= self.bound if self.way == "≥" else value <= self.bound

    def __str__(self) -> str:
        return f"{self.way} {self.bound:g}"


@dataclass
class Report:
    """Rows of figures; one that misses its target, or a check that fails, makes ``finish`` return 1."""

    title: str
    rows: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def figure(
        self, name: str, value: float, unit: str = "", *, target: Target | None = None, note: str = "", digits: int = 2
    ) -> None:
        verdict = ""
        if target is not None:
            met = target.met_by(value)
            verdict = "met" if met else "MISSED"
            if not met:
                self.missed.append(f"{name}: {value:.{digits}f} {unit}, wanted {target}")
        self.rows.append((name, f"{value:,.{digits}f} {unit}".strip(), str(target or ""), verdict, note))

    def check(self, name: str, holds: bool, note: str) -> None:
        """A fact without which the figures mean nothing."""
        self.rows.append((name, "yes" if holds else "NO", "yes", "met" if holds else "MISSED", note))
        if not holds:
            self.missed.append(f"{name}: {note}")

    def remark(self, words: str) -> None:
        self.remarks.append(words)

    def finish(self) -> int:
        console = Console(width=150, highlight=False)
        table = Table(title=self.title, title_justify="left")
        for column, side in (("", "left"), ("figure", "right"), ("target", "right"), ("", "left"), ("note", "left")):
            table.add_column(column, justify="right" if side == "right" else "left")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        for words in self.remarks:
            console.print(words)
        for words in self.missed:
            console.print(f"MISSED {words}")
        return 1 if self.missed else 0
