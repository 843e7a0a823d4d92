"""A letter: one message for one reader, and the outbox row it becomes. Decides neither who reads nor what is said."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, update
from sqlmodel import Session

from bot.desk.directory import View
from bot.desk.office import Office
from storage.case_file import ShownCard
from storage.group import ChatGroup
from storage.late import insert_once, lay_down
from storage.message import IS_OPEN, Outbox
from storage.person import Identity, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCard:
    """A card in the desk's words; a channel draws it as it can. ``buttons`` are (text, key)."""

    task: str
    source: str
    title: str
    desc: str = ""
    body: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    buttons: tuple[tuple[str, str], ...] = ()


_CARD = tuple(each.name for each in fields(TaskCard))


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """``reader`` names the reader in the idempotency key; ``to`` with ``channel`` and ``address`` is where it goes.

    ``redraw`` draws the card anew that ``holder`` (an identity's id) has before him; without one, or when its code is
    spent, the text is sent. ``after``: not before that moment.
    """

    reader: str
    to: str
    channel: str
    lane: str
    address: str
    label: str
    text: str
    card: TaskCard | None = None
    mention: str = ""
    redraw: bool = False
    urgent: bool = False
    holder: int = 0
    after: datetime | None = None


def to_identity(
    identity: Identity, text: str, *, card: TaskCard | None = None, redraw: bool = False, urgent: bool = False
) -> Letter:
    if card is not None:  # a platform takes each task once, whoever gets it
        card = replace(card, task=f"{card.task}-{identity.id}")
    return Letter(
        reader=f"identity-{identity.id}",
        to="person",
        channel=identity.channel,
        lane=f"{identity.channel}:person:{identity.id}",
        address=identity.external_id,
        label=identity.display_name,
        text=text,
        card=card,
        redraw=redraw,
        urgent=urgent,
        holder=identity.id or 0,
    )


def to_staff(
    view: View, office: Office, person: Person, text: str, *, card: TaskCard | None = None, urgent: bool = False
) -> list[Letter]:
    """To a member of staff on the best channel that reaches him; nothing when none does."""
    identity = view.identity(person.id or 0, office.channels)
    return [to_identity(identity, text, card=card, urgent=urgent)] if identity else []


def to_group(office: Office, group: ChatGroup, text: str, *, mention: str = "", urgent: bool = False) -> list[Letter]:
    """Into a group, where a robot may post there; nothing where only a human can."""
    if group.post_channel not in office.group_channels or not group.post_address:
        return []
    return [
        Letter(
            reader=f"group-{group.id}",
            to="group",
            channel=group.post_channel,
            lane=f"{group.post_channel}:group:{group.id}",
            address=group.post_address,
            label=group.name,
            text=text,
            mention=mention,
            urgent=urgent,
        )
    ]


def post(session: Session, letters: list[Letter], *, about: str, case_id: int | None, now: datetime) -> None:
    """Lay the letters into the outbox. ``about`` with the reader is the key: laid twice, a letter is there once."""
    insert_once(session, Outbox, [_row(letter, about, case_id, now) for letter in letters], on=("key",))
    shown = [
        {"case_id": case_id, "identity_id": letter.holder, "codes": []}
        for letter in letters
        if case_id is not None and letter.card is not None and letter.holder
    ]
    insert_once(session, ShownCard, shown, on=("case_id", "identity_id"))


def amend(session: Session, letter: Letter, *, key: str) -> bool:
    """Let a letter that lies in the outbox say this instead; False: it has been tried already, or was never there."""
    lay_down(session)  # it may have been written a moment ago, in this very transaction
    return session.connection().execute(_AMEND, {"wanted": key, "said": _payload(letter)}).rowcount == 1


_BOX: Table = Outbox.__table__  # type: ignore[attr-defined]
_AMEND = (
    update(_BOX)
    .where(_BOX.c.key == bindparam("wanted"), _BOX.c.state == IS_OPEN, _BOX.c.attempts == 0)
    .values(payload=bindparam("said"))
)


def _payload(letter: Letter) -> dict[str, Any]:
    return {
        "text": letter.text,
        "mention": letter.mention,
        "redraw": letter.redraw,
        "holder": letter.holder,
        "card": {name: getattr(letter.card, name) for name in _CARD} if letter.card else None,
    }


def _row(letter: Letter, about: str, case_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "key": f"{about}:{letter.reader}",
        "channel": letter.channel,
        "lane": letter.lane,
        "to": letter.to,
        "address": letter.address,
        "label": letter.label,
        "payload": _payload(letter),
        "case_id": case_id,
        "urgent": letter.urgent,
        "created_at": now,
        "not_before": max(now, letter.after) if letter.after else now,
        "state": "open",
        "attempts": 0,
        "ref": "",
        "response_code": "",
        "error": "",
    }
