"""Claims: each row to one worker at a time, in order within a lane, free again after the lease."""

import threading
from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import Session, select

from storage.db import open_engine, reading, writing
from storage.message import Inbox, Outbox
from storage.queue import End, claim_inbox, claim_outbox, finish_inbox
from tests.town import NOON

LEASE = timedelta(seconds=60)


def _message(number: int, lane: str) -> Inbox:
    return Inbox(channel="c", message_id=str(number), lane=lane, payload={}, received_at=NOON, not_before=NOON)


def _letter(number: int, lane: str, *, urgent: bool = False) -> Outbox:
    return Outbox(key=str(number), channel="c", lane=lane, to="person", address="a", payload={}, urgent=urgent,
                  created_at=NOON, not_before=NOON)  # fmt: skip


def _fill(database: Engine, rows: list[Inbox] | list[Outbox]) -> None:
    with writing(database) as session:
        session.add_all(rows)


def _claim(session: Session, *, after: int = 0, most: int = 10) -> list[str]:
    rows = claim_inbox(session, now=NOON + timedelta(seconds=after), lease=LEASE, most=most)
    return [row.message_id for row in rows]


def test_only_the_oldest_of_each_lane_is_taken(database: Engine) -> None:
    _fill(database, [_message(1, "a"), _message(2, "a"), _message(3, "b")])
    with writing(database) as session:
        assert _claim(session) == ["1", "3"]
    with writing(database) as session:
        assert _claim(session) == []


def test_the_next_of_a_lane_follows_when_the_first_is_done(database: Engine) -> None:
    _fill(database, [_message(1, "a"), _message(2, "a")])
    with writing(database) as session:
        row = claim_inbox(session, now=NOON, lease=LEASE, most=10)[0]
        assert finish_inbox(session, [End(row, "silent", {})])
    with writing(database) as session:
        assert _claim(session) == ["2"]


def test_after_the_lease_the_row_is_free_and_the_old_worker_cannot_close_it(database: Engine) -> None:
    _fill(database, [_message(1, "a")])
    with writing(database) as session:
        old = claim_inbox(session, now=NOON, lease=LEASE, most=1)[0]
    with writing(database) as session:
        new = claim_inbox(session, now=NOON + timedelta(seconds=61), lease=LEASE, most=1)[0]
    with writing(database) as session:
        assert not finish_inbox(session, [End(old, "late", {})])
        assert finish_inbox(session, [End(new, "done", {})])


def test_urgent_letters_pass_the_ordinary_ones(database: Engine) -> None:
    _fill(database, [_letter(1, "a"), _letter(2, "a"), _letter(3, "a", urgent=True), _letter(4, "b")])
    with writing(database) as session:
        keys = {row.key for row in claim_outbox(session, now=NOON, lease=LEASE, most=10)}
    assert keys == {"3", "4"}


def test_many_workers_share_without_overlap(database_url: str, database: Engine) -> None:
    _fill(database, [_message(number, f"lane{number}") for number in range(300)])
    taken: list[str] = []
    guard = threading.Lock()

    def work() -> None:
        engine = open_engine(database_url)
        while True:
            with writing(engine) as session:
                mine = _claim(session, most=7)
            with guard:
                taken.extend(mine)
            if not mine:
                break
        engine.dispose()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(database) as session:
        left = session.exec(select(Inbox).where(Inbox.attempts == 0)).all()
    assert not left
    assert len(taken) == 300
    assert len(set(taken)) == 300
