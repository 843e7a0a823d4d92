"""The waiting line: one inside, in the order of coming, and no thread locks itself out."""

import threading
import time

import pytest
from sqlalchemy import create_engine

from storage.line import Line, in_turn


def test_first_come_first_served() -> None:
    line, served = Line(), []
    threads = []

    def write(number: int) -> None:
        with line.turn():
            served.append(number)
            time.sleep(0.002)

    with line.turn():
        for number in range(10):
            thread = threading.Thread(target=write, args=(number,))
            thread.start()
            threads.append(thread)
            time.sleep(0.005)
    for thread in threads:
        thread.join()
    assert served == list(range(10))


def test_only_one_is_inside() -> None:
    line, inside, most = Line(), [0], [0]

    def write() -> None:
        for _ in range(200):
            with line.turn():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1


def test_whoever_is_inside_may_enter_again() -> None:
    line = Line()
    with line.turn(), line.turn():
        pass
    with line.turn():
        pass


def test_an_error_inside_gives_the_place_on() -> None:
    line = Line()
    with pytest.raises(RuntimeError), line.turn():
        raise RuntimeError
    with line.turn():
        pass


def test_a_server_database_needs_no_line() -> None:
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with in_turn(engine), in_turn(engine):
        pass
