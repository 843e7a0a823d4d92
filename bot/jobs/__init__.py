"""The clock's work, as one ordered table. ``every`` is in seconds; a wake-up in between costs nothing."""

from dataclasses import dataclass

from bot.jobs.base import Job, Work
from bot.jobs.deliver import Deliver
from bot.jobs.sweep import Forget, Seal, Sweep


@dataclass(frozen=True)
class Hands:
    """The workers that the table below sets to work."""

    intake: Work
    deliver: Deliver
    sweep: Sweep
    seal: Seal
    forget: Forget
    words: Work


def all_jobs(hands: Hands) -> list[Job]:
    return [
        Job("intake", 0.25, "worker", hands.intake),
        Job("deliver", 0.25, "worker", hands.deliver),
        Job("sweep", 15.0, "clock", hands.sweep),
        Job("seal", 5.0, "clock", hands.seal),
        Job("forget", 3_600.0, "clock", hands.forget),
        Job("words", 2.0, "all", hands.words),
    ]


__all__ = ["Hands", "Job", "all_jobs"]
