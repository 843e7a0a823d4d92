"""What a message says beside its topic: building, unit, room, phone, place, time, person. Never a secret.

Identity numbers, phone numbers and pickup codes are blanked first: ``5-2-3316`` beside 取件码 is no flat.
All patterns are bounded; the work is linear in the length of the text.
"""

import re
from collections.abc import Iterable

from bot.intents.base import PlaceWord, Slots
from bot.intents.later import later

NUMERAL = "[零一二两三四五六七八九十百0-9]"
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}

_IDENTITY = later(r"(?<!\d)\d{17}[\dXx](?!\d)")
_PHONE = later(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4})(?!\d)")
_LONG = later(r"\d{7,}")
_CODE_WORD = later(r"取件|取货|提货|自提码|验证码|货号|凭码|单号|快递|驿站")
_CODE = later(r"(?:取件|取货|提货|自提|验证|货架?)(?:码|号)?(?:是|为)?[:： ]{0,2}[A-Za-z]?\d{1,8}(?:-\d{1,6}){0,3}")
_DASHED = later(r"(?<![\d-])\d{1,3}-\d{1,2}-\d{3,6}(?![\d-])")

_BUILDING = later(rf"(?:第)?({NUMERAL}{{1,4}}|[A-Za-z])\s?(?:号楼|號楼|栋|幢|#楼|座(?!位)|号(?=[一二三四1-9]单元))")
_HASH = later(r"(?<![\d#A-Za-z])(\d{1,3})#(?=\s?(?:楼|\d|[一二三四五六]单|东|西|[，, ]|$))")
_UNIT = later(rf"({NUMERAL}{{1,3}}|[东西中南北])\s?单元")
_UNIT_DOOR = later(r"(?:号楼|栋|幢)(\d)门(?=\d{3})")
_TRIPLE = later(r"(?<![\d.-])(\d{1,3})[-－](\d{1,2})[-－](\d{3,4})(?![\d-])")
_HASH_DASH = later(r"(?<![\d#])(\d{1,3})#[-\s]?(\d{1,2})-(\d{3,4})(?!\d)")
_ROOM_AFTER = later(r"(?:号楼|栋|幢|单元|座|门|#楼|#)\s?[-—、]?\s?(\d{3,4})(?!\d|年|元|块|人|度|户|多|平|米|号院)")
_ROOM = later(r"(?<!\d)(\d{3,4})(?:室|户型?的?|号房|住户|的?邻居|家(?=漏|的))(?<!户型)")
_ROOM_LIVES = later(r"(?:住|家是|家在|楼[上下]|隔壁|对门)\s?(\d{3,4})(?!\d|年|元|块|人|度|多)")
_ROOM_CALL = later(r"^\s*(\d{3,4})的")

_PLACE = later(
    r"[\u4e00-\u9fff]{1,8}?(?:街|路|巷|大道)(?:\d{1,4}号|[一二三四五六七八九十]{1,3}号)?(?:中段|东段|西段|路口|[东南西北]口)?"
    r"|(?:[东南西北]|[东南西北]{2}|大|后|正)门(?:口)?|(?:小区|单元|学校|楼|院|家|社区)门口|地下(?:车库|室)|车库|(?:小区|南|北|东|西)?广场"
    r"|(?:快递|菜鸟)?驿站|快递[站点柜]|垃圾[站房]|楼道|院里|公交站|停车场|电梯(?:里|口|间)|河堤|花园"
    r"|[一二三四五六七八九十两]{1,3}层|(?<![\d号])\d{1,2}层|[一二三四五六七八九十两]{1,3}楼(?!道|栋)|(?<!\d)\d{1,2}楼(?!道)"
)
_TIME = later(
    r"(?:今|明|昨|后|前)(?:天|晚|早|儿)(?:[上下中]午|晚上|早上|夜里|凌晨)?(?:[一二三四五六七八九十两\d]{1,3}点(?:半|多)?)?"
    r"|(?:本|这|上|下)(?:周|个?月|礼拜|星期)[一二三四五六日天]?|去年(?:[一二三四五六七八九十]{1,3}月)?|夜来"
    r"|(?:[一二三四五六七八九十两几半\d]{1,3}个?多?)(?:天|月|星期|礼拜|小时|周)(?:了|前|后)?|刚才|刚刚"
    r"|\d{1,2}月\d{1,2}[日号]|每天(?:早上|晚上|半夜)?(?:[一二三四五六七八九十\d]{1,3}点)?|半夜|大中午|早上|晚上|上午|下午|中午"
    r"|[一二三四五六七八九十\d]{1,2}点(?:半|多)?"
)
_TARGET = later(
    r"(?:我|俺|俄|咱|家|她|他)?(?:们)?(?:家)?(?:爸妈|爸爸|妈妈|爸|妈|爷爷|奶奶|姥爷|姥姥|外婆|外公|婆婆|公公|老公|媳妇|老伴儿?|老汉"
    r"|父亲|母亲|丈夫|妻子|儿子|女儿|孙子|孙女|弟弟|妹妹|哥哥|姐姐|弟|奶|娃|叔叔|舅舅|岳母|岳父)|家[父母]|(?:独居|孤寡|失能)?老人|孩子|孕妇|儿童|残疾人"
)
SURNAME = "[赵钱孙李周吴郑王冯陈卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜谢邹苏潘葛范彭鲁马方任袁柳史唐薛雷贺倪汤罗郝安常于傅齐康伍余顾孟黄穆萧尹姚邵汪毛戴宋庞熊纪舒屈项祝董梁杜阮蓝闵季贾路江童郭梅林钟徐邱骆高夏蔡田胡霍万柯卢莫房丁邓石崔龚程邢裴陆翁段侯全申武刘景龙叶白温庄柴阎连习向古易廖耿曾关聂褚]"  # noqa: E501
_NAMED = later(rf"(?:姓名|名叫|叫|我是|联系人)[:： ]?({SURNAME}[\u4e00-\u9fff]{{1,2}})(?![\u4e00-\u9fff])")
_TITLED = later(rf"({SURNAME}(?:大爷|大娘|大妈|奶奶|爷爷|阿姨|叔叔?|婶|师傅|老师|女士|先生))")
_BEFORE_PHONE = later(rf"(?:^|[，,、。 ])({SURNAME}[\u4e00-\u9fff]{{1,2}})[，,、 ]*(?:电话|手机)?[:：]?\s*$")


class Places:
    """The place words of one community, longest first."""

    def __init__(self, words: Iterable[PlaceWord] = ()) -> None:
        self._kinds = {place.word: place.kind for place in words if place.word}
        ordered = sorted(self._kinds, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def find(self, text: str) -> str:
        """The first place word in the text, or nothing."""
        found = self._pattern.search(text) if self._pattern else None
        return found.group() if found else ""


def extract(text: str, places: Places | Iterable[PlaceWord] = ()) -> Slots:
    """Everything the text says, normalised (``十二号楼`` → ``12``, ``东单元`` → ``东``)."""
    known = places if isinstance(places, Places) else Places(places)
    phone_at = _PHONE.search(_IDENTITY.sub(_blank, text))
    phone = re.sub(r"\D", "", phone_at.group(1)) if phone_at else ""
    name = _name(text, phone_at.start() if phone_at else -1)
    line = _without_secrets(text)
    building, unit, room = _address(line)
    return Slots(
        building=building,
        unit=unit,
        room=room,
        phone=phone,
        place=known.find(line) or _first(_PLACE, line),
        time=_first(_TIME, line),
        target=_first(_TARGET, line),
        name=name,
    )


def number(word: str) -> str:
    """``十二`` → ``12``, ``三`` → ``3``, ``东`` stays, ``a`` → ``A``; leading zeros go."""
    if word.isdigit():
        return str(int(word))
    if not re.fullmatch(f"{NUMERAL}+", word):
        return word.upper()
    total, current = 0, 0
    for char in word:
        if char == "零":
            continue
        if char == "百":
            total, current = total + (current or 1) * 100, 0
        elif char == "十":
            total, current = total + (current or 1) * 10, 0
        elif char.isdigit():
            current = current * 10 + int(char)
        else:
            # 一一 spelled digit by digit
            current = current * 10 + _DIGITS[char]
    return str(total + current)


def _address(line: str) -> tuple[str, str, str]:
    whole = _HASH_DASH.search(line) or _TRIPLE.search(line)
    if whole:
        return number(whole.group(1)), number(whole.group(2)), whole.group(3)
    building = _BUILDING.search(line) or _HASH.search(line)
    unit = _UNIT.search(line) or _UNIT_DOOR.search(line)
    room = _ROOM_AFTER.search(line) or _ROOM.search(line) or _ROOM_LIVES.search(line) or _ROOM_CALL.search(line)
    return (
        number(building.group(1)) if building else "",
        number(unit.group(1)) if unit else "",
        room.group(1) if room else "",
    )


def _without_secrets(text: str) -> str:
    line = _IDENTITY.sub(_blank, text)
    line = _PHONE.sub(_blank, line)
    line = _CODE.sub(_blank, line)
    if _CODE_WORD.search(line):
        line = _DASHED.sub(_blank, line)
    return _LONG.sub(_blank, line)


def _name(text: str, phone_at: int) -> str:
    if found := _NAMED.search(text) or _TITLED.search(text):
        return found.group(1)
    if phone_at > 0 and (found := _BEFORE_PHONE.search(text[max(0, phone_at - 12) : phone_at])):
        return found.group(1)
    return ""


def _first(pattern: re.Pattern[str], line: str) -> str:
    found = pattern.search(line)
    return found.group() if found else ""


def _blank(found: re.Match[str]) -> str:
    return " " * (found.end() - found.start())
