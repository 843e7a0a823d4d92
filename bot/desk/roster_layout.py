"""The form of the import: which tables there are, which columns each has, and what may stand in them. Only data.

A sheet's name and its headers are what a clerk sees; ``stem`` is the CSV file's name. Reading, checking and the
template all follow this one description, so a new column is one line here and one in its check.
"""

from dataclasses import dataclass

from bot.desk import roster_cells as cells
from storage.grid import GridLevel
from storage.group import GroupKind
from storage.person import ROLE_NAMES

LEVELS: dict[str, str] = {"网格": GridLevel.GRID, "微网格": GridLevel.MICRO, "专属网格": GridLevel.SPECIAL}
ROLES: dict[str, str] = {name: kind for kind, name in ROLE_NAMES.items()}
GROUP_KINDS: dict[str, str] = {
    "居民服务": GroupKind.SERVICE,
    "楼栋": GroupKind.BUILDING,
    "党建": GroupKind.PARTY,
    "公益课堂": GroupKind.CLASS,
    "志愿者": GroupKind.VOLUNTEER,
    "工作": GroupKind.WORK,
}
YES_NO = ("是", "否")


@dataclass(frozen=True)
class Column:
    """One column. ``field`` is the table's column it goes to as it is; empty where the row's check decides.

    ``key``: the column must be there. ``needed``: its cell must not be blank. ``blank`` is what a blank cell means.
    """

    title: str
    read: cells.Reader
    field: str = ""
    key: bool = False
    needed: bool = False
    blank: object = ""
    example: str = ""
    note: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    name: str
    stem: str
    columns: tuple[Column, ...]

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(column.title for column in self.columns)


_COMMUNITY = Column("社区代码", cells.community_code, example="140109001901", note="只有一个社区时可以空着")
_ESTATE = Column("小区", cells.text(60), example="海棠苑", note="要与小区表里的写法一致")
_BUILDING = Column("楼号", cells.building, example="3", note="楼号，例如 3 或 12A")
_UNIT = Column("单元", cells.unit, example="2", note="单元号，例如 2")
_GRID = Column("网格代码", cells.text(60), example="1401090019010001", note="16位代码；原代码和不重复的网格名称也认得")
_PERSON = Column("人员编号", cells.text(32), key=True, needed=True, example="W01", note="人员表里的编号")
_CHANNEL = Column("渠道", cells.text(20), "channel", key=True, needed=True, example="simulator", note="聊天平台")


def _key(column: Column) -> Column:
    return Column(column.title, column.read, column.field, True, True, "", column.example, column.note)


def _flag(title: str, field: str, note: str) -> Column:
    return Column(title, cells.yes_no, field, blank=False, example="否", note=note, choices=YES_NO)


def _choice(title: str, field: str, values: dict[str, str], note: str, *, key: bool = False) -> Column:
    first = next(iter(values))
    return Column(title, cells.choice(values), field, key, True, "", first, note, tuple(values))


SHEETS: tuple[Sheet, ...] = (
    Sheet("社区", "communities", (
        Column("社区代码", cells.community_code, "code", True, True, "", "140109001901", "12位统计用区划代码"),
        Column("名称", cells.text(60), "name", needed=True, example="海棠湾社区", note="社区全名"),
        Column("街道", cells.text(60), "street", example="千峰街道", note="所属街道"),
        Column("简称", cells.tag, "tag", needed=True, example="HTW", note="案件编号的开头，2到8个字母，各社区不同"),
        Column("电话", cells.phone, "phone", example="0351-0000000", note="工作时间的电话"),
        Column("值班电话", cells.phone, "duty_phone", example="0351-0000001", note="下班以后的电话"),
        Column("工作时间", cells.hours, "hours", example="08:30-12:00,14:30-18:00", note="时限按工作时间计算"),
    )),
    Sheet("网格", "grids", (
        Column("网格代码", cells.grid_code, "code", True, True, "", "1401090019010001", "16位，前12位是社区代码"),
        Column("社区代码", cells.community_code, example="140109001901", note="可以空着，按网格代码前12位"),
        Column("上级网格代码", cells.text(60), example="", note="微网格必填：它属于哪个网格"),
        Column("名称", cells.text(60), "name", needed=True, example="海棠苑东网格", note="网格名称"),
        _choice("级别", "level", LEVELS, "网格、微网格或专属网格"),
        Column("启用日期", cells.day, blank=None, example="2026-01-01", note="换代码时填新代码的启用日期"),
        Column("停用日期", cells.day, "valid_to", blank=None, note="从这一天起不再使用"),
        Column("原网格代码", cells.grid_code, example="", note="换代码时填旧代码，旧代码以后仍认得"),
    )),
    Sheet("小区", "estates", (
        _COMMUNITY,
        Column("小区", cells.text(60), "name", True, True, "", "海棠苑", "小区名称"),
    )),
    Sheet("楼栋", "buildings", (
        _COMMUNITY,
        _key(_ESTATE),
        Column("楼号", cells.building, "number", True, True, "", "3", "楼号，例如 3 或 12A"),
        Column("网格代码", cells.text(60), needed=True, example="1401090019010001", note="这栋楼属于哪个网格"),
    )),
    Sheet("单元", "units", (
        _COMMUNITY,
        _key(_ESTATE),
        _key(_BUILDING),
        Column("单元", cells.unit, "number", True, True, "", "2", "单元号"),
        Column("层数", cells.count, "floors", needed=True, example="6", note="共几层"),
        Column("每层户数", cells.count, "doors", needed=True, example="2", note="每层几户，门牌从01排起"),
        Column("网格代码", cells.text(60), example="1401090019010001", note="空着就同这栋楼"),
    )),
    Sheet("别名", "aliases", (
        _COMMUNITY,
        Column("别名", cells.text(30), "word", True, True, "", "老锅炉房那栋", "居民口头的叫法"),
        _key(_ESTATE),
        _BUILDING,
        _UNIT,
    )),
    Sheet("人员", "people", (
        _COMMUNITY,
        Column("编号", cells.text(32), "code", True, True, "", "W01", "名册里的编号，不要改"),
        Column("姓名", cells.text(40), "name", needed=True, example="沈岚", note="真实姓名，不会出现在居民群"),
        Column("手机", cells.phone, "phone", example="13800000001", note="手机或座机"),
        _flag("手机公开", "phone_public", "网格员的工作电话填“是”，居民填“否”"),
        Column("出生日期", cells.day, "born", blank=None, example="1990-05-01", note="可以空着"),
        _ESTATE,
        _BUILDING,
        _UNIT,
        Column("房号", cells.room, "room", example="601", note="门牌号，不会出现在居民群"),
    )),
    Sheet("角色", "roles", (
        _PERSON,
        _choice("角色", "kind", ROLES, "一人可以有几行", key=True),
        Column("社区代码", cells.community_code, example="140109001901", note="空着就按人员所在社区"),
        Column("网格代码", cells.text(60), example="1401090019010001", note="辅助员、网格员、网格长必填"),
        _flag("候补", "standin", "这个网格的B岗填“是”"),
        _flag("兜底派单", "dispatcher", "没人能接的案件归他，每个社区正好一人"),
    )),
    Sheet("账号", "identities", (
        Column("人员编号", cells.text(32), example="W01", note="不知道是谁就空着"),
        _CHANNEL,
        Column("账号", cells.text(128), "external_id", True, True, "", "sim-shenlan", "平台给的编号"),
        Column("昵称", cells.text(60), "display_name", example="网格员小沈", note="群里显示的名字"),
    )),
    Sheet("请假", "absences", (
        _PERSON,
        Column("开始", cells.moment, key=True, needed=True, example="2026-11-23", note="日期，或 2026-11-23 14:00"),
        Column("结束", cells.moment, key=True, needed=True, example="2026-11-25", note="只写日期就含这一天"),
        Column("事由", cells.text(60), "reason", example="年休假", note="可以空着"),
    )),
    Sheet("值班", "duties", (
        _PERSON,
        Column("开始", cells.moment, key=True, needed=True, example="2026-11-23 18:00", note="日期，或日期加时间"),
        Column("结束", cells.moment, key=True, needed=True, example="2026-11-24 08:30", note="只写日期就含这一天"),
    )),
    Sheet("群", "groups", (
        _CHANNEL,
        Column("群标识", cells.text(128), "external_id", True, True, "", "group-haitang", "平台给的群编号"),
        Column("群名", cells.text(60), "name", needed=True, example="海棠苑居民服务群", note="群的名称"),
        _choice("类型", "kind", GROUP_KINDS, "只有居民服务群和楼栋群里的话会变成案件"),
        _COMMUNITY,
        Column("网格代码", cells.grid_codes, blank=(), example="1401090019010001", note="几个网格用顿号隔开"),
        Column("发言渠道", cells.text(20), "post_channel", example="simulator", note="只能由人代发的群空着"),
        Column("发言地址", cells.text(200), "post_address", example="group-haitang", note="机器人地址，当作密码保管"),
    )),
)  # fmt: skip
BY_NAME = {sheet.name: sheet for sheet in SHEETS}
