"""Claims of the outbox when much is waiting: shared without overlap, and found without comparing all with all."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert, text
from sqlmodel import col, func, select

from storage.db import open_engine, reading, writing
from storage.message import Outbox
from storage.queue import Parcel, _claim_outbox, claim_outbox, finish_outbox, put_off
from tests.town import NOON

LEASE = timedelta(seconds=60)


def _fill(database: Engine, count: int, *, lanes: int) -> None:
    rows = [
        {"key": str(number), "channel": "c", "lane": f"lane{number % lanes}", "to": "person", "address": "a",
         "label": "", "payload": {"text": "您好"}, "urgent": number % 50 == 0, "created_at": NOON, "not_before": NOON,
         "state": "open", "attempts": 0, "ref": "", "response_code": "", "error": ""}
        for number in range(count)
    ]  # fmt: skip
    with writing(database) as session:
        session.execute(insert(Outbox), rows)


def test_many_senders_share_without_overlap_and_keep_each_lanes_order(database_url: str, database: Engine) -> None:
    _fill(database, 240, lanes=60)
    taken: list[Parcel] = []
    guard = threading.Lock()

    def work() -> None:
        engine = open_engine(database_url)
        idle = 0
        while idle < 20:  # whoever comes while all heads are held finds nothing, and looks again
            with writing(engine) as session:
                rows = claim_outbox(session, now=NOON, lease=LEASE, most=7)
                ends = [
                    {"row": row.id, "tries": row.attempts, "end": "sent", "due": NOON, "sent": NOON, "receipt": "",
                     "code": "", "trouble": ""}
                    for row in rows
                ]  # fmt: skip
                if ends:
                    finish_outbox(session, ends)
                with guard:
                    taken.extend(rows)
            idle = 0 if rows else idle + 1
        engine.dispose()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(database) as session:
        left = session.exec(select(func.count()).where(col(Outbox.state) == "open")).one()
    assert left == 0
    assert len(taken) == len({row.id for row in taken}) == 240
    for lane in {row.lane for row in taken}:
        mine = [(not row.urgent, row.id) for row in taken if row.lane == lane]
        assert mine == sorted(mine)


def test_what_was_put_off_counts_as_not_tried(database: Engine) -> None:
    _fill(database, 1, lanes=1)
    with writing(database) as session:
        (row,) = claim_outbox(session, now=NOON, lease=LEASE, most=5)
        put_off(session, [(row, NOON + timedelta(minutes=1))])
    with writing(database) as session:
        assert claim_outbox(session, now=NOON + timedelta(seconds=59), lease=LEASE, most=5) == []
        (again,) = claim_outbox(session, now=NOON + timedelta(minutes=1), lease=LEASE, most=5)
    assert again.attempts == row.attempts == 1


@pytest.mark.parametrize("analyzed", [False, True])
def test_a_long_line_is_not_compared_with_itself_whatever_the_statistics_say(postgres_url: str, analyzed: bool) -> None:
    """PostgreSQL believes that nearly nothing is open, and once compared 1,500 rows with 1,500: 950,000 blocks read."""
    database = open_engine(postgres_url)
    if analyzed:
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE outbox"))
    _fill(database, 1_500, lanes=1_500)
    claim = str(_claim_outbox(True).compile(database))
    with writing(database) as session:
        (plan,) = session.connection().exec_driver_sql(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {claim}",
            {"now": NOON, "until": NOON + LEASE, "most": 32, "attempts_1": 1, "place_1": 1},
        ).one()  # fmt: skip
    database.dispose()
    read = plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]
    assert read < 20_000, f"{read} blocks"


def test_a_letter_held_for_the_morning_lets_later_ones_of_its_lane_pass(database: Engine) -> None:
    """A result that waits two minutes, or a reminder that waits for seven o'clock, must not silence its group."""
    _fill(database, 2, lanes=1)
    with writing(database) as session:
        session.execute(text("UPDATE outbox SET urgent = (1 = 0)"))
        held = session.exec(select(Outbox).order_by(col(Outbox.id))).first()
        assert held is not None
        held.not_before = NOON + timedelta(hours=9)
        session.add(held)
    with writing(database) as session:
        (row,) = claim_outbox(session, now=NOON, lease=LEASE, most=5)
        assert row.id != held.id
    with writing(database) as session:
        assert claim_outbox(session, now=NOON, lease=LEASE, most=5) == [], "what is under way keeps its lane"
