"""The same scenes through WeCom: private words, pictures and buttons go in as encrypted callbacks, answers come out at
the platform's stand-in over a real socket.

No official callback hears a residents' group, so what is said there still comes in by the simulator's door; whoever
speaks in private and everybody of the staff is on WeCom. What a reader got is taken from the rows that were sent, and
each of them must be in the stand-in's ledger.
"""

import asyncio
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from config.settings import Settings
from storage.db import reading
from storage.message import Outbox
from storage.stage import StageLine
from tests.play import ROOMS, Play, call
from tests.standins.wecom import CORP, SECRET, WecomStandIn
from tests.standins.wecom_caller import AES_KEY, TOKEN, WecomCaller
from tests.standins.wecom_rules import AGENT
from tests.town import NOON


class WecomPlay(Play):
    """A scene in which WeCom is the way to everybody who speaks in private."""

    def __init__(self, url: str, *, now: datetime = NOON) -> None:
        self.standin = WecomStandIn(clock=self._seconds, expires_in=10**9).start()
        wecom = {"corp_id": CORP, "agent_id": AGENT, "secret": SECRET, "token": TOKEN, "aes_key": AES_KEY,
                 "api_base": self.standin.url}  # fmt: skip
        settings = Settings.model_validate({"database_url": url, "demo": True, "wecom": wecom})
        super().__init__(url, now=now, settings=settings)
        self._caller = WecomCaller()
        self._told: set[int] = set()
        self._checked = 0

    def _seconds(self) -> float:
        return self.clock.at.timestamp()

    def calls(self, body: dict[str, Any], *, times: int = 1) -> int:
        if body["group"]:
            return super().calls(body, times=times)

        async def all_of_them() -> int:
            query, sealed = self._sealed(body)
            status = 0
            for _ in range(times):
                spelled = "&".join(f"{name}={value}" for name, value in query.items())
                status, _ = await call(self.app, "POST", "/hook/wecom", query=spelled, body=sealed)
            return status

        status = asyncio.run(all_of_them())
        self.works()
        return status

    def _sealed(self, body: dict[str, Any]) -> tuple[dict[str, str], bytes]:
        now, sender, number = self.clock.at.timestamp(), body["sender"], body["id"].lstrip("m")
        if body["kind"] == "action":
            self.clock.passes(seconds=1)  # events bear no number: the platform tells two presses apart by their second
            now = self.clock.at.timestamp()
            return self._caller.template_card_event(sender, body["key"], body["task"], self.standin.press(), now=now)
        if body["kind"] == "image":
            return self._caller.image_callback(sender, f"media-{number}", number, now=now)
        return self._caller.text_callback(sender, body["text"], number, now=now)

    def heard(self) -> dict[str, list[str]]:
        """As on the stage; of each sent row the stand-in must know, a card drawn anew or a message."""
        with reading(self.database) as session:
            rows = session.exec(
                select(Outbox)
                .where(col(Outbox.state) == "sent", col(Outbox.id).not_in(self._told))
                .order_by(col(Outbox.sent_at), col(Outbox.id))
            ).all()
            self._told |= {row.id or 0 for row in rows}
            spoken = {line.key: line.text for line in session.exec(select(StageLine)).all()}
        found: dict[str, list[str]] = {}
        self.drawn = {}
        for row in rows:
            room = ROOMS[f"{row.to}:{row.address}"]
            text = spoken.get(row.key, row.payload["text"])
            into = self.drawn if row.payload.get("redraw") else found
            into.setdefault(room, []).append(text)
        self._compare_with_the_platform(rows)
        return found

    def _compare_with_the_platform(self, rows: Any) -> None:
        seen = self.standin.delivered()[self._checked :]
        self._checked = len(self.standin.delivered())
        wanted = sorted(row.address for row in rows if row.channel == "wecom")
        # a card whose buttons go away is greyed and its words come as a text: two calls for one row
        got = sorted({(entry["to"], entry["api"], entry["text"]) for entry in seen})
        reached = {entry[0] for entry in got}
        assert reached == set(wanted), f"rows for {wanted}, the platform saw {got}"
        assert len(seen) >= len(wanted)

    def close(self) -> None:
        super().close()
        self.standin.stop()
