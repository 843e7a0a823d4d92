"""For whom somebody speaks when it is not himself: 「隔壁李大爷」「我妈」「替申大娘」. Pure; knows nobody's name."""

from dataclasses import dataclass

from bot.intents.later import later
from bot.intents.slots import SURNAME

_TITLE = (
    "(?:大爷|大娘|大妈|大伯|大叔|大婶|大姐|奶奶|爷爷|阿姨|叔叔?|婶子?|伯伯|老师|师傅|老太太|老爷子|老两口|老人家?"
    "|老头儿?|老汉|姐|哥)"
)
_WHO = rf"(?:独居的?|孤寡|行动不便的?)?(?:老?{SURNAME}|那位|那个|一位|一个|老)?{_TITLE}"
_NEAR = "(?:隔壁|对门|对面|楼上|楼下|邻居|邻家|同楼|前院|后院|同单元|我们楼里?|我们单元|俺们楼|咱们?楼|我们院里?|院里)"
_FAMILY = (
    "(?:(?:我|俺|俄|额|咱|我们)(?:们)?(?:家)?(?:老)?(?:妈|爸|娘|爹|母亲|父亲|爷爷?|奶奶?|姥姥|姥爷|外婆|外公|婆婆|公公|岳母|岳父|丈母娘"
    "|老丈人|老伴儿?|老婆|媳妇|老公|丈夫|妻子|大爷|大伯|姑姑?|舅舅?|姨|叔|老汉|老人|老爷子|老太太)|家母|家父|老母亲|老父亲|家里老人)"
)
_FOR = later(
    rf"(?:替|代|帮|给|为)(?:我们?|咱)?(?:的)?(?P<who>(?:{_NEAR}(?:的|家的?|那)?)?{_WHO})(?!点个?赞|道|说|打|发|听)"
    r".{0,10}?(?:办|取|买|拿|捎|领|报|申请|登记|问|交|打听|送|修|弄|查|缴|约|反映|开|瞧|看看|配)"
)
_NEIGHBOUR = later(rf"(?P<who>{_NEAR}(?:的|家的?|住的?|那)?{_WHO})")
_KIN = later(
    rf"(?P<who>{_FAMILY})(?P<away>(?:他|她)?们?(?:家|那儿|那里|那边|住的))?(?!说|讲|告诉|发现|看见|听|觉得|让我|叫我|喊|做的)"
)
# a neighbour who needs something, not one who is complained of
_IN_NEED = later(
    r"岁|\d{2}多|[七八九]十|腿|病|摔|走不|下不|出不|不在(?:跟前|身边)|没人(?:管|照|陪)|一个人|独居|孤寡|不会|办|取|买|领|补贴|津贴|药|没吃|没回"
    r"|敲门|[两几三]天没|晕|喘|疼|叫不|帮|申请|断|不识字|没微信|没手机"
)
_COMPLAINED = later(
    r"吵|闹|音乐|电视|蹦|跳|剁|装修|我家(?:厨房|顶|屋|墙|卫生间)|养[狗鸡鸽猫]|狗|堆|占|骂|打架|打孩子|打老|半夜|噪|抽烟|扔|倒垃圾|不讲理|投诉|举报"
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """``who`` as written; ``elsewhere``: he does not live with the speaker."""

    who: str
    elsewhere: bool


def beneficiary(line: str) -> Proxy | None:
    """Whom the line speaks for, or None: for the speaker himself, or about somebody."""
    if found := _FOR.search(line):
        return None if _COMPLAINED.search(line) else Proxy(found["who"], elsewhere=True)
    if found := _NEIGHBOUR.search(line):
        needs = _IN_NEED.search(line, found.end()) and not _COMPLAINED.search(line)
        return Proxy(found["who"], elsewhere=True) if needs else None
    if found := _KIN.search(line):
        return Proxy(found["who"], elsewhere=bool(found["away"]))
    return None
