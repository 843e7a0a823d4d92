"""Requests: a clear one becomes a case, or the one question that it still needs. Below the threshold: silence."""

from bot.desk import questions
from bot.desk.assignment import Located, locate
from bot.desk.cases import open_case
from bot.handlers.base import Turn, said_in

# about a case that is there already; no new one may come of it
SPEAKS_OF_A_CASE = frozenset({"progress_query", "cancel_request", "satisfaction"})


def report(turn: Turn) -> str | None:
    meaning = turn.meaning
    item = turn.items.get(meaning.item)
    if item is None or meaning.decision != "act" or not meaning.is_request or not turn.may_report:
        return None
    if meaning.intent in SPEAKS_OF_A_CASE:
        return None
    said = said_in(meaning.slots)
    place = locate(turn.view, said, group=turn.group, home=turn.home, whole_text=turn.incoming.text)
    if not isinstance(place, Located) and item.needs_place:
        letters = questions.ask(
            turn.session,
            office=turn.office,
            view=turn.view,
            talk=turn.talk,
            report=turn.report_of(item),
            said=said,
            unclear=place,
            now=turn.now,
            wait=turn.wait,
        )
        turn.thought["place"] = {"text": "还不清楚", "how": place.why}
        turn.note_letters(letters)
        return "asked"
    located = place if isinstance(place, Located) else None
    if located is not None:
        turn.note_place(located)
    opened = open_case(
        turn.session,
        office=turn.office,
        view=turn.view,
        report=turn.report_of(item),
        located=located,
        by=turn.by,
        now=turn.now,
    )
    turn.note_opened(opened)
    return f"case:{opened.case.id}"
