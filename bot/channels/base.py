"""What a channel is: a chat platform behind one small contract. Never decides what is answered.

A channel takes a callback apart (``decode`` → ``peek`` → ``parse``), says what it can do (``can``) and
carries one message out (``send``). The rest of the bot knows only the types of this file.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Literal, Protocol

Kind = Literal["text", "image", "voice", "video", "file", "location", "link", "action", "event"]


@dataclass(frozen=True, slots=True)
class Action:
    """A pressed card button: ``key`` of the button, ``task`` of the card, and the code to re-draw it once."""

    key: str
    task: str
    response_code: str = ""
    selected: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One thing somebody said or did, in the words of no platform. ``at`` is aware UTC.

    ``message_id`` is unique within the channel and equal for a re-delivery: it is the dedupe key.
    ``group`` is the platform's id of the group, empty in a private talk.
    """

    channel: str
    message_id: str
    kind: Kind
    sender: str
    at: datetime
    sender_name: str = ""
    group: str = ""
    text: str = ""
    media: str = ""
    latitude: float | None = None
    longitude: float | None = None
    quote: str = ""
    event: str = ""
    action: Action | None = None


_FIELDS = tuple(each.name for each in fields(Incoming) if each.name not in ("at", "action"))


def pack(incoming: Incoming) -> dict[str, Any]:
    """The message as JSON for the inbox."""
    packed = {name: getattr(incoming, name) for name in _FIELDS}
    packed["at"] = incoming.at.isoformat()
    packed["action"] = asdict(incoming.action) if incoming.action else None
    return packed


def unpack(payload: Mapping[str, Any]) -> Incoming:
    """The inverse of ``pack``."""
    action = payload.get("action")
    selected = tuple((name, tuple(options)) for name, options in action["selected"]) if action else ()
    return Incoming(
        **{
            **payload,
            "at": datetime.fromisoformat(payload["at"]),
            "action": Action(**{**action, "selected": selected}) if action else None,
        }
    )


def lane_of(incoming: Incoming) -> str:
    """One lane per speaker and talk: his messages are worked on in order, and hold up nobody else's."""
    return f"{incoming.channel}|{incoming.group}|{incoming.sender}"[:200]


@dataclass(frozen=True, slots=True)
class Button:
    text: str
    key: str
    style: Literal[1, 2, 3, 4] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A task card in neutral words. ``task`` is unique per drawing (``case-42@1``); without buttons it only informs."""

    task: str
    source: str
    title: str
    desc: str = ""
    body: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    buttons: tuple[Button, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message to carry. ``key`` is our idempotency key; ``text`` always says everything a card says.

    ``address`` is what the platform needs: a member's id, or the key of a group's robot. It may be a secret
    and is never logged; ``label`` may. ``redraw``: the card is to be drawn over the one that is there, by
    ``update_code`` where the platform wants one; without a code the text is sent instead.
    """

    key: str
    to: Literal["person", "group"]
    address: str
    text: str
    label: str = ""
    card: Card | None = None
    mention: str = ""
    redraw: bool = False
    update_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The platform took the message: its id, and the code that lets the card be re-drawn once."""

    ref: str = ""
    response_code: str = ""
    note: str = ""


class CallbackRefused(Exception):
    """A callback that is not the platform's: answered with ``status`` (4xx), logged without its content."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class SendFailed(Exception):
    """A message that was not delivered, and what that calls for.

    ``retry``: the platform was busy, try again (after ``wait_seconds`` where it said so). ``config``: an operator
    must mend a setting; kept and tried again slowly. ``dead``: will never work as it is; shown to staff.
    """

    def __init__(
        self, verdict: Literal["retry", "config", "dead"], reason: str, *, code: int = 0, wait_seconds: float = 0
    ) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason
        self.code = code
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Can:
    """What the platform lets this channel do; the product stays honest about it."""

    hears_group: Literal["no", "mentions", "all"] = "no"
    posts_group: Literal["no", "human", "unattended"] = "no"
    private: bool = False
    cards: bool = False
    per_minute: int = 0
    limits: Mapping[str, int] = field(default_factory=dict)


class Channel(Protocol):
    """One chat platform. ``decode``, ``peek`` and ``parse`` are pure and fast: they run before anything is stored."""

    name: str
    can: Can

    def verify(self, query: Mapping[str, str]) -> bytes:
        """Answer the platform's URL check with the bare bytes it wants. Raises ``CallbackRefused``."""
        ...

    def decode(self, query: Mapping[str, str], body: bytes, now: datetime) -> bytes:
        """Check and open the envelope; returns the plain message. Raises ``CallbackRefused``."""
        ...

    def peek(self, plain: bytes) -> str | None:
        """The words of an ordinary text message, or None when the message is anything else."""
        ...

    def sender_of(self, plain: bytes) -> str:
        """Who said what ``peek`` has read, as ``parse`` would say it; cheaper, because it is asked for chatter."""
        ...

    def parse(self, plain: bytes, now: datetime) -> Incoming | None:
        """The message, or None when it concerns nobody. Raises ``CallbackRefused`` on rubbish."""
        ...

    async def send(self, message: Outgoing) -> Receipt:
        """Carry one message out. Raises ``SendFailed``; never returns for a message that was not taken."""
        ...

    async def close(self) -> None: ...
