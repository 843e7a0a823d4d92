"""Emergencies: the reviewed text and the calls go out at once; the case is filed in the same breath.

Nothing is asked first, no hour is too late, and an unknown place holds up nobody: it is asked for in the same text.
"""

from dataclasses import replace

from bot.desk import questions
from bot.desk.assignment import Located, locate
from bot.desk.cases import open_case
from bot.handlers.base import Turn, said_in
from bot.texts.group import ALARM

FIRST_REPLY = "3min"


def sound(turn: Turn) -> str | None:
    item = turn.items.get(turn.meaning.item)
    if item is None or not turn.meaning.urgent or turn.meaning.decision != "act":
        return None
    if turn.group is not None and turn.is_staff:
        return None  # staff in a group already handle it, or announce a drill
    place = locate(
        turn.view, said_in(turn.meaning.slots), group=turn.group, home=turn.home, whole_text=turn.incoming.text
    )
    located = place if isinstance(place, Located) else None
    if located is not None:
        turn.note_place(located)
    opened = open_case(
        turn.session,
        office=turn.office,
        view=turn.view,
        report=replace(turn.report_of(item), urgency="emergency", first_reply=FIRST_REPLY, alarm=item.alarm or ALARM),
        located=located,
        by=turn.by,
        now=turn.now,
    )
    turn.note_opened(opened)
    if (located is None or located.guessed) and (item.restricted or not item.quiet):
        questions.ask_where(
            turn.session,
            talk=turn.private_talk if item.restricted and turn.group is not None else turn.talk,
            case_id=opened.case.id or 0,
            quote=turn.quote,
            inbox_id=turn.inbox_id,
            now=turn.now,
            wait=turn.wait,
        )
    return f"alarm:{opened.case.id}"
