"""A stand-in for qyapi.weixin.qq.com: the calls this product makes, with the platform's rules and its silences.

Never forgiving where the platform is documented to refuse. Run by itself it writes what it received to a ledger:
``python -m tests.standins.wecom --port 9100 --ledger ledger.jsonl --fault message/send=42001@0.05``.
Loopback control: POST ``/_control`` with ``{"next": ["message/send", "cut"]}``, ``{"rate": [api, fault, 0.1]}``,
``{"clear": true}``, ``{"expire": true}`` or ``{"revoke": true}``.
"""

import argparse
import hashlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.standins.loopback import Answer, Faults, Loopback, Request
from tests.standins.wecom_rules import Meter, Refused, card_rules, check_agent, text_rules, textcard_rules

PREFIX = "/cgi-bin/"
CORP, SECRET, ROBOT = "ww0000", "secret-of-the-app", "robot-of-the-group"
CARD_SECONDS = 72 * 3600
_OK = {"errcode": 0, "errmsg": "ok"}


class WecomStandIn:
    """One company with one app. ``members`` None accepts everybody, ``robots`` None every webhook key.

    ``calls`` counts requests per API, ``bodies`` keeps what was posted, ``ledger`` what was accepted (also as JSON
    lines in ``ledger_file``): ``at, api, to, kind, text, task_id, key`` and, where true, ``dropped`` or ``duplicate``.
    """

    def __init__(
        self,
        *,
        members: Iterable[str] | None = None,
        robots: Iterable[str] | None = (ROBOT,),
        ledger_file: Path | None = None,
        port: int = 0,
        expires_in: int = 7200,
        member_per_minute: int = 30,
        robot_per_minute: int = 20,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.faults = Faults()
        self.bodies: list[tuple[str, Any]] = []
        self.ledger: list[dict[str, Any]] = []
        self.expires_in = expires_in
        self._members = None if members is None else {member.lower() for member in members}
        self._robots = None if robots is None else set(robots)
        self._per_minute = {"person": member_per_minute, "robot": robot_per_minute}
        self._meter = Meter(clock)
        self._clock = clock
        self._file = ledger_file.open("a", encoding="utf-8") if ledger_file else None
        self._token, self._token_until, self._issued = "", 0.0, 0
        self._revoked: set[str] = set()
        self._numbers = 0
        self._tasks: set[str] = set()
        self._codes: dict[str, float] = {}
        self._media: dict[str, bytes] = {}
        self._server = Loopback(self._handle, self.faults, prefix=PREFIX, port=port)
        self.calls = self._server.calls

    @property
    def url(self) -> str:
        """The base URL for ``WecomSettings.api_base``."""
        return self._server.url

    def start(self) -> "WecomStandIn":
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()
        if self._file:
            self._file.close()
            self._file = None

    def __enter__(self) -> "WecomStandIn":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def expire_token(self) -> None:
        """The token's life is over: calls answer 42001 and gettoken gives a new one."""
        self._token_until = 0.0

    def revoke_token(self) -> None:
        """The platform withdrew the token early: calls answer 40014."""
        self._revoked.add(self._token)
        self._token_until = 0.0

    def delivered(self) -> list[dict[str, Any]]:
        """What members and groups really saw."""
        return [row for row in self.ledger if not row.get("dropped") and not row.get("duplicate")]

    def _handle(self, request: Request) -> Answer:
        api = request.path.removeprefix(PREFIX)
        if request.path == "/_control":
            return self._control(request.json() or {})
        works: dict[str, Callable[[Request, dict[str, Any]], dict[str, Any] | Answer]] = {
            "gettoken": self._gettoken,
            "message/send": self._send,
            "message/update_template_card": self._update,
            "webhook/send": self._webhook,
            "media/upload": self._upload,
            "media/get": self._download,
        }
        if api not in works:
            return Answer.of({"errcode": 404, "errmsg": "no such api"}, 404)
        body = request.json()
        if request.method == "POST" and body is not None:
            self.bodies.append((api, body))
        try:
            if api not in ("gettoken", "webhook/send"):
                self._check_token(request.query.get("access_token", ""))
            found = works[api](request, body if isinstance(body, dict) else {})
            return found if isinstance(found, Answer) else Answer.of({**_OK, **found})
        except Refused as refused:
            return Answer.of({"errcode": refused.code, "errmsg": "refused by the stand-in, hint: [1]"})

    def _control(self, order: dict[str, Any]) -> Answer:
        if order.get("clear"):
            self.faults.clear()
        if "next" in order:
            self.faults.next(*order["next"])
        if "rate" in order:
            self.faults.at_random(*order["rate"])
        if order.get("expire"):
            self.expire_token()
        if order.get("revoke"):
            self.revoke_token()
        return Answer.of({"calls": self.calls, "rows": len(self.ledger)})

    def _gettoken(self, request: Request, _: dict[str, Any]) -> dict[str, Any]:
        if request.query.get("corpid") != CORP:
            raise Refused(40013)
        if request.query.get("corpsecret") != SECRET:
            raise Refused(40001)
        now = self._clock()
        if now >= self._token_until:  # inside its validity the platform repeats the same token
            self._issued += 1
            self._token, self._token_until = f"token-{self._issued}", now + self.expires_in
        return {"access_token": self._token, "expires_in": max(1, int(self._token_until - now))}

    def _check_token(self, token: str) -> None:
        if not token:
            raise Refused(41001)
        if token in self._revoked or not token.startswith("token-"):
            raise Refused(40014)
        if token != self._token or self._clock() >= self._token_until:
            raise Refused(42001)

    def _send(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        check_agent(body)
        names = [name for name in str(body.get("touser", "")).split("|") if name]
        if not names:
            raise Refused(40003)
        known = [name for name in names if self._members is None or name.lower() in self._members]
        if not known:
            raise Refused(81013)
        invalid = {"invaliduser": "|".join(name.lower() for name in names if name not in known)}
        kind = str(body.get("msgtype", ""))
        found = body.get(kind)
        content: dict[str, Any] = found if isinstance(found, dict) else {}
        self._numbers += 1
        answer = {"msgid": f"msg-{self._numbers}", **invalid}
        duplicate = self._meter.saw_before(request.body, body)
        text, task = "", ""
        if kind == "text":
            text = text_rules(content)
        elif kind == "textcard":
            text = textcard_rules(content)
        elif kind == "template_card":
            text, task = card_rules(content)
            if not duplicate and task in self._tasks:
                raise Refused(40058)
            if task:
                self._tasks.add(task)
            if content["card_type"] == "button_interaction":
                answer["response_code"] = self._new_code()
        else:
            raise Refused(40008)
        for name in known:
            dropped = not duplicate and not self._meter.allows(name, self._per_minute["person"])
            self._write("message/send", name, kind, text, task_id=task, dropped=dropped, duplicate=duplicate)
        return answer

    def _new_code(self) -> str:
        self._numbers += 1
        code = f"code-{self._numbers}"
        self._codes[code] = self._clock() + CARD_SECONDS
        return code

    def press(self) -> str:
        """A member presses a button: the fresh response code that the callback carries."""
        return self._new_code()

    def _update(self, _: Request, body: dict[str, Any]) -> dict[str, Any]:
        check_agent(body)
        users = body.get("userids")
        if not isinstance(users, list) or not users:
            raise Refused(40035)
        if self._clock() >= self._codes.pop(str(body.get("response_code", "")), 0.0):
            raise Refused(40058)
        if isinstance(body.get("template_card"), dict):
            text, task = card_rules(body["template_card"])
        elif isinstance(body.get("button"), dict) and body["button"].get("replace_name"):
            text, task = str(body["button"]["replace_name"]), ""
        else:
            raise Refused(40063)
        for user in users:
            self._write("message/update_template_card", str(user), "update", text, task_id=task)
        return {"invaliduser": []}

    def _webhook(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        key = request.query.get("key", "")
        if self._robots is not None and key not in self._robots:
            raise Refused(93000)
        if body.get("msgtype") != "text":
            raise Refused(40008)
        text = text_rules(body.get("text") or {})
        if not self._meter.allows(f"key:{key}", self._per_minute["robot"]):
            raise Refused(45009)
        self._write("webhook/send", "", "text", text, key=key)
        return {}

    def _upload(self, request: Request, _: dict[str, Any]) -> dict[str, Any]:
        boundary = request.headers.get("content-type", "").partition("boundary=")[2].encode()
        part = request.body.split(b"--" + boundary)[1] if boundary else b""
        head, _blank, data = part.partition(b"\r\n\r\n")
        data = data.removesuffix(b"\r\n")
        if b'name="media"' not in head or len(data) <= 5:
            raise Refused(40006)
        name = "media-" + hashlib.sha1(data).hexdigest()[:16]
        self._media[name] = data
        return {"type": request.query.get("type", ""), "media_id": name, "created_at": str(int(self._clock()))}

    def _download(self, request: Request, _: dict[str, Any]) -> Answer:
        data: bytes | None = self._media.get(request.query.get("media_id", ""))
        if data is None:
            raise Refused(40007)
        return Answer(data, 200, "application/octet-stream")

    def _write(self, api: str, to: str, kind: str, text: str, **more: Any) -> None:
        row = {"at": self._clock(), "api": api, "to": to, "kind": kind, "text": text}
        row |= {name: value for name, value in more.items() if value}
        self.ledger.append(row)
        if self._file:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._file.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path)
    parser.add_argument("--member", action="append", help="known member; none named: everybody")
    parser.add_argument("--robot", action="append", help="known webhook key; none named: every key")
    parser.add_argument("--member-per-minute", type=int, default=30)
    parser.add_argument("--robot-per-minute", type=int, default=20)
    parser.add_argument("--expires-in", type=int, default=7200)
    parser.add_argument("--fault", action="append", default=[], help="api=fault@rate, e.g. message/send=42001@0.05")
    given = parser.parse_args()
    standin = WecomStandIn(
        members=given.member,
        robots=given.robot,
        ledger_file=given.ledger,
        port=given.port,
        expires_in=given.expires_in,
        member_per_minute=given.member_per_minute,
        robot_per_minute=given.robot_per_minute,
    )
    for order in given.fault:
        api, _, rest = order.partition("=")
        fault, _, rate = rest.rpartition("@")
        standin.faults.at_random(api, fault, float(rate))
    done = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: done.set())
    with standin:
        print(standin.url, flush=True)
        done.wait()


if __name__ == "__main__":
    main()
