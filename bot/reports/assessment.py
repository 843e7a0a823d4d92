"""The assessment (考评): from the counts of one unit to its four rates and its score. Pure; never reads or prints.

All reckoning is in exact fractions, and every figure is rounded half up once, when it is shown. A rate printed
elsewhere is never reckoned with where the counts behind it are known or can be told from it: 99.89 % of 1 779 due
cases can only be 1 777 cases.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Literal

from config.scheme import RATES, Base, Rate, Scheme, Term

Numerator = Literal["closed", "on_time", "extended", "first_pass"]
Basis = Literal["counts", "implied", "printed", "empty", "unknown"]
NUMERATORS: Mapping[Rate, Numerator] = {
    "closure": "closed",
    "on_time": "on_time",
    "extension": "extended",
    "first_pass": "first_pass",
}
_HALF = Fraction(1, 2)
# tables print rates in per cent with two decimals; Excel drops the zeros at their end
_PLACES = 2


@dataclass(frozen=True, slots=True)
class Printed:
    """A rate as somebody printed it: ``percent`` (0 to 100) with ``places`` decimals, at least two."""

    percent: Fraction
    places: int = _PLACES

    @property
    def value(self) -> Fraction:
        return self.percent / 100

    def bounds(self) -> tuple[Fraction, Fraction]:
        """The rates that print like this: the first included, the last not."""
        half = Fraction(1, 10 ** (max(self.places, _PLACES) + 2)) * _HALF
        return self.value - half, self.value + half


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one unit did in one period; None where nobody knows. ``on_time`` is no part of ``closed``: an open case
    whose limit was extended is on time as well. ``media_deduction`` is in points; None (none was written) deducts 0.
    """

    unit: str
    group: str = ""
    due: int | None = None
    closed: int | None = None
    on_time: int | None = None
    extended: int | None = None
    extension_base: int | None = None
    first_pass: int | None = None
    first_pass_base: int | None = None
    media_deduction: Fraction | None = None
    printed: Mapping[Rate, Printed] = field(default_factory=dict)

    def count(self, name: Base | Numerator) -> int | None:
        number: int | None = getattr(self, name)
        return number


@dataclass(frozen=True, slots=True)
class Share:
    """One rate of one unit. ``value`` is exact (0 to 1); None where there is none to show.

    ``basis`` says where it comes from; ``base`` names the denominator that was used. ``implied`` is the numerator that
    the printed rate can only have had.
    """

    basis: Basis
    value: Fraction | None = None
    base: Base | None = None
    implied: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The rates and the score of one unit. ``score`` is None where there is none; ``between`` then says what the
    lowest and the highest would be where only some rates are unknown."""

    counts: Counts
    shares: Mapping[Rate, Share]
    score: Decimal | None
    between: tuple[Decimal, Decimal] | None = None

    @property
    def nothing_due(self) -> bool:
        return self.counts.due == 0

    def numerator(self, rate: Rate) -> int | None:
        """The count of the rate, given or implied."""
        given = self.counts.count(NUMERATORS[rate])
        return self.shares[rate].implied if given is None else given


def assess(counts: Counts, scheme: Scheme) -> Assessment:
    """Rates and score of one unit by ``scheme``. The counts must be possible; ``rows.impossible`` tells."""
    if counts.due == 0:
        nothing = dict.fromkeys(RATES, Share("empty"))
        full = scheme.base_points + sum(scheme.term(rate).weight for rate in RATES)
        score = rounded(_final(full, counts, scheme)) if scheme.zero_due == "full_score" else None
        return Assessment(counts=counts, shares=nothing, score=score)
    shares = {rate: _share(counts, rate, scheme.term(rate)) for rate in RATES}
    low = high = scheme.base_points
    for rate, share in shares.items():
        term = scheme.term(rate)
        worst, best = _worth(rate, share, term)
        low += term.weight * worst
        high += term.weight * best
    ends = rounded(_final(low, counts, scheme)), rounded(_final(high, counts, scheme))
    if not any(share.basis == "unknown" for share in shares.values()):
        return Assessment(counts=counts, shares=shares, score=ends[0])
    known = any(share.basis != "unknown" for share in shares.values())
    return Assessment(counts=counts, shares=shares, score=None, between=ends if known else None)


def rounded(number: Fraction, places: int = _PLACES) -> Decimal:
    """Rounded half up (away from zero) to ``places`` decimals, all of them kept: 100 → ``100.00``."""
    scaled = floor(abs(number) * 10**places + _HALF)
    return Decimal(scaled if number >= 0 else -scaled).scaleb(-places)


def implied_count(base: int, printed: Printed) -> int | None:
    """The one count of ``base`` that prints like this; None where no count or more than one does."""
    exact = base * printed.value
    if exact.denominator == 1:
        return int(exact)
    low, high = printed.bounds()
    least, most = max(ceil(base * low), 0), min(ceil(base * high) - 1, base)
    return least if least == most else None


def implied_bases(count: int, printed: Printed) -> range:
    """The denominators with which ``count`` prints like this: 31 855 and 94.75 % leave 33 619 to 33 621.

    ``count`` is at least 1 and the rate above 0; otherwise every denominator would do and ``ValueError`` is raised.
    """
    low, high = printed.bounds()
    if count < 1 or low <= 0:
        raise ValueError("a rate of nothing says nothing about its denominator")
    return range(max(floor(count / high) + 1, count), floor(count / low) + 1)


def _share(counts: Counts, rate: Rate, term: Term) -> Share:
    number, printed = counts.count(NUMERATORS[rate]), counts.printed.get(rate)
    base, size = next(((name, size) for name in term.bases if (size := counts.count(name)) is not None), (None, None))
    # a denominator that only stands in for the right one is worth less than a printed rate
    if number is not None and size is not None and (printed is None or base == term.bases[0]):
        return Share("counts", Fraction(number, size), base) if size else Share("empty", base=base)
    if printed is None:
        # nothing assigned, nothing handled: the numerator need not be written down
        return Share("empty", base=base) if size == 0 and base == term.bases[0] else Share("unknown", base=base)
    if size and base == term.bases[0] and (implied := implied_count(size, printed)) is not None:
        return Share("implied", Fraction(implied, size), base, implied)
    return Share("printed", printed.value)


def _worth(rate: Rate, share: Share, term: Term) -> tuple[Fraction, Fraction]:
    """The least and the most (0 to 1) that a rate may bring."""
    if share.basis == "unknown":
        return Fraction(0), Fraction(1)
    value = (term.empty or Fraction(0)) if share.value is None else share.value
    value = 1 - value if rate == "extension" else value
    return value, value


def _final(points: Fraction, counts: Counts, scheme: Scheme) -> Fraction:
    deducted = counts.media_deduction or Fraction(0)
    if scheme.most_deducted is not None:
        deducted = min(deducted, scheme.most_deducted)
    score = points - deducted
    return score if scheme.lowest_score is None else max(score, scheme.lowest_score)
