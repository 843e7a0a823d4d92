"""Tables of counts as people hand them in: read whole, or refused with one line for each wrong row."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reports.assessment import assess
from bot.reports.rows import Table, WrongCounts, read_table
from tests.reports import golden
from tests.reports.golden import TAIYUAN

HEADER = "unit,due,closed,on_time,extended,extension_base,first_pass,first_pass_base,media_deduction"


def _read(text: str | bytes) -> Table:
    return read_table(text.encode() if isinstance(text, str) else text, TAIYUAN)


def _scores(table: Table) -> list[str]:
    return [str(assess(row, TAIYUAN).score) for row in table.rows]


def _wrong(text: str | bytes) -> list[str]:
    with pytest.raises(WrongCounts) as wrong:
        _read(text)
    return wrong.value.errors


def _tried(raw: bytes) -> Table | list[str]:
    try:
        return _read(raw)
    except WrongCounts as wrong:
        return wrong.errors


def test_the_citys_file_goes_straight_in() -> None:
    table = _read(golden.FILE.read_bytes())
    assert _scores(table) == [golden.score(row) or "None" for row in golden.rows()]
    assert table.chinese


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_the_inputs_of_the_citys_table_alone_are_enough_in_every_encoding(encoding: str) -> None:
    """Without the count that we worked out, and without any column of ours."""
    kept = [0, *range(3, 11)]
    lines = csv.reader(golden.FILE.read_text(encoding="utf-8").splitlines())
    text = "".join(",".join(f'"{line[index]}"' for index in kept) + "\r\n" for line in lines)
    assert _scores(_read(text.encode(encoding))) == [golden.score(row) or "None" for row in golden.rows()]


def test_plain_counts_are_reckoned_exactly() -> None:
    table = _read(f"{HEADER}\n甲,10,9,10,1,12,8,9,0.2\n")
    assert _scores(table) == ["94.16"]
    assert not table.chinese
    assert not table.remarks


@pytest.mark.parametrize("cut", range(60, len(golden.FILE.read_bytes()), 97))
def test_a_file_that_was_cut_off_anywhere_never_crashes(cut: int) -> None:
    """All rows but the last are as they were; the last has its score, none, or is not there."""
    raw = golden.FILE.read_bytes()[:cut]
    found = _tried(raw)
    if isinstance(found, list):
        assert raw.count(b"\n") <= 1, found
        return
    full = [golden.score(row) or "None" for row in golden.rows()]
    assert _scores(found)[:-1] == full[: len(found.rows) - 1]
    assert _scores(found)[-1] in (full[len(found.rows) - 1], "None")


def test_half_a_number_at_the_torn_end_is_not_believed() -> None:
    table = _read("unit,due,closed,on_time_pct,closure_pct,extension_pct,first_pass_pct\n甲,543,49")
    assert (table.rows[0].due, table.rows[0].closed) == (543, None)
    table = _read("unit,due,closed,on_time_pct,closure_pct,extension_pct,first_pass_pct\n甲,543,498,64.6")
    assert "on_time" not in table.rows[0].printed
    table = _read("unit,due,closed,on_time_pct,closure_pct,extension_pct,first_pass_pct\n甲,543,498,64.64")
    assert assess(table.rows[0], TAIYUAN).numerator("on_time") == 351


def test_a_last_row_without_a_line_break_is_whole_when_nothing_is_missing() -> None:
    assert _scores(_read(f"{HEADER}\n甲,10,9,10,1,12,8,9")) == ["94.36"]


def test_a_row_without_even_its_name_is_left_out_and_said() -> None:
    table = _read("group,unit,due,closed\n城区,甲,1,1\n城区")
    assert [row.unit for row in table.rows] == ["甲"]
    assert table.remarks == ("第3行残缺，没有单位名称，略去",)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("甲,十,9,10,1,12,8,9,0", "第2行（甲）：应结案数“十”不是件数，请填写 0 或正整数"),
        ("甲,-3,9,10,1,12,8,9,0", "第2行（甲）：应结案数“-3”不是件数"),
        ("甲,1.5,1,1,0,1,1,1,0", "第2行（甲）：应结案数“1.5”不是件数"),
        ("甲,1e3,1,1,0,1,1,1,0", "第2行（甲）：应结案数“1e3”不是件数"),
        ("甲,9999999999999999999999,1,1,0,1,1,1,0", "第2行（甲）：应结案数“99999999999999999999…”不是件数"),
        (",10,9,10,1,12,8,9,0", "第2行：没有写单位，请补上单位名称，或删除这一行"),
        ("甲,,9,10,1,12,8,9,0", "第2行（甲）：应结案数没有填，请补上；没有应结的案件就填 0"),
        ("甲,10,11,10,1,12,8,9,0", "第2行（甲）：结案数11比应结案数10还多，请核对这两列"),
        ("甲,10,9,11,1,12,8,9,0", "第2行（甲）：按期结案数11比应结案数10还多"),
        ("甲,10,9,10,13,12,8,9,0", "第2行（甲）：延期数13比派单数12还多"),
        ("甲,10,9,10,1,12,10,9,0", "第2行（甲）：一次完成数10比办理完成数9还多"),
        ("甲,0,1,0,0,0,0,0,0", "第2行（甲）：结案数1比应结案数0还多"),
        ("甲,10,9,10,1,12,8,9,-0.2", "第2行（甲）：媒体督办扣分“-0.2”不是扣多少分，请填写 0 或正数，如 0.2"),
        ("甲,10,9,10,1,12,8,9,nan(1)", "第2行（甲）：媒体督办扣分“nan(1)”不是扣多少分"),
    ],
)
def test_a_wrong_row_is_one_line_that_says_what_why_and_how(row: str, says: str) -> None:
    (line,) = _wrong(f"{HEADER}\n{row}\n")
    assert line.startswith(says)


def test_all_wrong_rows_are_told_at_once_each_in_one_line() -> None:
    errors = _wrong(f"{HEADER}\n甲,x,y,10,1,12,8,9,0\n乙,10,9,10,1,12,8,9,0\n丙,1,2,1,0,1,1,1,0\n")
    assert [line.split("（")[0] for line in errors] == ["第2行", "第4行"]
    assert "；" in errors[0], "both wrong cells of a row stand in its line"


def test_a_percentage_that_contradicts_its_counts_is_refused() -> None:
    (line,) = _wrong("unit,due,closed,closure_pct\n甲,543,498,97.71\n")
    assert line == "第2行（甲）：结案率写的是97.71%，结案数÷应结案数是91.71%，请改正其中一个"
    assert _read("unit,due,closed,closure_pct\n甲,543,498,91.72\n").rows, "rounded or cut off: both are near enough"


@pytest.mark.parametrize("cell", ["101", "-1", "abc", "99,5", "１０１"])
def test_a_percentage_must_be_one(cell: str) -> None:
    (line,) = _wrong(f'unit,due,closed,on_time_pct\n甲,10,9,"{cell}"\n')
    assert "不是 0 到 100 的百分数" in line


@pytest.mark.parametrize(
    ("cell", "count"),
    [("1,234", 1234), ("１２３４", 1234), (" 1234 ", 1234), ("1234.0", 1234), ("1，234", 1234), ("1 234", 1234)],
)
def test_counts_are_read_as_excel_and_people_write_them(cell: str, count: int) -> None:
    assert _read(f'单位,应结案数（件）,结案数\n甲,"{cell}",0\n').rows[0].due == count


@pytest.mark.parametrize("blank", ["", "—", "——", "-", "/", "无", "N/A", "#DIV/0!", " "])
def test_blanks_in_their_many_shapes_are_blank(blank: str) -> None:
    row = _read(f"unit,due,closed,media_deduction\n甲,10,9,{blank}\n").rows[0]
    assert row.media_deduction is None


@pytest.mark.parametrize(
    "header",
    [
        "unit,due,closed,on_time",
        "部门单位,应结案数,结案数,按期结案数",
        "部门单位_unit,应结案数_due,结案数_closed,按期结案数_on_time",
        " Unit ,DUE,Closed,On_Time",
        "单位名称,应结案数(件),结案数（件）,按期数",
        "网格;应结案;结案;按期件数",
        "单位\t应结案数\t结案数\t按期结案数",
    ],
)
def test_columns_are_known_by_their_plain_their_chinese_and_both_names(header: str) -> None:
    mark = next(mark for mark in ",;\t" if mark in header)
    row = _read(f"{header}\n{mark.join(('甲', '10', '9', '8'))}\n").rows[0]
    assert (row.unit, row.due, row.closed, row.on_time) == ("甲", 10, 9, 8)


def test_a_title_above_the_header_is_passed_over() -> None:
    table = _read("综合评价表,,\n(统计时间：2022年11月),,\n单位,应结案数,结案数\n甲,1,1\n")
    assert table.rows[0].due == 1


def test_the_given_count_is_preferred_to_the_worked_out_one() -> None:
    table = _read("unit,due,closed,on_time,implied_on_time_count\n甲,10,9,7,8\n")
    assert table.rows[0].on_time == 7


def test_unused_and_replaced_columns_are_said() -> None:
    table = _read("unit,due,closed,on_time,extended,first_pass,colour\n甲,10,9,10,1,8,red\n")
    assert table.remarks == (
        "没有用到的列：colour",
        "没有派单数（extension_base）这一列，延期率的分母用应结案数代替",
        "没有办理完成数（first_pass_base）这一列，一次完成率的分母用结案数代替",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "表格是空的"),
        ("\n\n", "表格是空的"),
        ("甲,10,9\n", "没有找到列名"),
        ("unit,group\n甲,乙\n", "没有找到列名"),
        (HEADER + "\n", "第1行以下没有数据"),
        ("unit,due,due,closed\n甲,1,1,1\n", "第1行：“应结案数（due）”这一列出现了两次"),
        ("unit,due,应结案数\n甲,1,1\n", "第1行：“应结案数（due）”这一列出现了两次"),
        (HEADER + '\n"甲,1,1\n乙,2,2\n', "第2行的引号不成对"),
        (b"\xff\xfe\xff\x81\x00", "没有找到列名"),
        (b"unit,due\n\x81\xff\xff,1\n", "表格的文字读不出来"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_one_line(text: str | bytes, says: str) -> None:
    (line,) = _wrong(text)
    assert line.startswith(says)


def test_control_characters_never_get_into_a_name() -> None:
    row = _read('unit,due\n"甲\x1b[31m\n乙\u202e丙",0\n').rows[0]
    assert row.unit == "甲[31m 乙丙"


def test_blank_rows_are_counted_but_not_reckoned() -> None:
    (line,) = _wrong("unit,due,closed\n甲,1,1\n,,\n\n乙,x,1\n")
    assert line.startswith("第5行（乙）")


def test_many_thousand_rows_are_read() -> None:
    text = HEADER + "\n" + "".join(f"第{n}网格,{n},{n},{n},0,{n},{n},{n},\n" for n in range(1, 20_001))
    assert len(_read(text).rows) == 20_000


@given(st.binary(max_size=200))
def test_no_bytes_at_all_make_it_crash(raw: bytes) -> None:
    for start in (b"", b"unit,due,closed,on_time_pct\n", "单位,应结案数\n".encode("gbk")):
        found = _tried(start + raw)
        assert found if isinstance(found, list) else found.rows


@given(st.lists(st.lists(st.text(max_size=8), max_size=9), max_size=4))
def test_no_cells_at_all_make_it_crash(rows: list[list[str]]) -> None:
    sheet = io.StringIO()
    csv.writer(sheet).writerows(rows)
    found = _tried((HEADER + "\n" + sheet.getvalue()).encode("utf-8", "replace"))
    assert found if isinstance(found, list) else all(row.unit for row in found.rows)
