"""The counts of a period, each definition by its examples; on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from bot.reports import case_facts, counts, drilldown
from bot.reports.assessment import assess
from bot.reports.counts import Counted, Tally, count
from bot.reports.period import Period, days, month
from config.scheme import RATES, ClosedWhen
from storage.case import CaseState
from storage.db import writing
from storage.grid import Community, Grid
from tests.reports.book import DECEMBER, NOVEMBER, Book, at, moved
from tests.reports.golden import TAIYUAN

S = CaseState


@pytest.fixture
def book(database: Engine) -> Iterator[Book]:
    with writing(database) as session:
        yield Book(session)


def _all(book: Book, period: Period = NOVEMBER, *, closed_when: ClosedWhen = "handled") -> dict[str, Counted]:
    book.session.flush()
    return {each.unit.name: each for each in count(book.session, period, closed_when=closed_when)}


def _tally(book: Book, period: Period = NOVEMBER, *, closed_when: ClosedWhen = "handled") -> Tally:
    return _all(book, period, closed_when=closed_when)["小镇社区"].tally


def _figures(book: Book, period: Period = NOVEMBER, *, closed_when: ClosedWhen = "handled") -> tuple[int, int, int]:
    """Due, closed, on time."""
    tally = _tally(book, period, closed_when=closed_when)
    return tally.due, tally.closed, tally.on_time


# ---- due


def test_a_case_is_due_where_its_deadline_falls(book: Book) -> None:
    for due in (at(11, 1, 0), at(11, 30, 23, 59), at(12, 1, 0), at(10, 31, 23, 59)):
        book.case(due=due)
    assert _figures(book) == (2, 0, 0)


@pytest.mark.parametrize("state", case_facts.OUT)
def test_what_nobody_has_to_finish_is_not_due(book: Book, state: str) -> None:
    book.case(due=at(11, 10), state=state)
    assert _figures(book) == (0, 0, 0)


@pytest.mark.parametrize("state", sorted(set(S) - set(case_facts.OUT) - {S.ARCHIVED}))
def test_what_was_filed_and_not_ended_otherwise_is_due(book: Book, state: str) -> None:
    book.case(due=at(11, 10), state=state)
    assert _figures(book)[0] == 1


def test_what_was_archived_counts_only_if_it_had_been_closed(book: Book) -> None:
    book.case(due=at(11, 10), state=S.ARCHIVED, handled=at(11, 9), closed=at(11, 9))
    book.case(due=at(11, 10), state=S.ARCHIVED, events=[(at(11, 8), "withdrawn")])
    assert _figures(book) == (1, 1, 1)


def test_a_clock_that_rests_for_the_resident_is_not_overdue(book: Book) -> None:
    book.case(due=at(11, 10), state=S.IN_PROGRESS, paused=at(11, 9), events=[(at(11, 9), "waits_for_resident")])
    book.case(due=at(11, 10), state=S.HANDLED, paused=at(11, 9), handled=at(11, 20))
    assert _figures(book) == (1, 1, 0)


# ---- closed and on time


def test_handled_in_time_late_and_not_at_all(book: Book) -> None:
    book.case(due=at(11, 10), handled=at(11, 10), state=S.HANDLED)
    book.case(due=at(11, 10), handled=at(11, 10, 9, 1), state=S.CLOSED, closed=at(11, 11))
    book.case(due=at(11, 10))
    assert _figures(book) == (3, 2, 1)


def test_what_was_closed_without_a_word_of_handling_is_done(book: Book) -> None:
    book.case(due=at(11, 10), closed=at(11, 9), state=S.CLOSED)
    assert _figures(book) == (1, 1, 1)


def test_what_was_handled_after_the_end_was_not_handled_then(book: Book) -> None:
    book.case(due=at(11, 30, 20), handled=at(12, 1, 0), closed=at(12, 2), state=S.CLOSED)
    assert _figures(book) == (1, 0, 0)


def test_while_the_month_runs_what_has_time_left_is_on_time_and_not_closed(book: Book) -> None:
    """So more can be on time than closed."""
    book.case(due=at(11, 28))
    book.case(due=at(11, 20), opened=at(11, 18))
    running = month("2026-11", now=at(11, 22))
    assert _figures(book, running) == (2, 0, 1)
    assert _figures(book) == (2, 0, 0)


def test_a_scheme_may_count_as_closed_only_what_was_checked(book: Book) -> None:
    """Then more are on time than closed, as in the city's table."""
    book.case(due=at(11, 10), handled=at(11, 9), state=S.HANDLED)
    book.case(due=at(11, 10), handled=at(11, 9), closed=at(11, 12), state=S.CLOSED)
    book.case(due=at(11, 10), handled=at(11, 9), closed=at(12, 2), state=S.CLOSED)
    assert _figures(book) == (3, 3, 3)
    assert _figures(book, closed_when="closed") == (3, 1, 3)


def test_what_was_opened_anew_later_had_been_closed_then(book: Book) -> None:
    ends = [(at(11, 9), "handled"), (at(11, 12), "closed"), (at(12, 3), "reopened")]
    book.case(due=at(11, 10), handled=at(11, 9), state=S.ASSIGNED, events=ends)
    assert _figures(book, closed_when="closed") == (1, 1, 1)
    assert _tally(book).first_pass == 1, "it was opened anew only in December"


# ---- deadlines that move


def test_an_extension_moves_a_case_to_the_month_of_its_new_deadline(book: Book) -> None:
    book.case(due=at(12, 5), events=[(at(11, 20), "extended", moved(at(11, 25), at(12, 5)))])
    assert _figures(book) == (0, 0, 0)
    assert _figures(book, DECEMBER) == (1, 0, 0)


@pytest.mark.parametrize("kind", case_facts.MOVES)
def test_an_extension_that_came_after_the_end_changes_nothing_about_it(book: Book, kind: str) -> None:
    book.case(due=at(12, 5), events=[(at(12, 1, 0), kind, moved(at(11, 30, 20), at(12, 5)))])
    assert _figures(book) == (1, 0, 0)
    assert _figures(book, DECEMBER) == (1, 0, 0)


def test_several_moves_are_read_back_to_the_first_after_the_end(book: Book) -> None:
    moves = [
        (at(11, 5), "extended", moved(at(11, 10), at(11, 20))),
        (at(12, 1), "extended", moved(at(11, 20), at(12, 5))),
        (at(12, 4), "deadline_moved", moved(at(12, 5), at(12, 9))),
    ]
    book.case(due=at(12, 9), events=moves)
    assert _figures(book) == (1, 0, 0)
    assert _figures(book, days("2026-11-01", "2026-11-15", now=at(12, 30))) == (0, 0, 0)
    assert _figures(book, days("2026-11-16", "2026-11-30", now=at(12, 30))) == (1, 0, 0)


def test_a_move_of_the_other_clock_says_nothing(book: Book) -> None:
    other = {**moved(at(11, 2), at(12, 20)), "clock": "first_reply"}
    book.case(due=at(11, 10), events=[(at(12, 3), "deadline_moved", other)])
    assert _figures(book) == (1, 0, 0)


def test_rework_does_not_move_a_case_out_of_its_month(book: Book) -> None:
    """The time that began anew for the second try is not the one by which the first is judged."""
    again = [(at(11, 28), "handled"), (at(11, 29), "reworked"),
             (at(11, 29), "deadline_moved", moved(at(11, 28, 12), at(12, 2), "居民说没解决"))]  # fmt: skip
    book.case(due=at(12, 2), handled=at(11, 28), events=again)
    assert _figures(book) == (1, 1, 1)
    assert _figures(book, DECEMBER) == (0, 0, 0)
    tally = _tally(book)
    assert (tally.handled, tally.first_pass) == (1, 0)


def test_an_old_deadline_in_another_time_zone_is_the_same_moment(book: Book) -> None:
    data = {**moved(at(11, 30, 23), at(12, 5)), "old": "2026-11-30T23:00:00+08:00"}
    book.case(due=at(12, 5), events=[(at(12, 1, 1), "extended", data)])
    assert _figures(book) == (1, 0, 0)


# ---- leaving and coming back


@pytest.mark.parametrize("kind", ["withdrawn", "merged", "declined", "self_handled", "suspended", "cooled"])
def test_what_left_after_the_end_was_still_due_then(book: Book, kind: str) -> None:
    state = S.SUSPENDED if kind == "cooled" else S(kind)
    book.case(due=at(11, 10), state=state, events=[(at(12, 2), kind)])
    book.case(due=at(11, 10), state=state, events=[(at(11, 9), kind)])
    assert _figures(book) == (1, 0, 0)


def test_what_rested_at_the_end_and_went_on_later_is_due_where_it_went_on(book: Book) -> None:
    rests = [
        (at(11, 18), "suspended"),
        (at(12, 3), "resumed"),
        (at(12, 3), "deadline_moved", moved(at(11, 20), at(12, 6), "resumed")),
    ]
    book.case(due=at(12, 6), state=S.IN_PROGRESS, events=rests)
    assert _figures(book) == (0, 0, 0)
    assert _figures(book, DECEMBER) == (1, 0, 0)


def test_a_wait_for_the_resident_that_he_ended_later_was_a_wait_then(book: Book) -> None:
    waits = [(at(11, 18), "waits_for_resident"), (at(12, 3), "deadline_moved", moved(at(11, 20), at(12, 6), "resumed"))]
    book.case(due=at(12, 6), state=S.IN_PROGRESS, events=waits)
    assert _figures(book) == (0, 0, 0)


def test_a_case_that_had_rested_before_and_was_worked_on_at_the_end_is_due(book: Book) -> None:
    rests = [(at(11, 5), "suspended"), (at(11, 8), "resumed"), (at(12, 9), "suspended")]
    book.case(due=at(11, 20), state=S.SUSPENDED, events=rests)
    assert _figures(book) == (1, 0, 0)


def test_a_settlement_ends_the_cooling_off(book: Book) -> None:
    calm = [(at(11, 5), "cooled"), (at(11, 8), "handled"), (at(11, 9), "reworked"), (at(12, 9), "suspended")]
    book.case(due=at(11, 20), state=S.SUSPENDED, handled=at(11, 8), events=calm)
    assert _figures(book) == (1, 1, 1)


# ---- extensions and the first try


def test_the_rate_of_extensions_has_all_assigned_cases_under_it(book: Book) -> None:
    for _ in range(3):
        book.case(due=at(11, 20), events=[(at(11, 10), "assigned")])
    book.case(due=at(11, 25), events=[(at(11, 10), "assigned"), (at(11, 15), "assigned"),
                                      (at(11, 16), "extended", moved(at(11, 20), at(11, 25)))])  # fmt: skip
    tally = _tally(book)
    assert (tally.extended, tally.assigned) == (1, 4)


def test_an_extension_of_what_was_assigned_earlier_is_in_both(book: Book) -> None:
    twice = [(at(10, 30), "assigned"), (at(11, 2), "extended", moved(at(11, 3), at(11, 5))),
             (at(11, 4), "extended", moved(at(11, 5), at(11, 9)))]  # fmt: skip
    book.case(due=at(11, 9), opened=at(10, 30), events=twice)
    tally = _tally(book)
    assert (tally.extended, tally.assigned) == (1, 1)


def test_what_was_taken_back_at_once_never_happened(book: Book) -> None:
    back = [(at(11, 10), "assigned"), (at(11, 11), "extended", moved(at(11, 12), at(11, 15))),
            (at(11, 11, 9, 1), "undone", {"what": "extended"})]  # fmt: skip
    book.case(due=at(11, 12), events=back)
    book.case(
        due=at(11, 12), events=[(at(11, 11), "self_handled"), (at(11, 11, 9, 1), "undone", {"what": "self_handled"})]
    )
    tally = _tally(book)
    assert (tally.extended, tally.assigned, tally.self_handled, tally.due) == (0, 1, 0, 2)


def test_a_suspension_that_was_taken_back_did_not_interrupt(book: Book) -> None:
    back = [(at(11, 5), "suspended"), (at(11, 5, 9, 1), "undone", {"what": "suspended"}), (at(12, 9), "withdrawn")]
    book.case(due=at(11, 20), state=S.WITHDRAWN, events=back)
    assert _figures(book) == (1, 0, 0)


def test_a_try_is_the_first_as_long_as_nobody_has_sent_it_back_by_the_end(book: Book) -> None:
    done = {"due": at(11, 10), "handled": at(11, 9), "state": S.HANDLED}
    book.case(**done)  # type: ignore[arg-type]
    book.case(**done, events=[(at(11, 12), "reworked")])  # type: ignore[arg-type]
    book.case(**done, events=[(at(11, 12), "reopened")])  # type: ignore[arg-type]
    book.case(**done, events=[(at(12, 2), "reworked")])  # type: ignore[arg-type]
    tally = _tally(book)
    assert (tally.handled, tally.first_pass) == (4, 2)


# ---- the five counters, points, places


def test_five_counters_are_five_numbers(book: Book) -> None:
    filed = [(at(11, 10), "registered"), (at(11, 10), "assigned")]
    book.case(due=at(11, 12), opened=at(11, 10), handled=at(11, 11), state=S.HANDLED, events=filed)
    book.case(due=at(12, 12), opened=at(11, 10), events=filed)
    book.case(due=at(11, 12), opened=at(11, 10), state=S.SELF_HANDLED, events=[(at(11, 10), "self_handled")])
    book.case(due=at(11, 12), opened=at(11, 10), state=S.DECLINED, events=[(at(11, 10), "declined")])
    book.case(due=at(11, 12), opened=at(11, 10), state=S.CANDIDATE, events=[(at(11, 10), "extracted")])
    book.case(due=at(11, 12), opened=at(11, 10), state=S.DISCARDED, events=[(at(11, 10), "extracted")])
    book.case(due=at(11, 2), opened=at(10, 31, 23, 59), events=[(at(10, 31, 23, 59), "registered")])
    tally = _tally(book)
    assert (tally.received, tally.self_handled, tally.registered, tally.due, tally.closed) == (4, 1, 2, 2, 1)


def test_what_was_doubtful_came_in_when_somebody_said_yes(book: Book) -> None:
    yes = [(at(11, 30, 20), "extracted"), (at(12, 1, 9), "confirmed"), (at(12, 1, 9), "registered")]
    book.case(due=at(12, 5), opened=at(11, 30, 20), events=yes)
    assert _tally(book).received == 0
    assert _tally(book, DECEMBER).received == 1


def test_points_of_the_media_add_up_exactly(book: Book) -> None:
    pressed = [(at(11, 10), "media_supervised", {"points": "0.1"}), (at(11, 11), "media_supervised", {"points": "0.2"}),
               (at(12, 1, 0), "media_supervised", {"points": "5"}), (at(11, 12), "supervised")]  # fmt: skip
    book.case(due=at(11, 20), events=pressed)
    found = _all(book)
    for name in ("小镇社区 东一网格", "小镇社区", "和平街道"):
        assert found[name].tally.points == Fraction("0.3")
    assert found["小镇社区 东二网格"].counts().media_deduction is None


def test_grids_communities_and_streets_add_up(book: Book) -> None:
    other = book.session.merge(Community(code="140109001903", name="河畔社区", tag="HP", street="和平街道"))
    book.session.flush()
    book.session.add(Grid(community_id=other.id or 0, code="1401090019030001", name="东一网格",
                          valid_from=book.town.east1.valid_from))  # fmt: skip
    book.case(due=at(11, 10))
    book.case(due=at(11, 10), grid=book.town.micro.id)
    book.case(due=at(11, 10), grid=book.town.east2.id)
    book.case(due=at(11, 10), grid=None)
    book.case(due=at(11, 10), grid=None, community=other.id)
    found = _all(book)
    assert {name: each.tally.due for name, each in found.items()} == {
        "和平街道": 5,
        "小镇社区": 4,
        "小镇社区 东一网格": 2,
        "小镇社区 东二网格": 1,
        "小镇社区 （未定网格）": 1,
        "河畔社区": 1,
        "河畔社区 东一网格": 0,
        "河畔社区 （未定网格）": 1,
    }
    assert [each.unit.level for each in found.values()][:3] == ["街道", "社区", "网格"]
    assert found["河畔社区 东一网格"].unit.code == "1401090019030001"
    assert assess(found["河畔社区 东一网格"].counts(), TAIYUAN).score is None, "nothing due, no score"


def test_every_rate_can_show_its_cases(book: Book) -> None:
    _mixed(book, 12)
    scheme = replace(TAIYUAN, closed_when="handled")
    for each in _all(book).values():
        found = assess(each.counts(), TAIYUAN)
        for rate in RATES:
            above, below = drilldown.behind(book.session, NOVEMBER, each.unit, rate, scheme=scheme)
            assert set(above) <= set(below) or rate == "on_time"
            assert len(above) == found.numerator(rate), (each.unit.name, rate)
            assert len(below) == each.counts().count(TAIYUAN.term(rate).bases[0]), (each.unit.name, rate)
            assert all(one.number for one in above)


def test_the_number_of_statements_does_not_grow_with_the_cases(book: Book) -> None:
    _mixed(book, 4)
    few = _statements(book)
    _mixed(book, 40)
    assert _statements(book) == few <= 10


def _statements(book: Book) -> int:
    ran: list[str] = []
    connection = book.session.connection()
    book.session.flush()

    def note(*what: object) -> None:
        ran.append(str(what[2]))

    event.listen(connection, "before_cursor_execute", note)
    count(book.session, NOVEMBER, closed_when="handled")
    event.remove(connection, "before_cursor_execute", note)
    return len(ran)


def _mixed(book: Book, rounds: int) -> None:
    """Cases of every kind, in three places."""
    for n in range(rounds):
        grid = (book.town.east1.id, book.town.east2.id, None)[n % 3]
        filed = [(at(11, 3), "registered"), (at(11, 3), "assigned")]
        book.case(due=at(11, 5), grid=grid, handled=at(11, 4 + n % 3), state=S.HANDLED, events=filed)
        book.case(due=at(11, 25), grid=grid, events=filed)
        book.case(due=at(12, 3), grid=grid, state=S.WITHDRAWN, events=[
            *filed, (at(12, 1), "extended", moved(at(11, 29), at(12, 3))), (at(12, 2), "withdrawn")])  # fmt: skip
        book.case(due=at(11, 9), grid=grid, handled=at(11, 6), events=[
            *filed, (at(11, 5), "extended", moved(at(11, 7), at(11, 8))), (at(11, 7), "reworked"),
            (at(11, 7), "deadline_moved", moved(at(11, 8), at(11, 9)))])  # fmt: skip


def test_an_empty_database_has_no_units(database: Engine) -> None:
    with Session(database) as session:
        assert counts.count(session, NOVEMBER, closed_when="handled") == []
