"""What a handler is: a function that takes its turn at a message and says what came of it, or passes it on (None).

A handler understands nothing by itself (the meaning is handed in) and changes nothing by itself (the desk does).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.channels.base import Incoming, lane_of
from bot.desk import recusal
from bot.desk.acting import Acting
from bot.desk.assignment import Located, Said
from bot.desk.cases import Opened, Report
from bot.desk.clock import Limit
from bot.desk.directory import GroupView, View
from bot.desk.letters import Letter
from bot.desk.office import LEADS, Office
from bot.desk.questions import Talk
from bot.desk.record import By
from bot.intents.base import Hit, Item, Slots, Understanding
from bot.texts import times
from storage.group import LISTENING_KINDS
from storage.person import STAFF, Identity, Person, Role, RoleKind

# these speak for the community: what they write in a group is a notice, not a request
SPEAKS_FOR_COMMUNITY = frozenset({RoleKind.WORKER, RoleKind.LEADER, RoleKind.CHIEF, RoleKind.STREET, RoleKind.ADMIN})
# what somebody may report for another person; the rest is his own matter, or everybody's
FOR_ANOTHER = frozenset({"elderly", "errand", "insurance", "disability", "relief", "emergency", "civic", "utility",
                         "property", "fraud"})  # fmt: skip
COMPLAINT = "complaint_about_service"  # the slug of matters that may name one of the staff
_HIT = tuple(each.name for each in fields(Hit))
CLOCK_NAMES = {"first_reply": "答复", "finish": "办结"}


@dataclass(kw_only=True)
class Turn:
    """One message with everything around it. ``asked``: a question of ours is open in this talk. ``knows_cases``: the
    speaker has, or had, a case, so that what he says may be about it.

    ``mask`` hides what nobody else may read in words. ``thought`` collects, for staff, why things went as they did.
    """

    session: Session
    office: Office
    items: Mapping[str, Item]
    now: datetime
    wait: timedelta
    inbox_id: int
    lane: str
    incoming: Incoming
    meaning: Understanding
    quote: str
    view: View
    group: GroupView | None
    identity: Identity
    person: Person | None
    roles: tuple[Role, ...]
    asked: bool
    mask: Callable[[str], str]
    knows_cases: bool = False
    pressed: bool = False
    thought: dict[str, Any] = field(default_factory=dict)

    @property
    def by(self) -> By:
        return By(f"identity:{self.identity.id}", self.incoming.channel)

    @property
    def talk(self) -> Talk:
        return Talk(self.lane, self.view.community.id or 0, self.identity, self.person, self.group)

    @property
    def private_talk(self) -> Talk:
        """The same speaker alone with the bot: what a group must not hear goes on there."""
        lane = lane_of(replace(self.incoming, group=""))
        return Talk(lane, self.view.community.id or 0, self.identity, self.person, None, heard_in=self.group)

    @property
    def acting(self) -> Acting:
        """The speaker, as the desk's verbs want to know him."""
        return Acting(
            office=self.office,
            view=self.view,
            by=self.by,
            now=self.now,
            person=self.person,
            identity=self.identity,
            inbox_id=self.inbox_id,
            pressed=self.pressed,
        )

    @property
    def today(self) -> date:
        return times.local(self.now).date()

    @property
    def is_on_staff(self) -> bool:
        """Anybody with an office, assistants included: these may give commands."""
        return any(role.kind in STAFF for role in self.roles)

    @property
    def is_staff(self) -> bool:
        return any(role.kind in SPEAKS_FOR_COMMUNITY for role in self.roles)

    @property
    def may_report(self) -> bool:
        """Private talks and the groups that exist for requests; in a group, staff announce rather than ask."""
        if self.group is None:
            return True
        return self.group.group.kind in LISTENING_KINDS and not self.is_staff

    @property
    def home(self) -> Person | None:
        """The speaker, if his own address may stand in for an unsaid place: not a worker's, who lives elsewhere.

        Nor where he speaks for a neighbour; but help must not wait, and whoever is called reads that it is a guess.
        """
        follow = self.meaning.follow
        elsewhere = follow is not None and follow.neighbour and not self.meaning.urgent
        return None if self.is_staff or elsewhere else self.person

    def report_of(self, item: Item, part: int = 0) -> Report:
        """What the speaker asks for, in the terms of the catalogue."""
        meant = recusal.meant(self.view, self.incoming.text) if item.slug == COMPLAINT else recusal.Meant()
        return Report(
            item=item.code,
            title=item.short,
            urgency=item.urgency,
            privacy=item.privacy,
            first_reply=item.first_reply,
            finish=item.finish,
            words=self.incoming.text,
            quote=self.quote,
            inbox_id=self.inbox_id,
            part=part,
            reporter=self.identity,
            reporter_person=self.person,
            spoken_in=self.group,
            alarm=item.alarm,
            quiet=item.quiet,
            past_grid=item.lead == "社区书记",
            about=meant.about,
            named=meant.any_of,
            hides_reporter=item.hides_reporter,
            restricted=item.restricted,
            dispute=item.dispute,
            shared=item.shared,
            apart=item.apart,
            beneficiary=self._for_whom(item),
        )

    def _for_whom(self, item: Item) -> str:
        """Whom he speaks for; a matter between neighbours or of everybody is nobody else's."""
        follow = self.meaning.follow
        return follow.beneficiary if follow and item.code.split(".")[0] in FOR_ANOTHER else ""

    def note_place(self, located: Located) -> None:
        self.thought["place"] = {"text": located.text, "how": located.how}

    def note_opened(self, opened: Opened) -> None:
        """Write down for staff how the case came to its grid, its person and its deadlines."""
        case, lead = opened.case, opened.lead
        grid = self.view.grids.get(case.grid_id or 0)
        self.thought["case"] = case.number
        if grid is not None:
            self.thought["grid"] = {"name": grid.name, "code": grid.code}
        if lead is not None:
            self.thought["person"] = {"name": lead.person.name, "as": LEADS[lead.standing], "why": lead.why}
        self.thought["deadlines"] = [
            {
                "kind": clock.kind,
                "limit": f"{CLOCK_NAMES[clock.kind]}：{Limit.parse(clock.limit).say()}",
                "due": times.by(clock.due_at, self.now),
                "explain": clock.ledger,
            }
            for clock in opened.clocks
        ]
        self.note_letters(list(opened.letters))

    def note_letters(self, letters: list[Letter]) -> None:
        said = self.thought.setdefault("messages", [])
        said += [{"to": letter.label or letter.to, "text": letter.text} for letter in letters]


Handler = Callable[[Turn], str | None]


def said_in(slots: Slots) -> Said:
    return Said(building=slots.building, unit=slots.unit, room=slots.room, place=slots.place)


def explain(
    meaning: Understanding, quote: str, items: Mapping[str, Item], mask: Callable[[str], str]
) -> dict[str, Any]:
    """What the language part made of it, for the panel and the case page; ``quote`` is masked already."""
    item = items.get(meaning.item)
    return {
        "text": quote,
        "decision": meaning.decision,
        "intent": meaning.intent,
        "item": meaning.item,
        "item_name": item.name if item else "",
        "score": meaning.score,
        "margin": meaning.margin,
        "hits": [{**{name: getattr(hit, name) for name in _HIT}, "word": mask(hit.word)} for hit in meaning.hits],
        "vetoes": list(meaning.vetoes),
        "reason": meaning.reason,
        "slots": {name: value for name, value in meaning.slots.as_dict().items() if name not in ("phone", "room")},
        "lexicon": meaning.lexicon,
        **({"follow": meaning.follow.kind} if meaning.follow else {}),
    }
