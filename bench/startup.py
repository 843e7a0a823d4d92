"""How soon the service is ready, and how much memory it holds when nothing happens.

``python -m bench.startup [--short] [--database sqlite|postgres|both]``. Reference in the same run: a Python process
that only imports the web framework, the tables' library and the server.
"""

import sys
import time
from dataclasses import dataclass, field
from statistics import median

from bench.figures import SHOWN, Options, Report, Target, ratios, read_options, spread
from bench.machine import DidNotStart, Machine, Running, free_port, opened, others_busy
from bot.app import fill_demo, utc_now

READY_TARGET, MEMORY_TARGET = Target("≤", 3), Target("≤", 180)
# long enough for what a process makes ready when it is open already
IDLE_SECONDS = 8
SHORT_IDLE_SECONDS = 6
_IMPORTS = "import fastapi, sqlmodel, uvicorn; print('in', flush=True); import time; time.sleep(60)"


@dataclass
class Start:
    """One way to start, and what its runs took."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    memory: float = 0.0
    cpu: list[float] = field(default_factory=list)

    def run(self, machine: Machine, *, idle: float) -> None:
        port = free_port()
        ready = "/readyz"
        running = machine.run([*self.command, "--port", str(port)], name=self.name, port=port, env=self.env)
        self.seconds.append(running.wait(ready))
        self._look(running, idle)

    def run_imports(self, machine: Machine, *, idle: float) -> None:
        running = machine.run(self.command, name=self.name, port=0)
        log = machine.folder / f"{self.name}.log"
        while not log.exists() or log.read_text().count("in\n") <= len(self.seconds):
            if time.perf_counter() - running.started > 60:
                raise DidNotStart("the three imports did not end")
            time.sleep(0.005)
        self.seconds.append(time.perf_counter() - running.started)
        self._look(running, idle)

    def _look(self, running: Running, idle: float) -> None:
        self.cpu.append(running.cpu())
        if idle:
            time.sleep(idle)
            self.memory = running.rss_mb()
        running.stop()


def measure(machine: Machine, options: Options, report: Report) -> None:
    rounds = 2 if options.short else 5
    reference = Start("imports", ["-c", _IMPORTS])
    first = Start("first", ["-m", "bot", "serve"], {"GRIDBOT_DATA_DIR": str(machine.folder / "first")})
    starts: list[Start] = []
    for kind in options.databases:
        url = machine.database(kind)
        with opened(url) as engine:
            fill_demo(engine, utc_now)
        env = {"GRIDBOT_DATABASE_URL": url}
        starts.append(Start(f"all roles, {SHOWN[kind]}", ["-m", "bot", "serve"], env))
        if options.short and starts[1:]:
            continue
        starts.append(Start(f"web only, {SHOWN[kind]}", ["-m", "bot", "serve", "--roles", "web"], env))
    first.run(machine, idle=0)
    noise = []
    for turn in range(rounds):
        idle = (SHORT_IDLE_SECONDS if options.short else IDLE_SECONDS) if turn == rounds - 1 else 0
        noise.append(others_busy(0.1))
        reference.run_imports(machine, idle=idle)
        for start in starts:
            start.run(machine, idle=idle)

    report.remark(
        f"{rounds} interleaved rounds; memory is resident after {idle} idle seconds of the last. "
        f"Other work on this machine: {median(noise):.2f} cores, most {max(noise):.2f}."
    )
    report.figure(
        "reference: three imports",
        median(reference.seconds),
        "s",
        note=f"rounds {spread(reference.seconds)}; {median(reference.cpu):.2f} s of CPU",
    )
    report.figure("reference: three imports, memory", reference.memory, "MB", digits=0)
    report.figure("first start ever, SQLite", first.seconds[0], "s", note="with migration and demo import; once")
    for start in starts:
        ratio = median(ratios(start.seconds, reference.seconds))
        note = f"{ratio:.2f} × the reference; rounds {spread(start.seconds)}; {median(start.cpu):.2f} s of CPU"
        report.figure(f"ready, {start.name}", median(start.seconds), "s", target=READY_TARGET, note=note)
        note = f"{start.memory / reference.memory:.2f} × the reference"
        report.figure(f"memory, {start.name}", start.memory, "MB", target=MEMORY_TARGET, note=note, digits=0)


def main() -> int:
    options = read_options(__doc__ or "")
    report = Report("startup: until /readyz, and memory when idle")
    with Machine() as machine:
        measure(machine, options, report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
