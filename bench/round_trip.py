"""From the encrypted callback to the card and the answer at the platform's stand-in, through one full service.

Part of ``bench.open_case``. Arrivals are read from the stand-in's own ledger; the moments of the callbacks are the
schedule's, so a late caller makes the figures worse, never better.
"""

import json
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import select

from bench.callbacks import Envelopes, requests
from bench.city import CHANNEL, City, build
from bench.client import Client, Load
from bench.figures import SHOWN, Report, Target, percentile
from bench.machine import Machine, Running, opened, others_busy
from storage.case import Case
from storage.db import reading
from storage.person import Identity

PER_SECOND = 50
CONNECTIONS = 16
P99_TARGET = Target("≤", 1_000)
COMMUNITIES, GRIDS_EACH = 30, 15
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Trip:
    """One run: when each member's callback was due (unix seconds), and what the caller saw."""

    due: dict[str, float]
    load: Load
    cpu_share: float
    standin_share: float


def measure_round_trip(machine: Machine, kind: str, report: Report, *, seconds: int) -> None:
    count = PER_SECOND * seconds
    url = machine.database(kind)
    with opened(url) as engine:
        city = build(engine, communities=COMMUNITIES, grids_each=GRIDS_EACH, residents=count + PER_SECOND)
    ledger = machine.folder / f"ledger-{kind}.jsonl"
    standin = machine.standin(ledger)
    service = machine.service(
        url, roles="web,worker,clock", name=f"full-{kind}", api_base=f"http://127.0.0.1:{standin.port}/cgi-bin/"
    )
    service.wait("/readyz")
    noise = others_busy(0.5)
    # the first second is for waking up: token, connections, compiled statements
    call(service, standin, city, 0, PER_SECOND)
    settle(ledger, PER_SECOND)
    trip = call(service, standin, city, PER_SECOND, count)
    rows = settle(ledger, PER_SECOND + count)
    answers, cards = arrivals(url, rows, trip.due)
    service.stop()
    standin.stop()

    name = SHOWN[kind]
    report.remark(
        f"Round trip, {name}: {count:,} requests at {PER_SECOND}/s open loop, {city.grids} grids; {len(rows):,} sent "
        f"messages. Shares of a core: service {trip.cpu_share:.0%}, stand-in {trip.standin_share:.0%}, caller "
        f"{trip.load.client_share:.0%}. Other work on the machine before: {noise:.2f} cores."
    )
    for what, found in (("answer", answers), ("card", cards)):
        report.check(f"every {what} arrived, {name}", len(found) == count, f"{len(found):,} of {count:,}")
        if found:
            note = f"p50 {percentile(found, 0.5) * 1e3:.0f} ms, slowest {max(found) * 1e3:.0f} ms"
            p99 = percentile(found, 0.99) * 1e3
            report.figure(f"callback to {what}, p99, {name}", p99, "ms", target=P99_TARGET, note=note, digits=0)
    dropped = sum(1 for row in rows if row.get("dropped"))
    twice = sum(1 for row in rows if row.get("duplicate"))
    report.check(f"no limit touched, {name}", not dropped and not twice, f"{dropped} dropped, {twice} repeated")
    report.check(f"every callback was taken, {name}", not trip.load.refused, f"{len(trip.load.refused)} refused")


def call(service: Running, standin: Running, city: City, first: int, count: int) -> Trip:
    """``count`` members say what is broken at their place, one after the other, from resident ``first`` on."""
    members = city.residents[first : first + count]
    words = requests(random.Random(first), [address for _, address in members])
    envelopes = Envelopes()
    sealed = [envelopes.seal(text, member) for (member, _), text in zip(members, words, strict=False)]
    moments = [index / PER_SECOND for index in range(count)]
    before = service.cpu(), standin.cpu()
    with Client(service.port, CONNECTIONS) as client:
        begun = time.time() + 0.02
        load = client.pace(sealed, moments)
    due = {member: begun + moment for (member, _), moment in zip(members, moments, strict=True)}
    used = (service.cpu() - before[0]) / load.seconds, (standin.cpu() - before[1]) / load.seconds
    return Trip(due, load, *used)


def settle(ledger: Path, cases: int) -> list[dict[str, Any]]:
    """The stand-in's ledger once every case has its answer and its card, or when nothing more comes."""
    until = time.monotonic() + _PATIENCE
    while True:
        rows = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()] if ledger.exists() else []
        cards = sum(1 for row in rows if row["kind"] == "template_card")
        answers = sum(1 for row in rows if row["kind"] == "text" and row["api"] == "message/send")
        if min(cards, answers) >= cases or time.monotonic() > until:
            return rows
        time.sleep(0.25)


def arrivals(url: str, rows: list[dict[str, Any]], due: dict[str, float]) -> tuple[list[float], list[float]]:
    """Seconds from each callback to the arrival of its answer and of its card."""
    with opened(url) as engine, reading(engine) as session:
        told = session.exec(
            select(Case.id, Identity.external_id).join(Identity).where(Identity.channel == CHANNEL)
        ).all()
    task_of = {f"case-{case}@1": member for case, member in told}
    answers = [row["at"] - due[row["to"]] for row in rows if row["kind"] == "text" and row["to"] in due]
    # a card's task names the case, its version, the moment and the reader
    by_card = (
        (row["at"], task_of.get(row.get("task_id", "").rsplit("-", 2)[0], ""))
        for row in rows
        if row["kind"] == "template_card"
    )
    return answers, [at - due[member] for at, member in by_card if member in due]
