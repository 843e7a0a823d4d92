"""Requests: a clear one becomes a case, joins the neighbours' one, or gets the one question that it still needs.

Below the threshold: silence.
"""

from bot.desk import incidents, questions
from bot.desk.assignment import Located, Said, locate
from bot.desk.cases import Opened, open_case
from bot.handlers.base import Turn, said_in
from bot.intents.base import Echo, Item
from storage.group import LISTENING_KINDS

# about a case that is there already; no new one may come of it
SPEAKS_OF_A_CASE = frozenset({"progress_query", "cancel_request", "satisfaction"})
RELAY = "relay"


def relay(turn: Turn) -> str | None:
    """A 接龙 goes through the group: only remembered, because a bare 「+1」 after it is no report."""
    if turn.group is not None and (turn.meaning.intent == RELAY or "接龙" in turn.incoming.text):
        incidents.relay_began(turn.session, group=turn.group, now=turn.now)
    return None


def again(turn: Turn) -> str | None:
    """A neighbour who joined says it once more: his words are kept, and no group reads another line for it."""
    meaning = turn.meaning
    item = turn.items.get(meaning.item)
    if item is None or not item.shared or meaning.decision != "act" or not turn.may_report:
        return None
    if not turn.knows_cases:
        return None
    said = said_in(meaning.slots)
    place = locate(turn.view, said, group=turn.group, home=turn.home, whole_text=turn.incoming.text)
    located = place if isinstance(place, Located) else place.known
    joined = incidents.once_more(turn.session, acting=turn.acting, report=turn.report_of(item), located=located)
    return _noted(turn, joined, located) if joined is not None else None


def echo(turn: Turn) -> str | None:
    """「我家也没水」「+1 3号楼」: joins what the group spoke of within the hour, where it fits; else it is no echo.

    So does what would not be sure enough by itself: who says 「咋没水了」 where others report just that, means that.
    """
    meaning, heard = turn.meaning, turn.meaning.echo
    if turn.group is None or turn.group.group.kind not in LISTENING_KINDS or not turn.may_report:
        return None
    unsure = meaning.decision == "maybe" and meaning.item in turn.items
    if heard is None and not unsure:
        return None
    heard = heard or Echo()
    about = heard.about
    if unsure or (meaning.decision == "act" and meaning.is_request):
        about = frozenset({meaning.item})  # it names its matter itself
    case = incidents.meant(turn.session, group=turn.group, about=about, now=turn.now, bare=not about)
    item = turn.items.get(case.item) if case is not None else None
    if case is None or item is None:
        return None
    said = Said() if heard.compared else said_in(meaning.slots)
    words = "" if heard.compared else turn.incoming.text
    place = locate(turn.view, said, group=turn.group, home=turn.home, whole_text=words)
    located = place if isinstance(place, Located) else place.known
    acting, shared, bare = turn.acting, turn.report_of(item), not about
    opened = incidents.same_as(turn.session, acting=acting, case=case, report=shared, located=located, bare=bare)
    if opened is None and located is not None and meaning.echo is not None:
        opened = incidents.take(turn.session, acting=acting, report=shared, located=located, bare=bare)
    return _noted(turn, opened, located) if opened is not None else None


def report(turn: Turn) -> str | None:
    meaning = turn.meaning
    item = turn.items.get(meaning.item)
    if item is None or meaning.decision != "act" or not meaning.is_request or not turn.may_report:
        return None
    if meaning.intent in SPEAKS_OF_A_CASE:
        return None
    said = said_in(meaning.slots)
    # whoever tips somebody off is not to be known by his own address
    home = None if item.hides_reporter else turn.home
    place = locate(turn.view, said, group=turn.group, home=home, whole_text=turn.incoming.text)
    located = place if isinstance(place, Located) else None
    if item.shared:
        near = place if isinstance(place, Located) else place.known
        joined = incidents.join(turn.session, acting=turn.acting, report=turn.report_of(item), located=near)
        if joined is not None:
            return _noted(turn, joined, near)
        if located is None and item.shared == incidents.ESTATE:
            located = near or _many_say_it(turn, item)
    if located is None and not isinstance(place, Located) and item.needs_place:
        letters = questions.ask(
            turn.session,
            office=turn.office,
            view=turn.view,
            talk=turn.private_talk if item.dispute and turn.group is not None else turn.talk,
            report=turn.report_of(item),
            said=said,
            unclear=place,
            now=turn.now,
            wait=turn.wait,
        )
        turn.thought["place"] = {"text": "还不清楚", "how": place.why}
        turn.note_letters(letters)
        return "asked"
    opened = open_case(
        turn.session,
        office=turn.office,
        view=turn.view,
        report=turn.report_of(item),
        located=located,
        by=turn.by,
        now=turn.now,
    )
    return _noted(turn, opened, located)


def _many_say_it(turn: Turn, item: Item) -> Located | None:
    """A second one in the group who says no building: it is in the whole estate, and one question is enough."""
    if turn.group is None or not questions.others_asked(turn.session, talk=turn.talk, item=item.code):
        return None
    return incidents.everywhere(turn.view, turn.group)


def _noted(turn: Turn, opened: Opened, located: Located | None) -> str:
    """Write down for staff what came of it; without clocks it is a case that was there before."""
    if located is not None:
        turn.note_place(located)
    turn.note_opened(opened)
    return f"{'case' if opened.clocks else 'joins'}:{opened.case.id}"
