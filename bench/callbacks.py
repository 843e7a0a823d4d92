"""What the platform would send: encrypted text callbacks as ready HTTP requests, every one of them distinct.

The words are built here from templates, names and numbers; none of them was ever said by anybody.
"""

import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.channels.wecom_crypto import WecomCrypto

CORP, TOKEN, AES_KEY = "ww0000", "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
AGENT, SECRET = 1000002, "secret-of-the-app"

_CHATTER = (
    "哈哈哈{name}你也太逗了", "{name}早上好，今天{degrees}度", "收到，谢谢{name}", "好的{name}，{hour}点见",
    "{name}在不在家", "昨天的{dish}真好吃，{name}做了{amount}份", "有没有人{hour}点一起去公园",
    "孩子{hour}点放学，我先走了", "{dish}怎么做才好吃", "{name}家的{pet}真可爱，多大了",
    "今天{shop}的{food}{price}块一斤，挺新鲜", "晚上跳舞的{hour}点老地方集合", "我也觉得{dish}比{food}好吃",
    "{name}生日快乐，越来越年轻", "周末去爬山，{amount}个人了", "刚从{shop}回来，人真多", "{name}你发的照片真好看",
    "嗯嗯知道了，{name}辛苦了", "这几天降温，{degrees}度，大家多穿点", "我家{pet}今天又拆家了",
    "谁有{food}的种子，想在阳台种点", "{name}说得对", "+{amount}", "我明天{hour}点出发", "[强][强]{name}厉害了",
    "{amount}块钱红包已领，谢谢老板", "昨晚的球赛{amount}比{small}，太精彩了", "{name}，{dish}的方子再发我一遍呗",
    "等下{hour}点{shop}门口见", "哎呀{name}你太客气了", "刚看完{amount}集，这个电视剧真不错",
    "早啊各位，今天吃的{dish}", "小区外面那家{shop}搬走了吗", "{name}回老家过年，{hour}点的火车",
    "晒晒我织的毛衣，用了{amount}团线", "{name}家姑娘考了{degrees}分，恭喜恭喜", "哪里有卖{food}的",
    "这雪下得真大，瑞雪兆丰年，{name}快看", "我家{food}吃不完，谁要来拿{small}个", "听说{shop}开了新店，{name}去过没",
)  # fmt: skip
# matters of one household: what a whole building shares would be joined to the first report, and be no case of its own
_REQUESTS = (
    "麻烦网格员帮{place}代取一下{amount}号架的快递", "{place}快递到了{days}天了，腿脚不好，麻烦帮忙取一下",
    "{place}想申请低保，怎么申请", "{place}残疾人证到期了怎么换", "{place}医保缴费不会弄，能帮忙吗",
    "{place}想给老人申请助餐", "{place}高龄补贴{days}个月没到账了，麻烦查一下", "{place}老年证怎么办理",
)  # fmt: skip
_NAMES = [
    a + b for a in "王李张刘陈杨赵黄周吴徐孙马朱胡" for b in ("姐", "哥", "阿姨", "叔", "婶", "大爷", "老师", "奶奶")
]
_DISHES = ("红烧肉", "刀削面", "过油肉", "西红柿炒蛋", "饺子", "烩菜", "莜面栲栳栳", "糖醋鱼", "羊杂汤", "炸酱面")
_FOODS = ("白菜", "苹果", "西红柿", "豆角", "红枣", "核桃", "土豆", "香菜", "葡萄", "柿子")
_SHOPS = ("菜店", "超市", "早市", "面馆", "理发店", "水果摊", "蛋糕店", "药店")
_PETS = ("小狗", "猫咪", "鹦鹉", "兔子", "乌龟")
DEMO_ESTATES = ("海棠苑", "滨河苑", "槐荫里")


def chatter(chance: random.Random, keeps: Callable[[str], bool]) -> Iterator[str]:
    """Distinct lines of a residents' group that nobody needs; a line that the gate would keep is no chatter."""
    seen: set[str] = set()
    while True:
        line = _filled(chance.choice(_CHATTER), chance)
        if chance.random() < 0.5:
            line += chance.choice(("", "，", "～", "！", "。")) + _filled(chance.choice(_CHATTER), chance)
        if line not in seen and not keeps(line):
            seen.add(line)
            yield line


def requests(chance: random.Random, places: Sequence[str] = ()) -> Iterator[str]:
    """Plain requests with a full address, each a case for somebody; ``places`` are taken in turn where given."""
    turn = itertools.cycle(places) if places else None
    while True:
        place = next(turn) if turn else _address(chance)
        yield chance.choice(_REQUESTS).format(place=place, days=chance.randint(2, 9), amount=chance.randint(3, 18))


def _address(chance: random.Random) -> str:
    return f"{chance.choice(DEMO_ESTATES)}{chance.randint(1, 6)}号楼{chance.randint(1, 4)}单元"


def _filled(template: str, chance: random.Random) -> str:
    return template.format(
        name=chance.choice(_NAMES), dish=chance.choice(_DISHES), food=chance.choice(_FOODS), shop=chance.choice(_SHOPS),
        pet=chance.choice(_PETS), hour=chance.randint(5, 22), amount=chance.randint(10, 99), small=chance.randint(2, 9),
        degrees=chance.randint(10, 99), price=chance.randint(1, 20) / 2,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """Ready requests, and how many of them nobody may lose."""

    requests: list[bytes]
    kept: int


class Envelopes:
    """Seals texts as the platform does; ids never repeat within a run of the benchmark."""

    def __init__(self) -> None:
        self._crypto = WecomCrypto(TOKEN, AES_KEY, CORP)
        self._ids = itertools.count(time.time_ns())

    def seal(self, text: str, sender: str) -> bytes:
        """One POST of the present second, as bytes."""
        number, now = next(self._ids), str(int(time.time()))
        plain = (
            f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>"
            f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
            f"<Content><![CDATA[{text}]]></Content><MsgId>{number}</MsgId><AgentID>{AGENT}</AgentID></xml>"
        )
        sealed = self._crypto.seal(plain.encode())
        nonce = str(number)[-10:]
        body = (
            b"<xml><ToUserName><![CDATA[%b]]></ToUserName><Encrypt><![CDATA[%b]]></Encrypt>"
            b"<AgentID><![CDATA[%d]]></AgentID></xml>"
        ) % (CORP.encode(), sealed, AGENT)
        signature = self._crypto.signature(now, nonce, sealed)
        head = (
            f"POST /hook/wecom?msg_signature={signature}&timestamp={now}&nonce={nonce} HTTP/1.1\r\n"
            f"Host: 127.0.0.1\r\nUser-Agent: Mozilla/4.0\r\nAccept: */*\r\nContent-Type: text/xml\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def batch(self, count: int, *, lines: Iterator[str], wanted: Iterator[str], share: float) -> Batch:
        """``count`` callbacks, every ``1 / share``-th of them a request, the others chatter."""
        every = round(1 / share) if share else count + 1
        sealed, kept = [], 0
        for index in range(count):
            is_request = index % every == every - 1
            kept += is_request
            sealed.append(self.seal(next(wanted if is_request else lines), f"member{index}"))
        return Batch(sealed, kept)
