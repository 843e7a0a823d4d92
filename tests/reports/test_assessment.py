"""The score: the city's own table to the cent, and what must hold for every table."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reports.assessment import Assessment, Counts, Printed, assess, implied_bases, implied_count, rounded
from bot.reports.assessment_out import percent
from config.scheme import RATES, Rate, Scheme
from tests.reports import golden
from tests.reports.golden import TAIYUAN


@pytest.mark.parametrize("on_time", [True, False], ids=["with the on-time count", "from the percentage"])
@pytest.mark.parametrize("row", golden.complete(), ids=golden.unit)
def test_every_complete_row_of_the_city_comes_out_to_the_cent(row: dict[str, str], on_time: bool) -> None:
    assert str(assess(golden.counts(row, on_time=on_time), TAIYUAN).score) == golden.score(row)


@pytest.mark.parametrize("row", golden.rows(), ids=golden.unit)
def test_every_rate_prints_as_the_city_printed_it(row: dict[str, str]) -> None:
    found = assess(golden.counts(row), TAIYUAN)
    assert {rate: str(percent(found.shares[rate].value)) for rate in golden.printed(row)} == golden.printed(row)


def test_there_are_thirty_five_complete_rows_and_one_that_breaks_off() -> None:
    assert len(golden.complete()) == 35
    assert len(golden.rows()) == 36


def test_the_row_that_breaks_off_is_reckoned_as_far_as_it_goes() -> None:
    found = assess(golden.counts(golden.rows()[-1]), TAIYUAN)
    assert found.shares["closure"].value == Fraction(498, 543)
    assert found.shares["on_time"].value == Fraction(351, 543)
    assert (found.shares["extension"].basis, found.shares["first_pass"].basis) == ("unknown", "unknown")
    assert found.score is None
    assert found.between == (Decimal("64.86"), Decimal("88.86"))


def test_the_rounded_percentages_alone_would_miss_three_rows() -> None:
    """Why rates are never fed back in rounded: it costs exactly the three rows that the city's table shows."""
    wrong = []
    for row in golden.complete():
        bare = replace(golden.counts(row), due=None, closed=None, on_time=None)
        if str(assess(bare, TAIYUAN).score) != golden.score(row):
            wrong.append(golden.unit(row))
    assert wrong == ["晋源区", "尖草坪区", "太原市城市照明管理中心"]


def test_the_city_wide_rate_leaves_three_possible_numbers_of_due_cases() -> None:
    """31 855 closed are 94.75 % of 33 619, 33 620 or 33 621 due cases, and of no other number."""
    headline = Printed(Fraction("94.75"))
    bases = implied_bases(31_855, headline)
    assert list(bases) == [33_619, 33_620, 33_621]
    assert [n for n in range(31_855, 40_000) if rounded(Fraction(31_855 * 100, n)) == Decimal("94.75")] == list(bases)
    assert bases[-1] < 34_039, "not all of the cases that were dispatched were due"


@pytest.mark.parametrize(
    ("number", "says"),
    [("2.345", "2.35"), ("2.344999", "2.34"), ("0.005", "0.01"), ("100", "100.00"), ("0", "0.00"), ("-0.005", "-0.01")],
)
def test_a_half_is_rounded_up_and_both_decimals_are_kept(number: str, says: str) -> None:
    assert str(rounded(Fraction(number))) == says


@pytest.mark.parametrize(
    ("base", "text", "count"),
    [
        (60, "5.00", 3),
        (1779, "99.89", 1777),
        (3, "33.33", 1),
        (46, "2.17", 1),
        (3, "50.00", None),
        (9308, "99.87", 9296),
        (50_000, "94.75", 47_375),
        (50_001, "33.33", None),
        (7, "0.00", 0),
        (7, "100.00", 7),
    ],
)
def test_a_printed_rate_gives_its_count_away_where_only_one_fits(base: int, text: str, count: int | None) -> None:
    assert implied_count(base, Printed(Fraction(text))) == count


def test_a_rate_of_nothing_says_nothing_about_its_denominator() -> None:
    with pytest.raises(ValueError, match="says nothing"):
        implied_bases(0, Printed(Fraction(50)))
    with pytest.raises(ValueError, match="says nothing"):
        implied_bases(5, Printed(Fraction(0)))


def _counts(due: int = 10, closed: int = 10, **others: int | Fraction) -> Counts:
    known: dict[str, int | Fraction] = {"on_time": closed, "extended": 0, "extension_base": due, "first_pass": closed,
                                        "first_pass_base": closed, **others}  # fmt: skip
    return replace(Counts(unit="甲", due=due, closed=closed), **known)  # type: ignore[arg-type]


def test_a_unit_with_nothing_due_has_no_score_and_no_rates() -> None:
    found = assess(_counts(0, 0), TAIYUAN)
    assert found.score is None
    assert found.between is None
    assert [found.shares[rate].value for rate in RATES] == [None] * 4


def test_another_scheme_may_give_a_unit_with_nothing_due_full_marks() -> None:
    generous = replace(TAIYUAN, zero_due="full_score")
    assert assess(_counts(0, 0, media_deduction=Fraction("0.2")), generous).score == Decimal("99.80")


def test_who_handled_nothing_gets_nothing_for_doing_it_at_once() -> None:
    found = assess(_counts(10, 0, on_time=0), TAIYUAN)
    assert found.shares["first_pass"].basis == "empty"
    assert found.score == Decimal("28.00")


def test_who_was_given_nothing_has_extended_nothing() -> None:
    assert assess(_counts(extension_base=0), TAIYUAN).score == Decimal("100.00")


def test_more_can_be_on_time_than_closed() -> None:
    """An open case with an extended limit is on time: 3 030 of 3 030 with 3 024 closed."""
    found = assess(_counts(3030, 3024, on_time=3030), TAIYUAN)
    assert found.shares["on_time"].value == 1
    assert found.shares["closure"].value == Fraction(3024, 3030)


def test_the_deduction_is_taken_off_in_points_and_has_a_floor_only_where_the_scheme_has_one() -> None:
    counts = _counts(10, 0, on_time=0, media_deduction=Fraction(40))
    assert assess(counts, TAIYUAN).score == Decimal("-12.00")
    assert assess(counts, replace(TAIYUAN, most_deducted=Fraction(20))).score == Decimal("8.00")
    assert assess(counts, replace(TAIYUAN, lowest_score=Fraction(0))).score == Decimal("0.00")


def test_the_denominator_is_the_schemes() -> None:
    counts = _counts(100, 50, extended=5, extension_base=200)
    by_due = replace(TAIYUAN, extension=replace(TAIYUAN.extension, bases=("due",)))
    assert assess(counts, TAIYUAN).shares["extension"].value == Fraction(5, 200)
    assert assess(counts, by_due).shares["extension"].value == Fraction(5, 100)


def test_a_denominator_that_is_not_there_is_replaced_by_the_next() -> None:
    counts = replace(_counts(100, 50, extended=5, first_pass=40), extension_base=None, first_pass_base=None)
    shares = assess(counts, TAIYUAN).shares
    assert (shares["extension"].value, shares["extension"].base) == (Fraction(5, 100), "due")
    assert (shares["first_pass"].value, shares["first_pass"].base) == (Fraction(40, 50), "closed")


def test_a_printed_rate_is_better_than_a_replaced_denominator() -> None:
    counts = replace(
        _counts(55, 55, extended=11), extension_base=None, printed={"extension": Printed(Fraction("18.33"))}
    )
    share = assess(counts, TAIYUAN).shares["extension"]
    assert (share.value, share.basis) == (Fraction("0.1833"), "printed")


_small = st.integers(min_value=0, max_value=300)


@st.composite
def _possible(draw: st.DrawFn) -> Counts:
    due = draw(_small)
    base, handled = draw(_small), draw(_small)
    return _counts(
        due,
        draw(st.integers(0, due)),
        on_time=draw(st.integers(0, due)),
        extended=draw(st.integers(0, base)),
        extension_base=base,
        first_pass=draw(st.integers(0, handled)),
        first_pass_base=handled,
        media_deduction=draw(st.fractions(0, 20, max_denominator=10)),
    )


@given(_possible())
def test_a_score_lies_between_none_and_full_marks(counts: Counts) -> None:
    score = assess(counts, TAIYUAN).score
    assert (score is None) == (counts.due == 0)
    assert score is None or 0 <= score <= 100


@given(_possible(), st.sampled_from(["closed", "on_time"]))
def test_one_more_closed_or_on_time_never_costs_anything(counts: Counts, what: str) -> None:
    before = getattr(counts, what)
    if counts.due and before < counts.due:
        more = replace(counts, **{what: before + 1})
        assert _score(assess(more, TAIYUAN)) >= _score(assess(counts, TAIYUAN))


@given(_possible())
def test_one_more_extension_or_rework_never_gains_anything(counts: Counts) -> None:
    score = assess(counts, TAIYUAN).score
    if score is None:
        return
    if counts.extended is not None and counts.extended < (counts.extension_base or 0):
        assert _score(assess(replace(counts, extended=counts.extended + 1), TAIYUAN)) <= score
    if counts.first_pass:
        assert _score(assess(replace(counts, first_pass=counts.first_pass - 1), TAIYUAN)) <= score


@given(_possible())
def test_the_score_is_the_exact_sum_rounded_once(counts: Counts) -> None:
    """Against the formula written out anew, in integers over one common denominator."""
    found = assess(counts, TAIYUAN)
    if not counts.due:
        return
    assert counts.closed is not None
    assert counts.on_time is not None
    extended, base, first, handled = counts.extended, counts.extension_base, counts.first_pass, counts.first_pass_base
    late = Fraction(extended or 0, base) if base else Fraction(0)
    once = Fraction(first or 0, handled) if handled else Fraction(0)
    exact = (20 + Fraction(32 * counts.closed + 24 * counts.on_time, counts.due) + 8 * (1 - late) + 16 * once
             - (counts.media_deduction or 0))  # fmt: skip
    cents = exact * 100
    nearest = cents.numerator * 2 // cents.denominator  # twice the score in cents, cut off
    assert int(_score(found) * 100) == (nearest + 1) // 2


@given(st.lists(_possible(), min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_no_row_depends_on_another(rows: list[Counts], random: object) -> None:
    alone = {id(row): assess(row, TAIYUAN).score for row in rows}
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert [assess(row, TAIYUAN).score for row in shuffled] == [alone[id(row)] for row in shuffled]


@given(st.integers(1, 9_999), st.data())
def test_a_count_is_found_again_in_what_it_prints_as(base: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, base))
    shown = percent(Fraction(count, base))
    assert shown is not None
    assert implied_count(base, Printed(Fraction(shown))) == count


@given(st.integers(1, 5_000), st.data())
def test_a_denominator_is_among_those_that_a_rate_allows(base: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, base))
    shown = percent(Fraction(count, base))
    if shown:
        assert base in implied_bases(count, Printed(Fraction(shown)))


@given(_possible(), st.sampled_from(RATES))
def test_what_is_unknown_lies_where_it_is_said_to_lie(counts: Counts, rate: Rate) -> None:
    """A row that lacks one rate names two scores; the true one is between them."""
    if not counts.due:
        return
    names = {"closure": "closed", "on_time": "on_time", "extension": "extended", "first_pass": "first_pass"}
    lacking = assess(replace(counts, **{names[rate]: None}), TAIYUAN)  # type: ignore[arg-type]
    if lacking.between is not None:
        assert lacking.between[0] <= _score(assess(counts, TAIYUAN)) <= lacking.between[1]


def _score(found: Assessment) -> Decimal:
    assert found.score is not None
    return found.score


def test_the_taiyuan_scheme_makes_a_hundred() -> None:
    def total(scheme: Scheme) -> Fraction:
        return scheme.base_points + sum(scheme.term(rate).weight for rate in RATES)

    assert total(TAIYUAN) == 100
