"""What a job is, and the ticker. A job may run twice, or in two processes at once, without harm.

APScheduler only ticks; what is due stands in the tables. A job runs in a thread of its own: on its tick, or at once
when somebody wakes it because there is work.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from apscheduler.schedulers.background import BackgroundScheduler
from prometheus_client import Counter

_log = logging.getLogger("gridbot.jobs")
_RUNS = Counter("gridbot_job_runs_total", "Runs of each job by result", ["job", "result"])


class Work(Protocol):
    """One round of a job: does what is due, and says whether more is waiting."""

    def __call__(self, now: Callable[[], datetime], /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Job:
    """``every`` seconds it ticks; ``role`` is the kind of process that runs it (web, worker, clock, or all)."""

    name: str
    every: float
    role: str
    work: Work


def tried(what: str, work: Callable[[], object]) -> bool:
    """Do one piece of a round apart from the others: a fault is logged and costs that piece only. False: it failed."""
    try:
        work()
    except Exception:
        _log.exception("%s failed", what)
        return False
    return True


class Jobs:
    """Runs jobs until ``stop``. ``wake`` brings a job's next round forward."""

    def __init__(self, jobs: list[Job], *, clock: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._clock = clock
        self._due = {job.name: threading.Event() for job in jobs}
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._loop, args=(job,), name=job.name, daemon=True) for job in jobs]
        self._ticker = BackgroundScheduler(timezone="UTC")

    def start(self) -> None:
        for job in self._jobs:
            self._ticker.add_job(
                self._due[job.name].set, "interval", seconds=job.every, coalesce=True, max_instances=1, id=job.name
            )
            self._due[job.name].set()
        self._ticker.start()
        for thread in self._threads:
            thread.start()

    def wake(self, name: str) -> None:
        if name in self._due:
            self._due[name].set()

    def stop(self) -> None:
        """Let running rounds end, then stop."""
        self._stopping.set()
        if self._ticker.running:
            self._ticker.shutdown(wait=False)
        for event in self._due.values():
            event.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=10)

    def _loop(self, job: Job) -> None:
        due = self._due[job.name]
        while not self._stopping.is_set():
            due.wait()
            due.clear()
            while not self._stopping.is_set() and self._run(job):
                pass

    def _run(self, job: Job) -> bool:
        try:
            more = job.work(self._clock)
        except Exception:
            _RUNS.labels(job.name, "failed").inc()
            _log.exception("job %s failed; it will be tried again at its next tick", job.name)
            return False
        _RUNS.labels(job.name, "done").inc()
        return more
