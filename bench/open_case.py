"""How fast a recorded message becomes a case, and how soon the people concerned hold their messages.

``python -m bench.open_case [--short] [--database sqlite|postgres|both]``. First the real pipeline in this process,
without HTTP, next to the database alone; then one full service between a caller and the platform's stand-in.
"""

import itertools
import random
import sys
import time
from statistics import median
from typing import Any

from sqlalchemy import insert
from sqlmodel import func, select

from bench.callbacks import requests
from bench.city import CHANNEL, build
from bench.figures import SHOWN, Options, Report, Target, ratios, read_options, spread
from bench.machine import Machine, opened, others_busy, wecom_environment
from bench.round_trip import measure_round_trip
from bench.tape import Tape
from bot.app import Service, open_service, utc_now
from bot.channels.base import Incoming, lane_of, pack
from config.settings import read_settings
from storage.case import Case
from storage.db import reading, writing
from storage.message import Inbox, Outbox

CASES_TARGET = Target("≥", 300)
COMMUNITIES, GRIDS_EACH = 30, 10
WARM_UP = 100


class Desk:
    """The real service on a full city, driven by hand: nothing of it runs by itself."""

    def __init__(self, machine: Machine, kind: str, rows: int) -> None:
        self.kind = kind
        self._machine = machine
        self._ids = itertools.count(1)
        self._chance = random.Random(1)
        self.url = machine.database(kind)
        with opened(self.url) as engine:
            self.city = build(engine, communities=COMMUNITIES, grids_each=GRIDS_EACH, residents=rows)
        self._residents = itertools.cycle(self.city.residents)
        environment = {**wecom_environment("http://127.0.0.1:9/cgi-bin/"), "GRIDBOT_DATABASE_URL": self.url}
        self.service: Service = open_service(read_settings(environment), roles=())
        self.rates: list[float] = []
        self.cpu: list[float] = []
        self.alone: list[float] = []
        self.statements: dict[str, float] = {}
        self.messages = 10_000_000  # far from the numbers of the inbox, for verbs that no message asks for

    def round(self, count: int) -> None:
        """Drain ``count`` rows of distinct senders; then record the SQL of as many more, and replay it on a copy."""
        self.fill(count)
        cpu, begun = time.process_time(), time.perf_counter()
        self.drain()
        self.rates.append(count / (time.perf_counter() - begun))
        self.cpu.append((time.process_time() - cpu) / count * 1e6)
        self.fill(count)
        database = self.service.database
        database.dispose()
        self.service.durable.dispose()
        copy = self._machine.copy_of(self.url)
        tape = Tape()
        with tape.recording(database):
            self.drain()
        with opened(copy) as engine:
            self.alone.append(count / tape.play(engine))
        self.statements = {name: sent / count for name, sent in tape.statements().most_common()}

    def drain(self) -> None:
        while self.service.pipeline.work(clock=utc_now):
            pass

    def fill(self, count: int) -> None:
        # whoever says the same again within the hour adds to his case: each row is somebody else's
        here = [next(self._residents) for _ in range(count)]
        members = [member for member, _ in here]
        words = requests(self._chance, [address for _, address in here])
        now = utc_now()
        rows: list[dict[str, Any]] = []
        for member, text in zip(members, words, strict=False):
            incoming = Incoming(
                channel=CHANNEL, message_id=str(next(self._ids)), kind="text", sender=member, at=now, text=text
            )
            rows.append({
                "channel": CHANNEL, "message_id": incoming.message_id, "lane": lane_of(incoming),
                "payload": pack(incoming), "received_at": now, "state": "open", "attempts": 0, "not_before": now,
                "outcome": "",
            })  # fmt: skip
        with writing(self.service.database) as session:
            session.execute(insert(Inbox), rows)

    def counts(self) -> tuple[int, int]:
        """Cases and letters."""
        with reading(self.service.database) as session:
            cases = session.exec(select(func.count()).select_from(Case)).one()
            return cases, session.exec(select(func.count()).select_from(Outbox)).one()

    def close(self) -> None:
        self.service.intake.close()
        self.service.deliver.close()
        self.service.database.dispose()
        self.service.durable.dispose()


def measure_pipeline(machine: Machine, options: Options, report: Report) -> None:
    rounds, count = (5, 150) if options.short else (5, 2_000)
    desks = [Desk(machine, kind, 2 * (rounds * count + WARM_UP)) for kind in options.databases]
    for desk in desks:
        desk.round(WARM_UP)
        desk.rates.clear()
        desk.cpu.clear()
        desk.alone.clear()
    noise = []
    for _ in range(rounds):
        for desk in desks:
            noise.append(others_busy(0.1))
            desk.round(count)
    report.remark(
        f"Pipeline: {rounds} interleaved rounds of {count:,} inbox rows of distinct residents in {COMMUNITIES} "
        f"communities of {GRIDS_EACH} grids. Other work here: {median(noise):.2f} cores, most {max(noise):.2f}."
    )
    for desk in desks:
        show(report, desk, 2 * (rounds * count + WARM_UP))
        desk.close()


def show(report: Report, desk: Desk, expected: int) -> None:
    name = SHOWN[desk.kind]
    note = f"rounds {spread(desk.rates)}; this process used {median(desk.cpu):,.0f} µs of CPU per case"
    report.figure(f"cases opened, {name}", median(desk.rates), "/s", target=CASES_TARGET, note=note, digits=0)
    sent = sum(desk.statements.values())
    report.figure(
        f"ceiling: the same SQL alone, {name}", median(desk.alone), "/s",
        note=f"{sent:.1f} statements per case; rounds {spread(desk.alone)}", digits=0,
    )  # fmt: skip
    report.figure(f"share of the ceiling, {name}", median(ratios(desk.rates, desk.alone)), "×")
    cases, letters = desk.counts()
    report.check(f"a case for every row, {name}", cases == expected, f"{cases:,} of {expected:,}, {letters:,} letters")
    report.remark(f"{name}, statements per case: " + ", ".join(f"{n} {c:.2f}" for n, c in desk.statements.items()))


def main() -> int:
    options = read_options(__doc__ or "")
    report = Report("open_case: from the recorded message to the people concerned")
    with Machine() as machine:
        measure_pipeline(machine, options, report)
        for kind in options.databases:
            measure_round_trip(machine, kind, report, seconds=4 if options.short else 25)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
