"""Who hears of what: one table. A listener turns what happened into letters; nothing here changes a case."""

from collections.abc import Callable

from sqlmodel import Session

from bot.desk import told_dispute as dispute
from bot.desk import told_following as following
from bot.desk import told_incident as incident
from bot.desk import told_later as later
from bot.desk import told_opening as opening
from bot.desk import told_step as step
from bot.desk.ladder import AGAIN
from bot.desk.letters import Letter, post
from bot.desk.news import News
from bot.desk.told_opening import Story
from bot.desk.told_step import Told

# the order is the order of sending
HEARS: dict[str, tuple[Callable[[Story], list[Letter]], ...]] = {
    "opened": (opening.answer_to_speaker, opening.task_to_lead, opening.line_to_neighbours),
    "alarm": (opening.alarm_to_speaker, opening.call_everybody),
    "located": (opening.place_noted, opening.call_everybody),
}
HEARS_LATER: dict[str, tuple[Callable[[News], list[Letter]], ...]] = {
    "accepted": (later.actor_hears, later.taken_to_reporter, later.lead_from_before, later.cards_anew),
    "handed_over": (
        later.actor_hears,
        later.task_to_other,
        dispute.state_to_new_mediator,
        dispute.new_mediator_to_sides,
        later.cards_anew,
    ),
    "handled": (
        later.actor_hears,
        later.result_to_reporter,
        later.result_to_joined,
        incident.no_more_counts,
        dispute.end_to_other,
        later.cards_anew,
    ),
    "self_handled": (
        later.actor_hears,
        later.thanks_to_reporter,
        later.result_to_joined,
        incident.no_more_counts,
        later.cards_anew,
    ),
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
    "suspended": (
        later.actor_hears,
        later.shelf_to_reporter,
        incident.shelf_to_joined,
        later.yes_to_lead,
        later.cards_anew,
    ),
    "resumed": (
        later.actor_hears,
        later.resumed_to_reporter,
        incident.resumed_to_joined,
        later.resumed_to_lead,
        later.cards_anew,
    ),
    "awaits": (later.actor_hears, later.needs_to_reporter),
    "declined": (
        later.actor_hears,
        later.declined_to_reporter,
        incident.declined_to_joined,
        incident.no_more_counts,
        later.cards_anew,
    ),
    "reclassified": (later.actor_hears, later.cards_anew),
    "supervised": (later.actor_hears, later.pressed_to_lead),
    "confirmed": (later.actor_hears, later.task_to_other, later.opened_to_reporter),
    "merged": (
        later.actor_hears,
        later.merged_to_reporter,
        incident.merged_to_joined,
        incident.merged_to_lead,
        incident.no_more_counts,
        later.cards_anew,
    ),
    "joined": (incident.answer_alone,),
    "joined_again": (incident.again_alone,),
    "left": (incident.left_to_reporter, incident.left_to_lead),
    "closed": (later.actor_hears, later.thanks_for_rating, later.closed_to_lead, later.cards_anew),
    "reworked": (later.actor_hears, later.reopened_to_reporter, later.not_solved_to_leader, later.cards_anew),
    "undone": (later.actor_hears, later.cards_anew),
    "added": (following.addition_noted, following.addition_to_lead),
    "photo_added": (following.addition_noted, following.addition_to_lead),
    "moved": (later.place_noted, later.task_to_other, later.lead_from_before, later.cards_anew),
    "withdrawn": (later.withdrawn_to_reporter, later.withdrawn_to_lead, dispute.end_to_other, later.cards_anew),
    "said_fine": (later.stays_to_reporter, later.fine_to_lead),
    "nudged": (later.nudge_to_lead,),
    "consent": (later.actor_hears, later.cards_anew),
    "dispatched": (later.task_to_other, later.cards_anew),
    "party_named": (dispute.other_is_asked, dispute.reporter_waits, dispute.mediator_calls, dispute.cards),
    "party_changed": (dispute.changed_side_hears,),
    "party_agreed": (dispute.agreed_to_side, dispute.agreed_to_lead, dispute.cards),
    "both_agreed": (dispute.both_agree_to_sides, dispute.agreed_to_lead, dispute.cards),
    "party_spoke": (dispute.words_are_kept, dispute.words_to_lead),
    "party_refused": (dispute.stopped_to_sides, dispute.stopped_to_lead, dispute.cards),
    "proposed": (dispute.proposal_to_sides, dispute.proposal_to_lead, dispute.cards),
    "confirmed_by_one": (dispute.confirmed_to_side, dispute.confirmed_to_lead, dispute.cards),
    "agreement_refused": (dispute.objection_to_sides, dispute.objection_to_lead, dispute.cards),
    "settled": (later.result_to_reporter, dispute.settled_to_other, dispute.settled_to_lead, dispute.cards),
    "cooled": (dispute.cooling_to_sides, dispute.cooling_to_lead, dispute.cards),
    "cool_over": (dispute.cool_over_to_sides, dispute.cool_over_to_lead, dispute.cards),
}
# what the clock does by itself, by kind of clock and step (bot/desk/ladder.py says when)
HEARS_STEP: dict[str, tuple[Callable[[Told], list[Letter]], ...]] = {
    "first_reply.half": (step.untaken_to_standin,),
    "first_reply.full": (step.untaken_to_leader,),
    "first_reply.alarm1": (step.alarm_to_standin_and_leader,),
    "first_reply.alarm2": (step.alarm_to_chief,),
    "first_reply.alarm3": (step.alarm_to_street,),
    **{f"first_reply.{again}": (step.alarm_to_chief_and_street,) for again in AGAIN},
    "finish.warn": (step.warning_to_lead, step.warning_to_superior),
    "finish.over": (step.overdue_to_chief, step.late_to_reporter),
    "finish.street": (step.overdue_to_street,),
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
