"""「网格员电话多少」: the contact card, at once and without a question back. Opens no case."""

from bot.desk.assignment import Located, assign, locate
from bot.desk.contacts import cards_for
from bot.desk.letters import Letter, post, to_group, to_identity, to_staff
from bot.handlers.base import Turn, said_in
from bot.texts import contacts as say
from bot.texts import times
from bot.texts.private import please_post
from storage.group import LISTENING_KINDS

ITEM = "talk.contacts"


def show(turn: Turn) -> str | None:
    if turn.meaning.item != ITEM or turn.meaning.decision != "act":
        return None
    if turn.group is not None and turn.group.group.kind not in LISTENING_KINDS:
        return None
    said = said_in(turn.meaning.slots)
    place = locate(turn.view, said, group=turn.group, home=turn.home, whole_text=turn.incoming.text)
    located = place if isinstance(place, Located) else None
    if located is not None:
        turn.note_place(located)
    cards = cards_for(
        turn.view,
        place=located,
        said=said,
        words=turn.incoming.text,
        group=turn.group,
        roles=turn.roles,
        now=turn.now,
    )
    community = turn.view.community
    phones = {"phone": community.phone, "duty_phone": community.duty_phone}
    if turn.group is None:
        hours = turn.view.hours.on(times.local(turn.now).date())
        words = say.in_private(community=community.name, cards=cards, hours=hours, **phones)
        letters = [to_identity(turn.identity, words)]
    else:
        words = say.in_group(nick=turn.identity.display_name, cards=cards, **phones)
        letters = _into_group(turn, words, cards[0].grid_id if len(cards) == 1 else None)
    post(turn.session, letters, about=f"inbox-{turn.inbox_id}", case_id=None, now=turn.now)
    turn.note_letters(letters)
    return "contacts"


def _into_group(turn: Turn, words: str, grid_id: int | None) -> list[Letter]:
    """Where no robot may post, whoever is responsible there carries the words in."""
    assert turn.group is not None, "called for groups only"
    letters = to_group(turn.office, turn.group.group, words, mention=turn.identity.external_id)
    if letters:
        return letters
    lead = assign(turn.view, grid_id, channels=turn.office.channels, now=turn.now)
    by_hand = please_post(group=turn.group.group.name, text=words)
    return to_staff(turn.view, turn.office, lead.person, by_hand) if lead else []
