"""What an intent is, and what understanding a message yields. Pure data: no I/O, no clock, no database."""

from dataclasses import dataclass, field
from typing import Literal

Decision = Literal["act", "maybe", "silent"]
Urgency = Literal["emergency", "high", "normal", "low"]
Reach = Literal["", "building", "estate"]
FollowKind = Literal["progress", "urge", "add", "place", "withdraw", "rate", "solved", "again", "proxy", "small"]
NONE = "none"


@dataclass(frozen=True, slots=True)
class PlaceWord:
    """A word of this community that names a place: an estate, or a nickname of one of its buildings."""

    word: str
    kind: Literal["estate", "building", "unit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One matter of the catalogue, as ``catalog/*.toml`` gives it.

    ``code`` is the two-level name of the product (``city.streetlight``), ``slug`` what ``classify`` reports.
    ``first_reply`` and ``finish`` are limits such as ``30min 2h 4wh 5wd 1d`` (w = working time, d = natural day).
    ``privacy``: 0 may be said in the group, 1 building at most, 2 private channel only.
    ``short`` is the group-safe name of the matter in the acknowledgement (「楼道灯不亮」).
    ``alarm`` is the reviewed fixed text of an emergency, empty otherwise; it promises nothing that others must do.
    ``quiet``: the group hears nothing of it, whoever spoke there; he is answered in private.
    ``dispute``: it is between two sides, so it leaves the group at once. ``restricted``: the law wants it reported, few
    may see it and nobody can take it back. ``hides_reporter``: whoever handles it does not read who reported.
    ``shared``: how far one cause of it may reach, so that neighbours who report it too join one case; empty: never.
    ``apart``: words for its different things (a lift, a door); reports that name different ones are not the same.
    """

    code: str
    slug: str
    name: str
    short: str
    urgency: Urgency
    first_reply: str
    finish: str
    lead: str
    escalate_to: str
    privacy: Literal[0, 1, 2]
    needs_place: bool = True
    sub: str | None = None
    alarm: str = ""
    admitted: bool = True
    quiet: bool = False
    dispute: bool = False
    restricted: bool = False
    hides_reporter: bool = False
    shared: Reach = ""
    apart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What the message says beside its topic. Numbers normalised (``三号楼`` → ``3``), the rest as written."""

    building: str = ""
    unit: str = ""
    room: str = ""
    phone: str = ""
    place: str = ""
    time: str = ""
    target: str = ""
    name: str = ""

    def as_dict(self) -> dict[str, str]:
        """Only what was said."""
        return {key: value for key in self.__slots__ if (value := getattr(self, key))}

    @property
    def says_place(self) -> bool:
        return bool(self.building or self.unit or self.room or self.place)


@dataclass(frozen=True, slots=True)
class Hit:
    """One reason: the words at ``start:end``, what they count for, and the layer that says so."""

    start: int
    end: int
    word: str
    weight: int
    layer: str
    intent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What a line would say about a case that is there already. Whether there is one, only the desk knows.

    ``kind``: ``progress`` asks how it goes, ``urge`` presses, ``add`` tells more, ``place`` corrects the place,
    ``withdraw`` takes it back, ``rate`` answers 「满意吗」, ``solved`` and ``again`` say that it is or is not;
    ``proxy`` only speaks for somebody else, ``small`` is thanks and the like. ``sure``: the words alone say so, also
    long after and in a group. ``number`` is the case's as written, ``rating`` 1–3. ``like`` are the words by which the
    matter may be named, empty when none is. ``beneficiary`` is whom it is for, ``neighbour``: he lives elsewhere.
    ``place`` and ``rest`` are the right place, read and as said; ``then`` is what is said beside a withdrawal.
    """

    kind: FollowKind
    sure: bool = False
    number: str = ""
    rating: int = 0
    like: tuple[str, ...] = ()
    beneficiary: str = ""
    neighbour: bool = False
    place: Slots | None = None
    rest: str = ""
    then: str = ""


@dataclass(frozen=True, slots=True)
class Echo:
    """「我家也是」「+1 3号楼」: the same as a neighbour said just before, and the speaker has it too.

    ``about`` are the codes of the matters that the words may mean, empty when they name nothing at all. ``compared``:
    a building in the line is the neighbour's (「跟3号楼一样」), not the speaker's.
    """

    about: frozenset[str] = frozenset()
    compared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What a message means, how sure, and why. ``item`` is the catalogue code, ``intent`` the slug of ``classify``."""

    intent: str = NONE
    item: str = ""
    sub: str | None = None
    is_request: bool = False
    urgent: bool = False
    decision: Decision = "silent"
    score: float = 0.0
    margin: float = 0.0
    slots: Slots = field(default_factory=Slots)
    hits: tuple[Hit, ...] = ()
    vetoes: tuple[str, ...] = ()
    reason: str = ""
    lexicon: str = ""
    follow: FollowUp | None = None
    echo: Echo | None = None

    def why(self) -> str:
        """One line of Chinese for staff: which words, which layer, what held it back."""
        words = "、".join(f"{hit.word}（{hit.layer}+{hit.weight}）" for hit in self.hits)
        parts = [part for part in (words, "；".join(self.vetoes), self.reason) if part]
        return "；".join(parts) or "没有命中任何词"
