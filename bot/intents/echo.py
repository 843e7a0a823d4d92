"""「我家也没水」「+1 3号楼」「跟楼上一样」: a line that says the same as a neighbour's. Pure: knows no case, no group.

Whether anything was said before that it can mean, only the desk knows. A line is an echo only when all of it is one:
who, 也 and what is missing, then perhaps a place or a sigh. 「我家没停水」「我也想问快递」「楼上又漏水了」 are none.
"""

import re

from bot.intents.base import Echo
from bot.intents.later import later

LONGEST = 48
_REST = 26

WATER, POWER, GAS, NET = "utility.water", "utility.power", "utility.gas_supply", "utility.telecom"
HEAT, DOOR, HALL, LAMP = "utility.heating_cold", "property.elevator_door", "property.common_area", "city.streetlight"
RUBBISH, ADS, ROAD, LANE = "city.garbage", "city.illegal_ad", "city.road", "safety.fire_lane"

# what a word can mean, the surest first: the first that is there decides
ABOUT: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = tuple(
    (later(words), frozenset(codes))
    for words, codes in (
        (r"暖气|暖|供热|不热|不烫|冰凉|拔凉|温乎|\d度|[一二三四五六七八九十]度|凉的|凉着|冰冷", (HEAT,)),
        (r"电梯|门禁|单元门|楼门|大门|道闸|对讲|刷不", (DOOR,)),
        (r"路灯", (LAMP,)),
        (r"灯|不亮|黑[着了乎灯咕]|灭[了着]", (HALL, LAMP, POWER)),
        (r"垃圾|臭|味|没人收|没人清|没人扫|下水|满了", (RUBBISH,)),
        (r"小广告|广告", (ADS,)),
        (r"井盖|路面|坑", (ROAD,)),
        (r"消防通道|消防车道", (LANE,)),
        (r"水|发黄|浑|黄的", (WATER,)),
        (r"电|跳闸", (POWER,)),
        (r"气|打不着火|点不着火", (GAS,)),
        (r"网|信号|宽带|[wW][iI][fF][iI]|连不上", (NET,)),
        (r"停|断|没|不来|不通", (WATER, POWER, GAS, NET, HEAT, DOOR)),
        (
            r"坏|不动|打不开|开不开|进不去|关不上|失灵|没反应|不好使|不灵|不走|用不了|用不成|不能用",
            (DOOR, HALL, LAMP, NET),
        ),
    )
)

_NUMBER = "[零一二两三四五六七八九十百0-9A-Za-z]{1,4}"
_BUILDING = rf"第?{_NUMBER}\s?(?:号楼|號楼|栋|幢|座|#楼?|号院?)"
_UNIT = rf"(?:{_NUMBER}|[东西中南北])\s?单元"
_ROOM = r"\d{3,4}(?:室|户)?"
_FLOOR = rf"{_NUMBER}\s?(?:层|楼)"
_ESTATE = "[\u4e00-\u9fff]{1,5}[苑园区城府院庭居湾里村坊庄]"
_ADDRESS = (
    rf"(?:(?:{_ESTATE})?\s?{_BUILDING}(?:\s?{_UNIT})?(?:\s?{_FLOOR})?(?:\s?{_ROOM})?|{_UNIT}(?:\s?{_FLOOR})?(?:\s?{_ROOM})?"
    rf"|{_FLOOR}|\d{{1,3}}[-－]\d{{1,2}}(?:[-－]\d{{3,4}})?)"
)
_ME = "(?:我|俺|俄|额|咱)们?"
_KIN = "(?:爸|妈|爹|娘|爸妈|爷爷|奶奶|姥姥|姥爷|婆婆|公公|丈母娘|岳母|岳父|父母|哥|姐|弟|妹|姑|姨|舅|儿子|闺女|老人)"
# somebody's house, not only somebody: 「我家也没」 is one, 「我也没」 says nothing
_HOUSE = (
    rf"(?:{_ME}(?:自己)?(?:家|屋|居舍)(?:里|这边|这儿|这里|这)?|{_ME}(?:这|那|住的)?(?:栋|幢|座|个)?(?:楼|单元|院|层|门洞|小区)(?:里|上)?"
    rf"|{_ME}(?:这|那)(?:栋|幢|座|边|儿|里|头|块|片|一片|一栋|一层)?|{_ME}们?{_KIN}(?:家|那边|那儿)|{_ME}(?:对门|隔壁|楼上|楼下)(?:家)?"
    rf"|(?:家|屋|居舍)里?|(?:这|本)(?:栋|幢|座|个)?(?:楼|单元|院|小区)里?|这(?:边|儿|里|头|栋|一片|块)|(?:整|全)(?:栋|个|幢)?(?:楼|单元|小区)"
    rf"|[\u4e00-\u9fff]{{1,6}}那(?:栋|座|幢)|[\u4e00-\u9fff]{{1,3}}楼|(?:我们|咱们|俺们)|(?:对门|隔壁|楼下|楼上)(?:家)?|{_ADDRESS})"
)
_HOUSES = rf"(?:{_HOUSE}\s?(?:的|这|住|是)?\s?){{1,3}}"
_ALSO = "(?:也都?|都也|同样(?:也|都)?|一样(?:也|都)?|照样)(?:是|跟着|又|还|给|就)?"
_TOPIC = (
    "(?:(?:家里?的?|屋里?的?)?(?:自来水|水|电|天然气|燃气|煤气|气|网络|网|宽带|[wW][iI][fF][iI]|信号|电视|暖气片?|地暖|暖|供暖|片子|温度"
    "|电梯|门禁|单元门|楼门|大门|道闸|楼道的?灯|声控灯|感应灯|路灯|灯|垃圾桶?|垃圾箱|下水道?|水压|厕所|楼道))"
)
_GONE = (
    "停水|断水|没有?水|没来水|不来水|水停|放不出水|不出水|水[黄浑小]|发黄|浑的?|黄的|停电|断电|没有?电|没来电|跳闸|停气|没有?气|没燃气|没天然气"
    "|打不着火?|点不着火?|断网|没有?网|没信号|上不了网|连不上网?|没有?暖气|没供暖|没来暖|停暖|停供"
)
_STOPPED = (
    "停|断|没有|没来|没通|没好|没修好?|没恢复|没动静|没|不来|不通|上不来|用不[了成上]|不能用|出不来"
    "|压低|小得很|很小|太小|小"
)
_BROKEN = (
    "坏|不动|没反应|不好使|失灵|打不开|开不开|进不去|刷不[开上]|关不上|卡住|不走|不灵|不亮|不着|黑[着乎咕]*|黑灯瞎火|灭"
    "|不行|有问题|出问题|出毛病|中招|遭殃"
)
_COLD = (
    "不热乎?|不咋热|不太热|冰凉|拔凉|凉|冰冷|不暖和?|冷得?[慌很要死]*|没热乎?|温乎?|不烫|没温度"
    "|(?:才|只有|不到)[\\d一二三四五六七八九十]{1,3}度"
)
_FOUL = "臭|臭死|臭得很|有味|一股味|满|没人收|没人清|没人扫|没人管|没人拉|没清|没收|堆着|堆满|堵"
_STATE = rf"(?:{_GONE}|{_COLD}|{_BROKEN}|{_FOUL}|{_STOPPED})(?:了|着|的|啦|咧|呢|掉|死|啊|呀|哇|嘞|哦|滴){{0,3}}"
_THIS = "(?:是|同样的?(?:问题|情况|毛病)|这样|这样子|这个?情况|这个?问题|这个?毛病|如此|一样|一个样)"
_END = "(?:了|啊|呀|呢|哇|嘞|哦|吧|咧|的|嘛|啦|哎|唉|滴|哈){0,2}"
_AH = (
    "(?:(?:对|是|就是|可不是?|没错|嗯|唉|哎|哎呀|哎哟|啊|呀|完了|真的|得|妈呀|天哪|我去|那个|另外|补充|报告|不光你(?:们)?家?|不止你(?:们)?家?|不只你(?:们)?家?)"
    r"(?:的|啊|呀|嘛|呢|了)?[，,。！!、 ~～…]{0,3}){0,3}"
)
_LIKE = (
    "(?:楼上|上面|楼下|前面|隔壁|对门|他|她|你|您|他们|你们|大家|邻居|刚才|那位|这位|几位|各位|的|家|说|情况|那边|位|的话"
    rf"|{_ADDRESS}){{1,4}}"
)
_PLUS = r"(?:[+＋]\s?(?:1|一|10086|N)|加[1一])(?:(?=\D)|$)"
_SAME = "(?:同上|同楼上|同问|同样|同款|同此|同)(?:的?(?:情况|问题|毛病))?"
_ALIKE = "(?:情况)?(?:都|也)?(?:是)?一样(?:一样)?(?:的)?(?:情况|问题|毛病)?"
_GAP = r"[，,。！!、：: ~～…\n]{0,3}"

_ECHO = later(
    rf"{_AH}(?:"
    rf"(?P<plus>(?:{_HOUSES}{_GAP})?(?:{_ME}|也|都){{0,2}}(?:{_TOPIC})?(?:{_STATE})?{_GAP}(?:{_ME})?也?(?:{_PLUS}){{1,4}}{_GAP}(?:{_HOUSES})?)"
    rf"|(?P<also>(?:{_HOUSES}|{_ME}|{_ESTATE})?(?:的)?\s?(?:{_TOPIC}(?:的)?\s?{_ALSO}(?:(?:{_STATE}){{1,2}}|{_THIS})|{_ALSO}(?:{_TOPIC})?(?:(?:{_STATE}){{1,2}}|{_THIS})))"
    rf"|(?P<same>(?:{_HOUSES}{_GAP})?(?:{_ME})?(?:也)?{_SAME}(?:{_GAP}(?:{_HOUSES}|{_STATE}|{_PLUS}))?)"
    rf"|(?P<alike>(?:{_HOUSES}{_GAP}|{_ME})?(?:也)?(?:{_TOPIC})?(?:也)?{_ALIKE}(?:{_STATE})?)"
    rf"|(?P<like>(?:{_HOUSES}|{_ME})?(?:也|都)?(?:是)?(?:跟|和|与|同){_LIKE}(?:都|也)?(?:{_THIS})(?:的)?(?:情况|问题|毛病)?(?:{_STATE})?)"
    rf"|(?P<more>(?:还有|加上|算上|再加上?)(?:{_HOUSES})(?:一个|一户)?)"
    rf"){_END}"
    r"(?:(?P<asks>[？?])|[，,。！!、；;：: ~～…\n]+(?P<rest>.*))?",
    re.DOTALL,
)
# 「咋又停电了」 names what is gone: where neighbours report just that, it is said of the same
_PLAIN = later(
    rf"{_AH}(?:{_HOUSES})?(?:咋|怎么|又|还是?|是不是|突然|忽然|刚刚?|全|都|老是?|一直|今天|今早|早上|现在){{0,4}}(?:{_TOPIC})?(?:是)?(?:{_GONE})"
    r"(?:了|着|的|啦|咧|呢|啊|呀|哇|嘞|哦|吗|么|嘛|吧|哈|？|\?|！|!){0,6}(?:[，,。！!；;：: ~～…\n]+(?P<rest>.*))?",
    re.DOTALL,
)
# cheap to ask first: most chatter has none of these
_SIGNS = frozenset("也同+＋样还加算")
_HINTS = ("也", "+", "同", "一样", "＋", "还有", "一个样", "加1", "加一", "加上", "算上")
# what may follow words that name nothing: where, since when, a sigh; 「我也是，你是哪里人」 is about something else
_GOES_ON = later(
    r"[水电气暖网灯]|停|断|修|没|坏|冷|冻|急|烦|愁|咋|怎么|啥|什么时候|多会儿|几点|做饭|做不|上班|洗|早|夜|昨|今|半天|小时|刚|物业|社区|网格"
    r"|处理|解决|有人|人管|管管|麻烦|谢|反映|登记|报|快点|赶紧|尽快|一样|也是"
)
_ONLY_WHERE = later(rf"(?:{_HOUSES}{_GAP}){{1,2}}{_END}")
# a line that says so is no echo, whatever else stands in it
_CONTRARY = later(
    r"有[水电气网](?!费)|没有?[停断]|没坏|没事|没问题|没有问题|没毛病|没漏|不[停断漏]|正常|来[水电气暖网]"
    r"|恢复了|修好了|修了|(?<![能才])好了|(?<!不)亮了|通了|(?<!不)热着|(?<![不没])热乎|挺热|很热|暖和着|哈哈|嘻嘻|呵呵|😂|🤣|听说|据说|新闻|单位|公司|宿舍|老家|办公楼|教学楼"
    r"|快递|团购|拼单|报名|接龙|投票|支持|同意|点赞|想[去要吃问买学报知]|不想|觉得|认为|希望|建议|取件|包裹|手机|充电|热水器|电动车|车子?没|发烧|生病"
    r"|费|作业|老师|孩子(?!冷|冻|还)|退订|广告位"
)
_STILL_OUT = later(
    r"[没不]来[水电气暖网]|没恢复|没修好|没好|没亮|没通"
    r"|(?:啥时候|什么时候|多会儿|几点|何时|多久|还不|咋还|怎么还)[^，。！？ ]{0,4}"
    r"(?:来[水电气暖网]|恢复|修好|好|亮|通)了?"
)
# who nobody lives with: 「我也没」 may be about anything
_ONLY_ME = later(
    rf"^{_ME}的?也(?:都)?(?:没|没有|不行|不通|小|满|堵|浑的?|黄的|断|温|凉|冷.*|坏|不热|用不[了成上])(?:了|的|啊|呀|呢|啦)*$"
)
_SAYS_NOTHING = later(r"^(?:也是|也一样|也这样|都一样|同样|同|还有我们|还有家里?)(?:了|啊|呀|呢|哇|的)*$")
_COMPARED = later(rf"(?:跟|和|与|同)(?:[\u4e00-\u9fff]{{0,3}}){_ADDRESS}")
_FACES = later("[\U0001f600-\U0001f64f\U0001f910-\U0001f92f]")
_EDGE = " ，。！!~～.…、\n\t；;"


def hear(line: str) -> Echo | None:
    """What the tidy line repeats, or None: it is no echo."""
    if len(line) > LONGEST or _SIGNS.isdisjoint(line) or not any(hint in line for hint in _HINTS):
        return None
    said = _FACES.sub("", line).strip(_EDGE)
    whole = _ECHO.fullmatch(said)
    if whole is None or whole["asks"] or len(whole["rest"] or "") > _REST:
        return None
    if _contradicts(line):
        return None
    first = said[: whole.start("rest")].strip(_EDGE) if whole["rest"] else said
    if _ONLY_ME.match(first) or _SAYS_NOTHING.match(first):
        return None
    rest = whole["rest"] or ""
    about = _about(first)
    if rest and not about and not (_ONLY_WHERE.fullmatch(rest.strip(_EDGE)) or _GOES_ON.search(rest)):
        return None
    return Echo(about, compared=whole["like"] is not None and _COMPARED.search(first) is not None)


def repeats(line: str) -> Echo | None:
    """As ``hear``; beside it, a line that plainly says what is gone. It opens nothing, but may join what is open."""
    heard = hear(line)
    if heard is not None or len(line) > LONGEST:
        return heard
    whole = _PLAIN.fullmatch(_FACES.sub("", line).strip(_EDGE))
    if whole is None or len(whole["rest"] or "") > _REST or _contradicts(line):
        return None
    about = _about(line[: whole.start("rest")] if whole["rest"] else line)
    return Echo(about) if about else None


def _about(said: str) -> frozenset[str]:
    """The matters that these words can mean, empty when they name none."""
    left = _without_who(said)
    return next((codes for words, codes in ABOUT if words.search(left)), frozenset())


def _contradicts(line: str) -> bool:
    """「我家也有水」「也来电了」: the contrary, or something else altogether; 「啥时候来水」 asks for it only."""
    return _CONTRARY.search(_STILL_OUT.sub(" ", line)) is not None


_WHO = later(rf"{_ADDRESS}|同上|同问|{_PLUS}|天然气(?=也)")


def _without_who(first: str) -> str:
    """What is left to name a matter once the address is out of the way (水产城3号楼 has no water in it)."""
    return _WHO.sub(lambda found: found.group() if "天然气" in found.group() else " ", first)
