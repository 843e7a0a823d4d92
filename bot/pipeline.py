"""From a committed inbox row to what follows from it: one row, one transaction. Sends nothing, answers no caller.

The row is closed in the same transaction as everything that it caused. Whoever dies in between leaves it open;
after the lease somebody else does the whole again, and the unique keys see that nothing is doubled.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from bot.channels.base import Incoming, pack, unpack
from bot.desk.asking import have_cases
from bot.desk.directory import GroupView, View
from bot.desk.errors import Refusal
from bot.desk.office import Office
from bot.handlers import HANDLERS
from bot.handlers.base import Turn, explain
from bot.intents import echo, followup, plain_alarm
from bot.intents.base import Item, Understanding
from bot.intents.gate import tidy
from bot.texts import times
from storage.db import is_postgres, writing
from storage.grid import Community
from storage.group import ChatGroup, GroupKind
from storage.message import Inbox, asked_in
from storage.person import Speaker, introduce, speakers
from storage.queue import FAILED, End, claim_inbox, finish_inbox
from storage.serial import reserve

_log = logging.getLogger("gridbot.pipeline")
LEASE = timedelta(seconds=60)
MOST_FAULTS = 5
_BACK_OFF = timedelta(seconds=5)


class Words(Protocol):
    """The language part, as the pipeline needs it."""

    def understand(self, text: str, *, from_staff: bool = False) -> Understanding: ...


@dataclass(frozen=True)
class Around:
    """Who speaks, in which lanes a question is open, and which identities have cases."""

    speakers: Mapping[tuple[str, str], Speaker]
    asked: frozenset[str]
    with_cases: frozenset[int]


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
        # on SQLite nobody else writes meanwhile, so a batch must be short; a server lets others in, but is far away
        self._batch = 32 if is_postgres(engine) else 16

    def work(self, *, clock: Callable[[], datetime]) -> int:
        """Work on one batch of waiting messages; returns how many were taken.

        They share one transaction. When anything is wrong with one of them all are undone, and each is done alone.
        """
        with writing(self._engine) as session:
            rows = claim_inbox(session, now=clock(), lease=LEASE, most=self._batch)
        if len(rows) > 1:
            try:
                self._work_on(rows, clock)
            except Exception as error:
                _log.info("%s messages are worked on one by one: %s", len(rows), type(error).__name__)
            else:
                return len(rows)
        for row in rows:
            try:
                self._work_on([row], clock)
            except LostLease:
                _log.warning("inbox row %s passed to another worker", row.id)
            except Exception as error:
                self._put_back(row, error, clock())
        return len(rows)

    def _work_on(self, rows: list[Inbox], clock: Callable[[], datetime]) -> None:
        with writing(self._engine) as session:
            around = self._look_around(session, rows)
            if len(rows) > 1:
                communities = {self._community_of(session, row, around) for row in rows} - {None}
                reserve(session, cast("set[int]", communities), times.local(clock()).date())
            ends = [End(row, *self._hear(session, row, around, clock())) for row in rows]
            if not finish_inbox(session, ends):
                raise LostLease

    def _look_around(self, session: Session, rows: list[Inbox]) -> Around:
        """What all messages of a batch need to know, asked once for all of them.

        It stays true while they are worked on: a lane has one message in a batch, and nobody else works on it.
        """
        self._office.directory.refresh(session)
        ours = [row.payload for row in rows if not row.payload["group"] or self._group_of(session, row)]
        names = {(payload["channel"], payload["sender"]): payload["sender_name"] for payload in ours}
        known = speakers(session, names)
        new = {name: self._mask(shown) for name, shown in names.items() if name not in known}
        if new:
            introduce(session, new)
            known |= speakers(session, new)
        with_cases = have_cases(session, [identity for identity, _ in known.values()])
        return Around(known, asked_in(session, [row.lane for row in rows]), with_cases)

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
            around = self._look_around(session, [row])
            _, thought = self._hear(session, row, around, now)
            session.rollback()
            return thought

    def _hear(self, session: Session, row: Inbox, around: Around, now: datetime) -> tuple[str, dict[str, Any]]:
        incoming = unpack(row.payload)
        group = self._group_of(session, row)
        if incoming.group and group is None:
            return "unknown_group", {}
        community_id = self._community_of(session, row, around)
        if community_id is None:
            return "unknown_community", {}
        view = self._office.directory.view(session, community_id)
        turn = self._turn(session, row, incoming, group, view, around, now)
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
        self,
        session: Session,
        row: Inbox,
        incoming: Incoming,
        group: GroupView | None,
        view: View,
        around: Around,
        now: datetime,
    ) -> Turn:
        identity, person = around.speakers[incoming.channel, incoming.sender]
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
            asked=row.lane in around.asked,
            knows_cases=identity.id in around.with_cases,
            mask=self._mask,
        )
        turn.meaning = self._understand(incoming.text, from_staff=group is not None and turn.is_staff)
        if group is not None:
            turn.meaning = replace(turn.meaning, echo=echo.repeats(tidy(incoming.text)))
        turn.meaning = followup.attach(
            turn.meaning, incoming.text, near=turn.knows_cases, understand=self._words().understand
        )
        turn.thought = explain(turn.meaning, turn.quote, self._items, self._mask)
        return turn

    def _understand(self, text: str, *, from_staff: bool) -> Understanding:
        """A cry for help is heard even while the classifier is broken; anything else then waits for another try."""
        try:
            return self._words().understand(text, from_staff=from_staff)
        except Exception:
            cry = plain_alarm.understand(text)
            if cry is None:
                raise
            _log.exception("the classifier failed on an emergency; it was heard by plain words")
            return cry

    def _group_of(self, session: Session, row: Inbox) -> GroupView | None:
        group: str = row.payload["group"]
        return self._office.directory.group(session, row.payload["channel"], group) if group else None

    def _community_of(self, session: Session, row: Inbox, around: Around) -> int | None:
        """The group's; a private talk belongs to the speaker's, else to the house's own (the only one, or as set)."""
        if row.payload["group"]:
            group = self._group_of(session, row)
            return group.group.community_id if group else None
        _, person = around.speakers[row.payload["channel"], row.payload["sender"]]
        if person is not None:
            return person.community_id
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
