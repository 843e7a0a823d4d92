"""WeCom as the caller: encrypted callbacks made with wechatpy's codec. Shares no code with the channel it tests."""

import itertools
import time
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from wechatpy.work.crypto import WeChatCrypto

from tests.standins.wecom import CORP
from tests.standins.wecom_rules import AGENT

TOKEN = "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

Callback = tuple[dict[str, str], bytes]
"""Query and body of one POST."""


class WecomCaller:
    """Makes callbacks of one app. ``now`` of each is unix seconds, the clock's when not given."""

    def __init__(self, corp: str = CORP, token: str = TOKEN, aes_key: str = AES_KEY) -> None:
        self.corp = corp
        self._crypto = WeChatCrypto(token, aes_key, corp)
        self._nonces = itertools.count(1)

    def wrap(self, plain: str, *, now: float | None = None) -> Callback:
        """Any plain text in a well-signed envelope."""
        timestamp, nonce = str(int(time.time() if now is None else now)), f"nonce{next(self._nonces)}"
        sealed = _fields(self._crypto.encrypt_message(plain, nonce, timestamp))
        body = (
            f"<xml><ToUserName><![CDATA[{self.corp}]]></ToUserName><AgentID><![CDATA[{AGENT}]]></AgentID>"
            f"<Encrypt><![CDATA[{sealed['Encrypt']}]]></Encrypt></xml>"
        )
        return {"msg_signature": sealed["MsgSignature"], "timestamp": timestamp, "nonce": nonce}, body.encode()

    def check_callback(self, echo: str, *, now: float | None = None) -> dict[str, str]:
        """The query of the GET that verifies the address; the answer must be ``echo``."""
        timestamp, nonce = str(int(time.time() if now is None else now)), f"nonce{next(self._nonces)}"
        sealed = _fields(self._crypto.encrypt_message(echo, nonce, timestamp))
        signature = {"msg_signature": sealed["MsgSignature"], "timestamp": timestamp, "nonce": nonce}
        return {**signature, "echostr": sealed["Encrypt"]}

    def text_callback(self, userid: str, content: str, msgid: int | str, *, now: float | None = None) -> Callback:
        return self._message(userid, "text", {"Content": _cdata(content), "MsgId": str(msgid)}, now)

    def image_callback(self, userid: str, media: str, msgid: int | str, *, now: float | None = None) -> Callback:
        more = {"PicUrl": _cdata("http://p/1"), "MediaId": _cdata(media), "MsgId": str(msgid)}
        return self._message(userid, "image", more, now)

    def voice_callback(self, userid: str, media: str, msgid: int | str, *, now: float | None = None) -> Callback:
        more = {"MediaId": _cdata(media), "Format": _cdata("amr"), "MsgId": str(msgid)}
        return self._message(userid, "voice", more, now)

    def location_callback(
        self, userid: str, latitude: float, longitude: float, label: str, msgid: int | str, *, now: float | None = None
    ) -> Callback:
        more = {"Location_X": str(latitude), "Location_Y": str(longitude), "Scale": "15"}
        return self._message(userid, "location", {**more, "Label": _cdata(label), "MsgId": str(msgid)}, now)

    def event_callback(self, userid: str, event: str, key: str = "", *, now: float | None = None) -> Callback:
        return self._message(userid, "event", {"Event": _cdata(event), "EventKey": _cdata(key)}, now)

    def template_card_event(
        self,
        userid: str,
        key: str,
        task: str,
        response_code: str,
        *,
        selected: Mapping[str, Sequence[str]] | None = None,
        now: float | None = None,
    ) -> Callback:
        """A pressed button. ``selected``: question key to option ids."""
        more = {
            "Event": _cdata("template_card_event"),
            "EventKey": _cdata(key),
            "TaskId": _cdata(task),
            "CardType": _cdata("button_interaction"),
            "ResponseCode": _cdata(response_code),
        }
        if selected:
            more["SelectedItems"] = "".join(
                f"<SelectedItem><QuestionKey>{question}</QuestionKey><OptionIds>"
                + "".join(f"<OptionId>{option}</OptionId>" for option in options)
                + "</OptionIds></SelectedItem>"
                for question, options in selected.items()
            )
        return self._message(userid, "event", more, now)

    def _message(self, userid: str, kind: str, fields: Mapping[str, str], now: float | None) -> Callback:
        at = int(time.time() if now is None else now)
        common = {
            "ToUserName": _cdata(self.corp),
            "FromUserName": _cdata(userid),
            "CreateTime": str(at),
            "MsgType": _cdata(kind),
        }
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in {**common, **fields}.items())
        return self.wrap(f"<xml>{inner}<AgentID>{AGENT}</AgentID></xml>", now=at)


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _fields(envelope: str) -> dict[str, str]:
    return {each.tag: each.text or "" for each in ElementTree.fromstring(envelope)}
