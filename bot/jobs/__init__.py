"""The clock's work, as one ordered table. ``every`` is in seconds; a wake-up in between costs nothing."""

from dataclasses import dataclass

from bot.jobs.auditor import Auditor
from bot.jobs.base import Job, Work
from bot.jobs.deadlines import Archive, Deadlines
from bot.jobs.deliver import Deliver
from bot.jobs.handover import HandOver
from bot.jobs.sweep import Forget, Seal, Sweep


@dataclass(frozen=True)
class Hands:
    """The workers that the table below sets to work."""

    intake: Work
    deliver: Deliver
    sweep: Sweep
    deadlines: Deadlines
    auditor: Auditor
    archive: Archive
    seal: Seal
    forget: Forget
    handover: HandOver
    words: Work
    attention: Work


def all_jobs(hands: Hands) -> list[Job]:
    return [
        Job("intake", 0.25, "worker", hands.intake),
        Job("deliver", 0.25, "worker", hands.deliver),
        Job("sweep", 15.0, "clock", hands.sweep),
        Job("deadlines", 15.0, "clock", hands.deadlines),
        Job("auditor", 60.0, "clock", hands.auditor),
        Job("archive", 3_600.0, "clock", hands.archive),
        Job("seal", 5.0, "clock", hands.seal),
        Job("handover", 60.0, "clock", hands.handover),
        Job("forget", 600.0, "clock", hands.forget),
        Job("words", 2.0, "all", hands.words),
        Job("attention", 1.0, "all", hands.attention),
    ]


__all__ = ["Hands", "Job", "all_jobs"]
