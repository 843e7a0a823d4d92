"""From a committed inbox row to what follows from it: one row, one transaction. Sends nothing, answers no caller.

The row is closed in the same transaction as everything that it caused. Whoever dies in between leaves it open;
after the lease somebody else does the whole again, and the unique keys see that nothing is doubled.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Engine, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from bot.channels.base import Action, Incoming
from bot.desk.directory import GroupView, View
from bot.desk.errors import Refusal
from bot.desk.office import Office
from bot.handlers import HANDLERS
from bot.handlers.base import Turn
from bot.intents.base import Item, Understanding
from storage.db import is_postgres, writing
from storage.grid import Community
from storage.group import ChatGroup, GroupKind
from storage.message import Inbox
from storage.person import Identity, Person
from storage.queue import FAILED, claim_inbox, finish_inbox

_log = logging.getLogger("gridbot.pipeline")
LEASE = timedelta(seconds=60)
MOST_FAULTS = 5
_BACK_OFF = timedelta(seconds=5)


class Words(Protocol):
    """The language part, as the pipeline needs it."""

    def understand(self, text: str, *, from_staff: bool = False) -> Understanding: ...


class LostLease(Exception):
    """Somebody else works on the row now: everything done here is undone."""


class Pipeline:
    """Works on the inbox with what it is handed; ``words`` is asked anew each time, so a new lexicon counts at once."""

    def __init__(
        self,
        engine: Engine,
        *,
        office: Office,
        words: Callable[[], Words],
        items: Mapping[str, Item],
        mask: Callable[[str], str],
        home_community: str,
        wait: timedelta,
    ) -> None:
        self._engine = engine
        self._office = office
        self._words = words
        self._items = items
        self._mask = mask
        self._home_community = home_community
        self._wait = wait

    def work(self, *, clock: Callable[[], datetime], most: int = 32) -> int:
        """Work on up to ``most`` waiting messages; returns how many were taken."""
        with writing(self._engine) as session:
            rows = claim_inbox(session, now=clock(), lease=LEASE, most=most)
        for row in rows:
            try:
                self._work_on(row, clock())
            except LostLease:
                _log.warning("inbox row %s passed to another worker", row.id)
            except Exception as error:
                self._put_back(row, error, clock())
        return len(rows)

    def rehearse(self, text: str, *, group: str, now: datetime) -> dict[str, Any]:
        """What would follow from these words in that group (empty: the first that takes requests); all of it is undone.

        Raises ``Refusal`` when there is no such group.
        """
        with Session(self._engine) as session:
            session.begin()
            known = session.exec(
                select(ChatGroup)
                .where(ChatGroup.external_id == group if group else col(ChatGroup.kind) == GroupKind.SERVICE)
                .order_by(col(ChatGroup.id))
            ).first()
            if known is None:
                raise Refusal(
                    f"没有“{group}”这个群，请用导入资料里的群标识。"
                    if group
                    else "还没有居民服务群，请先导入社区资料。"
                )
            incoming = Incoming(
                channel=known.channel,
                message_id="rehearsal",
                kind="text",
                sender="rehearsal",
                sender_name="居民",
                group=known.external_id,
                text=text,
                at=now,
            )
            row = Inbox(
                id=0,
                channel=known.channel,
                message_id="rehearsal",
                lane="rehearsal",
                payload=pack(incoming),
                received_at=now,
                not_before=now,
            )
            _, thought = self._hear(session, row, now)
            session.rollback()
            return thought

    def _work_on(self, row: Inbox, now: datetime) -> None:
        with writing(self._engine) as session:
            outcome, thought = self._hear(session, row, now)
            if not finish_inbox(session, row, outcome=outcome, thought=thought):
                raise LostLease

    def _hear(self, session: Session, row: Inbox, now: datetime) -> tuple[str, dict[str, Any]]:
        incoming = unpack(row.payload)
        group = None
        if incoming.group:
            group = self._office.directory.group(session, incoming.channel, incoming.group)
            if group is None:
                return "unknown_group", {}
        community_id = group.group.community_id if group else self._community_of(session, incoming)
        if community_id is None:
            return "unknown_community", {}
        view = self._office.directory.view(session, community_id)
        turn = self._turn(session, row, incoming, group, view, now)
        for handler in HANDLERS:
            outcome = handler(turn)
            if outcome is not None:
                break
        else:
            outcome = "maybe" if turn.meaning.decision == "maybe" else "silent"
        turn.thought["outcome"] = outcome
        # the letters themselves may hold a door number or a phone; the explanation needs neither
        for message in turn.thought.get("messages", ()):
            message["text"] = self._mask(message["text"])
        return outcome, turn.thought

    def _turn(
        self, session: Session, row: Inbox, incoming: Incoming, group: GroupView | None, view: View, now: datetime
    ) -> Turn:
        identity = _identity(session, incoming, name=self._mask(incoming.sender_name))
        person = session.get(Person, identity.person_id) if identity.person_id else None
        roles = tuple(view.roles_of(person.id or 0)) if person else ()
        turn = Turn(
            session=session,
            office=self._office,
            items=self._items,
            now=now,
            wait=self._wait,
            inbox_id=row.id or 0,
            lane=row.lane,
            incoming=incoming,
            meaning=Understanding(),
            quote=self._mask(incoming.text),
            view=view,
            group=group,
            identity=identity,
            person=person,
            roles=roles,
        )
        turn.meaning = self._words().understand(incoming.text, from_staff=group is not None and turn.is_staff)
        turn.thought = explain(turn.meaning, turn.quote, self._items, self._mask)
        return turn

    def _community_of(self, session: Session, incoming: Incoming) -> int | None:
        """A private talk belongs to the speaker's community, else to the house's own (the only one, or as set)."""
        known = session.exec(
            select(Person.community_id)
            .join(Identity, col(Identity.person_id) == Person.id)
            .where(Identity.channel == incoming.channel, Identity.external_id == incoming.sender)
        ).first()
        if known is not None:
            return known
        if self._home_community:
            return session.exec(select(Community.id).where(Community.code == self._home_community)).first()
        all_of_them = session.exec(select(Community.id).limit(2)).all()
        return all_of_them[0] if len(all_of_them) == 1 else None

    def _put_back(self, row: Inbox, error: Exception, now: datetime) -> None:
        """The row stays for another try, and after the last one for a human; the fault is logged, never the words."""
        last = row.faults + 1 >= MOST_FAULTS
        _log.error("inbox row %s failed (time %s): %s", row.id, row.faults + 1, error, exc_info=not last)
        with writing(self._engine) as session:
            session.execute(
                update(Inbox)
                .where(col(Inbox.id) == row.id, col(Inbox.attempts) == row.attempts)
                .values(
                    state=FAILED if last else "open",
                    faults=row.faults + 1,
                    not_before=now + _BACK_OFF * (row.faults + 1),
                    outcome=f"failed: {type(error).__name__}",
                )
            )


def pack(incoming: Incoming) -> dict[str, Any]:
    """The message as JSON for the inbox."""
    return {**asdict(incoming), "at": incoming.at.isoformat()}


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
        "hits": [{**asdict(hit), "word": mask(hit.word)} for hit in meaning.hits],
        "vetoes": list(meaning.vetoes),
        "reason": meaning.reason,
        "slots": {name: value for name, value in meaning.slots.as_dict().items() if name not in ("phone", "room")},
        "lexicon": meaning.lexicon,
    }


def _identity(session: Session, incoming: Incoming, *, name: str) -> Identity:
    """The speaker as his channel knows him; written down the first time, joined to nobody. ``name`` is masked."""
    mine = select(Identity).where(Identity.channel == incoming.channel, Identity.external_id == incoming.sender)
    known = session.exec(mine).first()
    if known is not None:
        return known
    insert = postgresql.insert if is_postgres(session.get_bind()) else sqlite.insert
    session.execute(
        insert(Identity)
        .values(channel=incoming.channel, external_id=incoming.sender, display_name=name[:60])
        .on_conflict_do_nothing(index_elements=["channel", "external_id"])
    )
    return session.exec(mine).one()
