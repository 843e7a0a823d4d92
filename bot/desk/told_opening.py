"""What is told when a case is opened: each listener turns the story into letters. Changes no case."""

from dataclasses import dataclass
from datetime import datetime

from bot.desk.assignment import Assignee
from bot.desk.cards import reported_by, task_card
from bot.desk.directory import GroupView, View
from bot.desk.letters import Letter, TaskCard, to_group, to_identity, to_staff
from bot.desk.office import LEADS, Office
from bot.texts import duty, times
from bot.texts import group as say_group
from bot.texts import private as say
from storage.case import Case
from storage.group import ChatGroup
from storage.person import Identity, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened, with all that a letter may want to tell. ``first_reply`` is aware UTC, None once it was given.

    ``spoken_in`` is the group where it was said, None for a private talk. ``public_group`` is where neighbours
    would want to know about it. ``quote`` are the resident's words, masked. ``asks_place``: nobody said where.
    ``guessed``: the place is the registered address.
    """

    case: Case
    view: View
    office: Office
    now: datetime
    reporter: Identity
    reporter_person: Person | None
    quote: str
    lead: Assignee | None
    first_reply: datetime | None
    spoken_in: GroupView | None
    public_group: ChatGroup | None = None
    called: tuple[Assignee, ...] = ()
    alarm: str = ""
    quiet: bool = False
    asks_place: bool = False
    guessed: bool = False

    @property
    def who(self) -> str:
        return LEADS[self.lead.standing] + self.lead.person.name if self.lead else ""

    @property
    def by(self) -> str:
        return times.by(self.first_reply, self.now) if self.first_reply else "尽快"

    @property
    def phone(self) -> str:
        if self.lead and self.lead.person.phone_public and self.lead.person.phone:
            return self.lead.person.phone
        return self.view.community.duty_phone or self.view.community.phone

    @property
    def nick(self) -> str:
        return self.reporter.display_name


def task_to_lead(story: Story) -> list[Letter]:
    if story.lead is None:
        return []
    card, text = _card(story)
    return to_staff(story.view, story.office, story.lead.person, text, card=card, urgent=story.case.urgency == "high")


def answer_to_speaker(story: Story) -> list[Letter]:
    """One acknowledgement, where the words were spoken. Where no robot may post there, the lead carries it."""
    if story.spoken_in is None or story.quiet or story.case.restricted:
        return [to_identity(story.reporter, _private_answer(story))]
    return _into_group(story, story.spoken_in.group, _group_answer(story))


def line_to_neighbours(story: Story) -> list[Letter]:
    """A matter of the whole house that was told to the bot alone is made known in the group, without the teller."""
    if story.public_group is None or story.case.privacy > 0 or story.spoken_in is not None or not story.lead:
        return []
    words = say_group.heard_privately(
        matter=story.case.title,
        # where he did not say it himself, the place is his own address and would tell who he is
        place="" if story.guessed else story.case.place,
        number=story.case.number,
        who=story.who,
    )
    return to_group(story.office, story.public_group, words)


def alarm_to_speaker(story: Story) -> list[Letter]:
    if story.case.restricted:
        where = say_group.WHERE if story.asks_place else ""
        words = "\n".join(part for part in (story.alarm, where) if part)
        return [to_identity(story.reporter, words, urgent=True)]
    if story.quiet:
        # the reviewed words alone: somebody in despair is not to read who was told, nor to be questioned
        return [to_identity(story.reporter, story.alarm, urgent=True)]
    called = "、".join(LEADS[each.standing] + each.person.name for each in story.called)
    nick = story.nick if story.spoken_in else ""
    words = say_group.alarm(nick=nick, text=story.alarm, called=called, asks_place=story.asks_place)
    if story.spoken_in is None:
        return [to_identity(story.reporter, words, urgent=True)]
    return _into_group(story, story.spoken_in.group, words, urgent=True)


def call_everybody(story: Story) -> list[Letter]:
    """Worker, stand-in and leader at once; the lead's call carries the card."""
    words = say.call_out(
        matter=story.case.title,
        place=story.case.place,
        unsure=story.asks_place,
        words=story.quote,
        reporter=reported_by(story.case, story.reporter, story.reporter_person),
    )
    words += f"\n{duty.must_tell(story.case.item)}" if story.case.restricted else ""
    letters: list[Letter] = []
    for called in story.called:
        card = _card(story)[0] if story.lead and called.person.id == story.lead.person.id else None
        letters += to_staff(story.view, story.office, called.person, words, card=card, urgent=True)
    return letters


def place_noted(story: Story) -> list[Letter]:
    words = say_group.place_added(
        nick=story.nick if story.spoken_in else "", number=story.case.number, place=story.case.place
    )
    if story.spoken_in is None:
        return [to_identity(story.reporter, words)]
    return _into_group(story, story.spoken_in.group, words)


def _card(story: Story, *notes: str) -> tuple[TaskCard, str]:
    standing = say.task_standing(story.lead.standing, story.lead.why) if story.lead else ""
    return task_card(
        story.case,
        reporter=story.reporter,
        reporter_person=story.reporter_person,
        due=story.first_reply,
        now=story.now,
        notes=tuple(part for part in (*notes, standing) if part),
        group=story.spoken_in.group.name if story.spoken_in else "",
    )


def _into_group(story: Story, group: ChatGroup, words: str, *, urgent: bool = False) -> list[Letter]:
    letters = to_group(story.office, group, words, mention=story.reporter.external_id, urgent=urgent)
    if letters or story.lead is None:
        return letters
    by_hand = say.please_post(group=group.name, text=words)
    return to_staff(story.view, story.office, story.lead.person, by_hand, urgent=urgent)


def _group_answer(story: Story) -> str:
    if story.lead is None:
        return say_group.nobody_yet(nick=story.nick, number=story.case.number, phone=story.phone)
    if story.case.privacy == 2 or story.case.mediation:
        return say_group.acknowledged_private_matter(
            nick=story.nick, number=story.case.number, who=story.who, by=story.by
        )
    return say_group.acknowledged(
        nick=story.nick,
        matter=story.case.title,
        number=story.case.number,
        who=story.who,
        by=story.by,
        phone=story.phone,
    )


def _private_answer(story: Story) -> str:
    if story.lead is None:
        return say.nobody_yet(number=story.case.number, phone=story.phone)
    if story.case.reporter_hidden:
        return duty.tip_taken(number=story.case.number)
    return say.acknowledged(
        matter=story.case.title,
        number=story.case.number,
        place=story.case.place,
        who=story.who,
        by=story.by,
        phone=story.phone,
    )
