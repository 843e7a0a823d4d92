"""How many encrypted callbacks one process takes, next to a bare Starlette hook that stores nothing.

``python -m bench.intake [--short] [--database sqlite|postgres|both]``. Every request's inbox row is committed before
its 200; the rows are counted afterwards.
"""

import random
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate, islice
from statistics import median

from sqlalchemy import func
from sqlmodel import select

from bench.callbacks import Batch, Envelopes, chatter, requests
from bench.client import Client, Load
from bench.figures import SHOWN, Options, Report, Target, percentile, ratios, read_options, spread
from bench.machine import Machine, Running, opened, others_busy
from bot.app import fill_demo, utc_now
from bot.intents import words as segmenter
from bot.intents.catalog import load_catalog
from bot.intents.engine import Engine
from bot.words import place_words
from storage.db import reading
from storage.message import Inbox

CONNECTIONS = 96
REQUEST_SHARE = 0.1
CHATTER_TARGET, MIXED_TARGET, P99_TARGET = Target("≥", 1.3), Target("≥", 1.1), Target("≤", 20)


@dataclass
class Subject:
    """One server, what was asked of it, and what it took."""

    name: str
    server: Running
    share: float
    loads: list[Load] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        return [load.rate for load in self.loads]

    def run(self, batch: Batch) -> None:
        with Client(self.server.port, CONNECTIONS) as client:
            before = self.server.cpu()
            self.loads.append(client.saturate(batch.requests))
            self.cpu.append((self.server.cpu() - before) / len(batch.requests) * 1e6)


class Service:
    """One service process on its own database, and how many rows its inbox must have in the end."""

    def __init__(self, machine: Machine, kind: str) -> None:
        self.kind = kind
        self.url = machine.database(kind)
        with opened(self.url) as engine:
            fill_demo(engine, utc_now)
        self.server = machine.service(self.url, roles="web", name=f"service-{kind}")
        self.due = 0

    def rows(self) -> int:
        with opened(self.url) as engine, reading(engine) as session:
            return session.exec(select(func.count()).select_from(Inbox)).one()


def gate_of(service: Service) -> Callable[[str], bool]:
    """The gate as the service has it: the catalogue and the places of its community."""
    segmenter.prepare()
    with opened(service.url) as engine, reading(engine) as session:
        places = place_words(session)
    return Engine(load_catalog(), places).keeps


def measure(machine: Machine, options: Options, report: Report) -> None:
    rounds, count, seconds = (5, 1_500, 1.0) if options.short else (5, 10_000, 5.0)
    services = [Service(machine, kind) for kind in options.databases]
    servers = {kind: machine.reference(kind) for kind in ("constant", "starlette")}
    keeps = gate_of(services[0])
    for service in services:
        service.server.wait("/readyz")
    for server in servers.values():
        server.wait()
    chance, envelopes = random.Random(1), Envelopes()
    lines, wanted = chatter(chance, keeps), requests(chance)
    missed = sum(not keeps(line) for line in islice(requests(random.Random(2)), 500))
    report.check("the gate keeps every request", missed == 0, f"{missed} of 500 requests would be dropped")
    ceiling = Subject("the client alone", servers["constant"], 0.0)
    reference = Subject("reference", servers["starlette"], 0.0)
    quiet = Subject("chatter", services[0].server, 0.0)
    mixed = {service.kind: Subject("mixed", service.server, REQUEST_SHARE) for service in services}
    subjects = [reference, quiet, *mixed.values(), ceiling]

    def batch_for(subject: Subject, size: int) -> Batch:
        batch = envelopes.batch(size, lines=lines, wanted=wanted, share=subject.share)
        for service in services:
            service.due += batch.kept if mixed.get(service.kind) is subject else 0
        return batch

    for subject in subjects:
        subject.run(batch_for(subject, count // 5))
        subject.loads.clear()
        subject.cpu.clear()
    noise = []
    for turn in range(rounds):
        # another order each round, so that nobody always comes first
        for subject in subjects[turn % len(subjects) :] + subjects[: turn % len(subjects)]:
            batch = batch_for(subject, count)
            noise.append(others_busy(0.1))
            subject.run(batch)
    paced: dict[str, list[Load]] = defaultdict(list)
    for _ in range(1 if options.short else 3):
        for service in services:
            rate = median(mixed[service.kind].rates) / 2
            batch = batch_for(mixed[service.kind], int(rate * seconds))
            gaps = accumulate(chance.expovariate(rate) for _ in batch.requests)
            with Client(service.server.port, CONNECTIONS) as client:
                paced[service.kind].append(client.pace(batch.requests, list(gaps)))

    report.remark(
        f"{rounds} interleaved rounds of {count:,} distinct callbacks over {CONNECTIONS} connections; a ratio is the "
        f"median of its rounds'. Other work on this machine: {median(noise):.2f} cores, most {max(noise):.2f}."
    )
    show(report, reference, reference, "", None)
    show(report, quiet, reference, " (never touches a database)", CHATTER_TARGET)
    for service in services:
        subject = mixed[service.kind]
        show(report, subject, reference, f" 90/10, {SHOWN[service.kind]}", MIXED_TARGET)
        show_latency(report, service, paced[service.kind])
    show_client(report, ceiling, subjects)
    loads = [load for subject in subjects for load in subject.loads] + [
        load for each in paced.values() for load in each
    ]
    bad = sum(len(load.refused) for load in loads)
    report.check("every answer was 200", bad == 0, f"{bad} others")
    for service in services:
        rows = service.rows()
        report.check(f"{SHOWN[service.kind]}: one inbox row per answered request", rows == service.due,
                     f"{rows:,} rows, {service.due:,} requests")  # fmt: skip


def show(report: Report, subject: Subject, reference: Subject, what: str, target: Target | None) -> None:
    ratio = ratios(subject.rates, reference.rates)
    note = (
        f"{median(subject.rates):,.0f}/s (rounds {spread(subject.rates)}), server CPU {median(subject.cpu):.0f} µs "
        f"each = {median(reference.cpu) / median(subject.cpu):.2f} × by CPU"
    )
    report.figure(subject.name + what, median(ratio), "×", target=target, note=note)


def show_latency(report: Report, service: Service, loads: list[Load]) -> None:
    """Of several runs the median counts: one hiccup of a shared machine must not decide, nor hide."""
    tails = [percentile(load.latencies, 0.99) * 1e3 for load in loads]
    middles = [percentile(load.latencies, 0.5) * 1e3 for load in loads]
    late = [percentile(load.late, 0.99) * 1e3 for load in loads]
    note = (
        f"{median(load.rate for load in loads):,.0f}/s open loop, p50 {median(middles):.2f} ms, p99 of the runs "
        f"{', '.join(f'{tail:.1f}' for tail in tails)}; client late by p99 {median(late):.2f} ms"
    )
    report.figure(f"p99 at half load, {SHOWN[service.kind]}", median(tails), "ms", target=P99_TARGET, note=note)


def show_client(report: Report, ceiling: Subject, subjects: list[Subject]) -> None:
    fastest = max(median(subject.rates) for subject in subjects if subject is not ceiling)
    shares = [load.client_share for subject in subjects if subject is not ceiling for load in subject.loads]
    report.figure(
        "client's own ceiling / fastest service", median(ceiling.rates) / fastest, "×", target=Target("≥", 1.5),
        note=f"{median(ceiling.rates):,.0f}/s against a constant answer; client used {median(shares):.0%} of a core, "
        f"most {max(shares):.0%}",
    )  # fmt: skip


def main() -> int:
    options = read_options(__doc__ or "")
    report = Report("intake: encrypted callbacks into one process")
    with Machine() as machine:
        measure(machine, options, report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
