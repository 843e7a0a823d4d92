"""What every verb needs at hand: the directory, the calendar, and the channels that can carry messages now."""

from dataclasses import dataclass

from bot.desk.calendar import Calendar
from bot.desk.directory import Directory

LEADS = {
    "worker": "网格员", "standin": "网格员", "leader": "网格长", "dispatcher": "社区工作人员", "chief": "社区书记",
    "street": "街道工作人员", "duty": "值班员",
}  # fmt: skip


@dataclass(frozen=True)
class Office:
    """``channels`` are those that reach a person now, best first; ``group_channels`` those that post into groups.

    ``closer_may_be_handler`` is for a community with so few people that one must check his own work.
    """

    directory: Directory
    calendar: Calendar
    channels: tuple[str, ...]
    group_channels: tuple[str, ...]
    closer_may_be_handler: bool = False
