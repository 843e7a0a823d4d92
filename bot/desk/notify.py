"""Who hears of what: one table. A listener turns what happened into letters; nothing here changes a case."""

from collections.abc import Callable

from sqlmodel import Session

from bot.desk import told_later as later
from bot.desk import told_opening as opening
from bot.desk.letters import Letter, post
from bot.desk.news import News
from bot.desk.told_opening import Story

# the order is the order of sending
HEARS: dict[str, tuple[Callable[[Story], list[Letter]], ...]] = {
    "opened": (opening.answer_to_speaker, opening.task_to_lead, opening.line_to_neighbours),
    "alarm": (opening.alarm_to_speaker, opening.call_everybody),
    "located": (opening.place_noted, opening.call_everybody),
}
HEARS_LATER: dict[str, tuple[Callable[[News], list[Letter]], ...]] = {
    "accepted": (later.actor_hears, later.taken_to_reporter, later.lead_from_before, later.cards_anew),
    "handed_over": (later.actor_hears, later.task_to_other, later.cards_anew),
    "handled": (later.actor_hears, later.result_to_reporter, later.result_to_joined, later.cards_anew),
    "self_handled": (later.actor_hears, later.thanks_to_reporter, later.cards_anew),
    "assist": (later.actor_hears, later.task_to_helper),
    "remarked": (later.actor_hears, later.remark_to_lead),
    "photo": (later.actor_hears, later.photo_to_lead),
    "asked": (later.actor_hears, later.request_to_superior),
    "refused": (later.actor_hears, later.refusal_to_lead, later.cards_anew),
    "extended": (
        later.actor_hears,
        later.later_to_reporter,
        later.later_to_joined,
        later.yes_to_lead,
        later.cards_anew,
    ),
    "suspended": (later.actor_hears, later.shelf_to_reporter, later.yes_to_lead, later.cards_anew),
    "resumed": (later.actor_hears, later.resumed_to_reporter, later.resumed_to_lead, later.cards_anew),
    "awaits": (later.actor_hears, later.needs_to_reporter),
    "declined": (later.actor_hears, later.declined_to_reporter, later.cards_anew),
    "reclassified": (later.actor_hears, later.cards_anew),
    "supervised": (later.actor_hears, later.pressed_to_lead),
    "confirmed": (later.actor_hears, later.task_to_other, later.opened_to_reporter),
    "merged": (later.actor_hears, later.merged_to_reporter, later.cards_anew),
    "closed": (later.actor_hears, later.thanks_for_rating, later.closed_to_lead, later.cards_anew),
    "reworked": (later.actor_hears, later.reopened_to_reporter, later.not_solved_to_leader, later.cards_anew),
    "undone": (later.actor_hears, later.cards_anew),
    "added": (later.addition_noted, later.addition_to_lead),
    "photo_added": (later.addition_noted, later.addition_to_lead),
    "moved": (later.place_noted, later.task_to_other, later.lead_from_before, later.cards_anew),
    "withdrawn": (later.withdrawn_to_reporter, later.withdrawn_to_lead, later.cards_anew),
    "said_fine": (later.stays_to_reporter, later.fine_to_lead),
    "nudged": (later.nudge_to_lead,),
}


def tell(session: Session, what: str, story: Story) -> list[Letter]:
    """Lay a letter into the outbox for everybody who hears of an opening; returns them for the record."""
    letters = [letter for listener in HEARS[what] for letter in listener(story)]
    post(session, letters, about=f"case-{story.case.id}:{what}", case_id=story.case.id, now=story.now)
    return letters


def announce(what: str, news: News, *, once: str = "") -> list[Letter]:
    """The same for all that follows. ``once`` names what must not be said twice; else each change is said once."""
    case, letters = news.case, []
    for number, listener in enumerate(HEARS_LATER[what]):
        said = listener(news)
        # two listeners may write to one reader: each has keys of its own
        about = f"case-{case.id}:{once or case.version}:{what}.{number}"
        post(news.session, said, about=about, case_id=case.id, now=news.now)
        letters += said
    return letters
