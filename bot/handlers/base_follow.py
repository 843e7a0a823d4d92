"""What all follow-ups of a resident need: which case he means, the answer where he spoke, the desk's verb for it."""

import re
from collections.abc import Iterable

from bot.desk import asking, cases, closing, following, questions
from bot.desk.assignment import Located, Said, locate
from bot.desk.directory import GroupView
from bot.desk.errors import Refusal
from bot.desk.letters import Letter, post, to_identity
from bot.desk.lifecycle import REPORTER
from bot.handlers.base import Turn
from bot.intents.base import FollowUp
from bot.texts import progress
from storage.case import Case
from storage.group import ChatGroup

SPEAKS_OF_A_CASE = frozenset({"progress_query", "cancel_request", "satisfaction"})
_SAYS_BUILDING = re.compile(r"[\d一二三四五六七八九十A-Za-z]\s?(?:号楼|栋|幢|座|#)|\d[-－]\d")


def asks_anew(turn: Turn) -> bool:
    """A clear request, so that only a case about the same matter comes into question."""
    meaning = turn.meaning
    return meaning.decision == "act" and meaning.is_request and meaning.intent not in SPEAKS_OF_A_CASE


def meant(among: Iterable[Case], said: FollowUp) -> list[Case]:
    """Those that the words name: by number, by whom they are for, by the matter; all when they name none."""
    found = list(among)
    if said.number:
        return [case for case in found if case.number == asking.short_number(said.number)]
    if said.beneficiary:
        theirs = [case for case in found if said.beneficiary in f"{case.beneficiary} {case.words}"]
        if theirs:
            return theirs
    if said.like:
        return [case for case in found if any(word in f"{case.title} {case.words}" for word in said.like)]
    return found


def likely(among: Iterable[Case], said: FollowUp) -> list[Case]:
    """As ``meant``; but a description may name other things than the matter: 「水都流到客厅了」."""
    found = list(among)
    return meant(found, said) or ([] if said.number else found)


def own(turn: Turn, among: Iterable[Case]) -> list[Case]:
    """Those he reported himself: whoever only joined may ask and add, and decides nothing."""
    return [case for case in among if REPORTER in turn.acting.parts(turn.session, case)]


def is_fresh(turn: Turn, case: Case) -> bool:
    """Reported so shortly before that what he says next is most likely about it."""
    return case.opened_at >= turn.now - asking.FRESH


def is_secret(case: Case) -> bool:
    """Of these a group hears not even that they go on."""
    return case.restricted or bool(case.mediation)


def elsewhere(turn: Turn, case: Case) -> bool:
    """Whether the line names another house, or another unit, than the case has."""
    slots = turn.meaning.slots
    house = turn.view.buildings.get(case.building_id or 0)
    if house is None or not slots.building:
        return False
    unit = turn.view.units.get(case.unit_id or 0)
    other_unit = unit is not None and bool(slots.unit) and unit.number != slots.unit
    return house.number.upper() != slots.building.upper() or other_unit


def place_is_a_guess(turn: Turn, case: Case) -> bool:
    """Whether its place is only the registered address of whoever reported."""
    home = turn.person.building_id if turn.person else None
    return home is not None and case.building_id == home and _SAYS_BUILDING.search(case.words) is None


def rows_of(turn: Turn, among: Iterable[Case], *, alone: bool = False) -> list[str]:
    """One line each, as he may read it here."""
    in_group = turn.group is not None and not alone
    return [asking.row(turn.session, acting=turn.acting, case=case, in_group=in_group) for case in among]


def no_case(turn: Turn, said: FollowUp | None) -> str | None:
    """He asks for what is not his: a number of this group is told, else a clear sentence. Unclear words: silence."""
    if said is None or said.kind != "progress" or not said.sure or asks_anew(turn) or turn.is_on_staff:
        return None
    if said.number and turn.group is not None:
        case = asking.told_in(turn.session, group=turn.group, number=said.number, now=turn.now)
        if case is not None:
            say(turn, rows_of(turn, [case])[0])
            return f"progress:{case.id}"
    say(turn, progress.not_yours(nick="", number=said.number) if said.number else progress.no_case(nick=""))
    return "no_case"


def stands_so(turn: Turn, said: FollowUp, mine: asking.Mine) -> str:
    """He named a case, and what he wants of it cannot be: he hears how it stands, or that it is none of his."""
    case = next(iter(meant((*mine.running, *mine.handled, *mine.closed), said)), None)
    if case is None:
        say(turn, progress.not_yours(nick="", number=said.number))
        return "no_case"
    say(turn, rows_of(turn, [case], alone=is_secret(case))[0], alone=is_secret(case))
    return f"progress:{case.id}"


def say(turn: Turn, words: str, *, alone: bool = False) -> None:
    """An answer where he spoke, with his name in a group; ``alone``: to him only."""
    if alone or turn.group is None:
        letters = [to_identity(turn.identity, words)]
    else:
        named = progress.addressed(nick=turn.identity.display_name, words=words)
        letters = questions.to_speaker(turn.office, turn.view, turn.talk, named, turn.now)
    post(turn.session, letters, about=f"inbox-{turn.inbox_id}", case_id=None, now=turn.now)
    turn.note_letters(letters)


def say_refusal(turn: Turn, refusal: Refusal) -> str:
    """Why not, and what he can do: to him alone, because it may say more than a group should read."""
    say(turn, refusal.say, alone=True)
    return "refused"


def added(turn: Turn, case: Case, *, words: str | None = None, media: str = "") -> str:
    whole, shown = (turn.incoming.text, turn.quote) if words is None else (words, words)
    try:
        letters = following.add(turn.session, acting=turn.acting, case=case, words=whole, shown=shown, media=media)
    except Refusal as refusal:
        return say_refusal(turn, refusal)
    turn.note_letters(letters)
    return f"added:{case.id}"


def put_where(turn: Turn, case: Case, said: Said, words: str, *, corrects: bool = False) -> str | None:
    """Put the case where he now says it is: when he corrects it, or when nobody knew. None: no other place was said."""
    if not (said.building or said.unit or said.place or corrects) or not own(turn, [case]):
        return None
    if not corrects and (case.building_id is not None or not (said.building or said.unit)):
        return None
    group = turn.group or _group_of(turn, case)
    place = locate(turn.view, said, group=group, home=None, whole_text=words)
    if not isinstance(place, Located) and not said.building and case.building_id is not None:
        house = turn.view.buildings[case.building_id]
        inside = Said(building=house.number, unit=said.unit, room=said.room)
        estate = turn.view.estates[house.estate_id].name
        place = locate(turn.view, inside, group=group, home=None, whole_text=f"{estate}{words}")
    if not isinstance(place, Located) or place.text == case.place:
        return None
    turn.note_place(place)
    turn.note_letters(_move(turn, case, place))
    return f"located:{case.id}"


def _group_of(turn: Turn, case: Case) -> GroupView | None:
    """Where he first spoke of it: a number said in private afterwards is meant there."""
    spoken = turn.session.get(ChatGroup, case.group_id) if case.group_id is not None else None
    return turn.office.directory.group(turn.session, spoken.channel, spoken.external_id) if spoken else None


def _move(turn: Turn, case: Case, place: Located) -> list[Letter]:
    if case.urgency != "emergency":
        return following.correct_place(
            turn.session, acting=turn.acting, case=case, located=place, words=turn.incoming.text
        )
    # everybody of the right place is called, with all that was said
    return cases.add_place(
        turn.session,
        office=turn.office,
        view=turn.view,
        case=case,
        located=place,
        reporter=turn.identity,
        reporter_person=turn.person,
        quote=case.quote,
        spoken_in=turn.group,
        by=turn.by,
        now=turn.now,
    )


def not_solved(turn: Turn, case: Case) -> str:
    try:
        turn.note_letters(closing.rework(turn.session, acting=turn.acting, case=case, words=_words_for_leader(turn)))
    except Refusal as refusal:
        return say_refusal(turn, refusal)
    return f"reworked:{case.id}"


def _words_for_leader(turn: Turn) -> str:
    """A bare digit tells him nothing."""
    return "" if re.fullmatch(r"\W*\d\W*", turn.incoming.text) else turn.quote
