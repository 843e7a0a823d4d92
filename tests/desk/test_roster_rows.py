"""What the import refuses, each in its exact words. Nothing is ever written here but the town it starts from."""

import pytest
from sqlalchemy import Engine

from bot.desk.errors import Refusal
from tests.desk.roster_town import TOWN, C, as_tables, counts, load, refusal, town, with_cell


@pytest.fixture
def engine(sqlite: Engine) -> Engine:
    return sqlite


WRONG = [
    ("社区", 2, "社区代码", "1401", "社区 第2行 社区代码：“1401”不是12位数字，请填写12位社区代码"),
    ("社区", 2, "名称", "", "社区 第2行 名称：不能空着，请填写"),
    ("社区", 2, "简称", "海", "社区 第2行 简称：“海”不能作案件编号的开头，请填 2 到 8 个大写字母或数字，例如 HTW"),
    ("社区", 3, "名称", "又一个", "社区 第3行 社区代码：与第2行重复，请删去一行"),
    ("网格", 3, "网格代码", "1401090019020002",
     f"网格 第3行 网格代码：1401090019020002 前12位与社区代码不一致，请改成以 {C} 开头的16位代码"),
    ("网格", 3, "网格代码", "东网格", "网格 第3行 网格代码：“东网格”不是16位数字，请填写16位网格代码"),
    ("网格", 3, "级别", "片区", "网格 第3行 级别：没有“片区”这一种，请填 网格、微网格、专属网格 之一"),
    ("网格", 4, "上级网格代码", "北网格", "网格 第4行 上级网格代码：没有“北网格”，请先在网格表中新增"),
    ("网格", 4, "上级网格代码", "", "网格 第4行 上级网格代码：微网格要有上级网格，请补上"),
    ("网格", 2, "上级网格代码", f"{C}0003", "网格 第2行 上级网格代码：上级网格绕成了一圈，请改正"),
    ("网格", 2, "启用日期", "去年", "网格 第2行 启用日期：“去年”不是日期，请写成 2026-11-22"),
    ("网格", 2, "停用日期", "2025-12-31", "网格 第2行 停用日期：要晚于启用日期 2026-01-01，请核对"),
    ("网格", 3, "原网格代码", f"{C}0001", f"网格 第3行 原网格代码：{C}0001 在第2行还是现用代码，请核对"),
    ("楼栋", 3, "小区", "桃园", "楼栋 第3行 小区：没有“桃园”这个小区，请先在小区表中新增"),
    ("楼栋", 3, "网格代码", "海棠苑东9网格", "楼栋 第3行 网格代码：没有“海棠苑东9网格”，请先在网格表中新增"),
    ("楼栋", 3, "楼号", "3号楼", "楼栋 第3行 小区：与第2行重复，请删去一行"),
    ("楼栋", 3, "楼号", "最靠里面的那一栋高高的楼",
     "楼栋 第3行 楼号：“最靠里面的那一栋高高的楼”不能作楼号，请写得短一些，例如 3 或 12A"),
    ("单元", 2, "楼号", "9", "单元 第2行 楼号：“海棠苑”没有9号楼，请先在楼栋表中新增"),
    ("单元", 2, "层数", "0", "单元 第2行 层数：“0”不对，请填 1 到 99 的整数"),
    ("别名", 2, "单元", "2", "别名 第2行 楼号：填了单元就要填楼号，请补上"),
    ("别名", 2, "别名", "", "别名 第2行 别名：不能空着，请填写"),
    ("人员", 3, "手机", "138",
     "人员 第3行 手机：不是11位手机号，也不是带区号的座机，请核对，例如 13800000000 或 0351-0000000"),
    ("人员", 3, "手机公开", "可以", "人员 第3行 手机公开：“可以”看不懂，请填“是”或“否”"),
    ("人员", 3, "出生日期", "2027-01-01", "人员 第3行 出生日期：在今天以后，请核对"),
    ("人员", 3, "单元", "5", "人员 第3行 单元：“海棠苑”3号楼没有5单元，请先在单元表中新增"),
    ("人员", 3, "小区", "", "人员 第3行 小区：填了楼号就要填小区，请补上"),
    ("人员", 3, "编号", "W1", "人员 第3行 编号：与第2行重复，请删去一行"),
    ("角色", 4, "人员编号", "X9", "角色 第4行 人员编号：没有编号“X9”的人员，请先在人员表中新增"),
    ("角色", 4, "角色", "楼长",
     "角色 第4行 角色：没有“楼长”这一种，请填 居民、网格辅助员、全科网格员、"
     "网格长、总网格长、街道、管理员、审计员 之一"),
    ("角色", 3, "网格代码", "", "角色 第3行 网格代码：全科网格员要填写负责的网格，请补上"),
    ("角色", 4, "角色", "总网格长", "角色 第4行 网格代码：总网格长管整个社区，请空着"),
    ("角色", 4, "候补", "是", "角色 第4行 候补：只有全科网格员有候补，请填“否”"),
    ("角色", 4, "社区代码", "140109001999", "角色 第4行 社区代码：没有“140109001999”这个社区，请先在社区表中新增"),
    ("角色", 2, "兜底派单", "否", "角色：社区“海棠湾社区”没有兜底派单的人，请给正好一人填“是”"),
    ("角色", 3, "兜底派单", "是", "角色：社区“海棠湾社区”有 2 个兜底派单的人（第2行、第3行），请只给一人填“是”"),
    ("账号", 2, "人员编号", "X9", "账号 第2行 人员编号：没有编号“X9”的人员，请先在人员表中新增"),
    ("账号", 3, "昵称", "又是我", "账号 第3行 渠道：与第2行重复，请删去一行"),
    ("请假", 2, "结束", "2026-11-30", "请假 第2行 结束：要晚于开始，请核对"),
    ("请假", 2, "开始", "2026-12-01 25:00",
     "请假 第2行 开始：“2026-12-01 25:00”不是时间，请写成 2026-11-22 或 2026-11-22 08:30"),
    ("群", 2, "类型", "吹水",
     "群 第2行 类型：没有“吹水”这一种，请填 居民服务、楼栋、党建、公益课堂、志愿者、工作 之一"),
    ("群", 2, "网格代码", f"{C}0001；{C}0009", f"群 第2行 网格代码：没有“{C}0009”，请先在网格表中新增"),
    ("群", 2, "发言地址", "", "群 第2行 发言地址：发言渠道和发言地址要么都填，要么都空着"),
    ("群", 2, "群名", "群" * 61, "群 第2行 群名：有 61 个字，最多 60 个，请缩短"),
]  # fmt: skip


@pytest.mark.parametrize(("sheet", "row", "title", "cell", "say"), WRONG)
def test_a_wrong_cell_is_refused_in_these_words(
    engine: Engine, sheet: str, row: int, title: str, cell: str, say: str
) -> None:
    before = counts(engine)
    errors = refusal(engine, with_cell(sheet, row, title, cell))
    assert say in errors
    assert counts(engine) == before


def test_hours_are_refused_in_the_words_of_the_clock(engine: Engine) -> None:
    tables = town(社区=[["社区代码", "名称", "简称", "工作时间"], [C, "海棠湾社区", "HTW", "早八点"]])
    assert refusal(engine, tables) == ["社区 第2行 工作时间：工作时间“早八点”看不懂，请写成 08:30-12:00,14:00-18:00"]


def test_a_refused_phone_or_name_is_never_repeated(engine: Engine) -> None:
    said = "".join(refusal(engine, with_cell("人员", 3, "手机", "1391234")))
    assert said
    assert "1391234" not in said
    assert "申桂莲" not in said


def test_key_columns_must_be_there_and_new_rows_must_be_whole(engine: Engine) -> None:
    assert refusal(engine, town(账号=[["人员编号", "账号"], ["W1", "a"]])) == ["账号：缺少“渠道”这一列，请补上"]
    assert refusal(engine, as_tables({"社区": [["社区代码", "名称"], [C, "海棠湾社区"]]})) == [
        "社区 第2行 简称：新增的行要有这一列，请补上"
    ]


def test_every_mistake_is_told_at_once_in_the_order_of_the_tables(engine: Engine) -> None:
    tables = with_cell("群", 2, "类型", "吹水") | {
        name: with_cell(name, row, title, cell)[name]
        for name, row, title, cell in [("人员", 3, "手机", "1"), ("社区", 2, "简称", "H")]
    }
    cells = [error.split("：")[0] for error in refusal(engine, tables)]
    assert cells == ["社区 第2行 简称", "人员 第3行 手机", "群 第2行 类型"]


def test_another_communitys_grid_is_refused(engine: Engine) -> None:
    other = "140109001902"
    tables = town(
        社区=[*TOWN["社区"], [other, "槐树湾社区", "HSW"]],
        网格=[*TOWN["网格"], [f"{other}0001", other, "", "南网格", "网格", "", "", ""]],
        小区=[["社区代码", "小区"], [C, "海棠苑"], [other, "海棠苑"]],
        楼栋=[
            ["社区代码", "小区", "楼号", "网格代码"],
            [C, "海棠苑", "3", f"{other}0001"],
            ["", "海棠苑", "4", f"{C}0002"],
        ],
    )
    assert refusal(engine, tables) == [
        f"楼栋 第2行 网格代码：“{other}0001”属于另一个社区，请改成本社区的网格",
        "楼栋 第3行 社区代码：有几个社区都有“海棠苑”，请填写是哪一个",
        "单元 第2行 社区代码：有几个社区都有“海棠苑”，请填写是哪一个",
        "别名 第2行 社区代码：有几个社区都有“海棠苑”，请填写是哪一个",
        "人员 第2行 社区代码：有几个社区，请填写是哪一个",
        "人员 第3行 社区代码：有几个社区都有“海棠苑”，请填写是哪一个",
    ]


def test_each_community_needs_its_own_dispatcher(engine: Engine) -> None:
    tables = town(
        社区=[*TOWN["社区"], ["140109001902", "槐树湾社区", "HSW"]],
        小区=[["社区代码", "小区"], [C, "海棠苑"]],
        人员=[["社区代码", *TOWN["人员"][0]], *([C, *row] for row in TOWN["人员"][1:])],
    )
    assert refusal(engine, tables) == ["角色：社区“槐树湾社区”没有兜底派单的人，请给正好一人填“是”"]


def test_who_refers_to_a_wrong_row_is_not_blamed_for_it(engine: Engine) -> None:
    other = ["社区代码", *TOWN["人员"][0]]
    lost = town(人员=[other, ["140109001999", *TOWN["人员"][1]], [C, *TOWN["人员"][2]]])
    assert refusal(engine, lost) == ["人员 第2行 社区代码：没有“140109001999”这个社区，请先在社区表中新增"]
    nowhere = with_cell("楼栋", 2, "小区", "桃园")
    assert refusal(engine, nowhere | {"单元": with_cell("单元", 2, "小区", "桃园")["单元"]})[0] == (
        "楼栋 第2行 小区：没有“桃园”这个小区，请先在小区表中新增"
    )


def test_a_tag_serves_one_community(engine: Engine) -> None:
    load(engine, town())
    second = as_tables({"社区": [["社区代码", "名称", "简称"], ["140109001902", "槐树湾社区", "htw"]]})
    assert refusal(engine, second) == [f"社区 第2行 简称：“HTW”已经是社区 {C} 的简称，请换一个"]


def test_a_refusal_can_say_itself(engine: Engine) -> None:
    with pytest.raises(Refusal) as caught:
        load(engine, with_cell("人员", 3, "手机", "138"))
    assert caught.value.say == str(caught.value)
    assert "第3行" in caught.value.say


def test_a_recoding_must_begin_after_the_grid_did(engine: Engine) -> None:
    load(engine, town())
    row = [f"{C}1001", C, "", "东网格", "网格", "2025-12-01", "", f"{C}0001"]
    early = as_tables({"网格": [TOWN["网格"][0], row]})
    assert refusal(engine, early) == ["网格 第2行 启用日期：新代码的启用日期要晚于 2026-01-01，请核对"]


def test_a_recoding_cannot_swallow_another_grid(engine: Engine) -> None:
    load(engine, town())
    row = [f"{C}0002", C, "", "西网格", "网格", "2026-12-01", "", f"{C}0001"]
    assert refusal(engine, as_tables({"网格": [TOWN["网格"][0], row]})) == [
        f"网格 第2行 原网格代码：{C}0001 仍是另一个网格的代码，请核对"
    ]
