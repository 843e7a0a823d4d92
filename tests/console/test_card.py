"""The contact cards as pages and pictures: public, printable, without a word about any resident."""

import asyncio
import re
import struct
import subprocess
import sys
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.app import build_app, open_service
from bot.console import card_image
from bot.console.card import PER_PAGE, STYLE, routes
from bot.console.card_image import NoFont, font, qr_svg
from config.settings import Settings, WrongSettings, read_settings
from storage import revision
from storage.db import writing
from storage.grid import Community, Grid, GridCode
from tests.play import call
from tests.town import CODE, NOON, Town

EAST = f"/card/{CODE}0001"
EVIL = '<script>alert("1&2")</script>'


@pytest.fixture
def fill(sqlite: Engine) -> Any:
    """Build the town; ``change(town)`` may add to it."""

    def build(change: Any = lambda town: None) -> None:
        with writing(sqlite) as session:
            change(Town(session))
            revision.bump(session)

    return build


def browser(engine: Engine, *, card_url: str = "") -> TestClient:
    return TestClient(Starlette(routes=routes(engine, card_url=card_url, clock=lambda: NOON)))


def _has_font() -> bool:
    try:
        font()
    except NoFont:
        return False
    return True


needs_font = pytest.mark.skipif(not _has_font(), reason="没有中文字体（fonts-wqy-microhei），画图的测试跳过")


def test_the_card_says_who_when_and_what_to_dial(fill: Any, sqlite: Engine) -> None:
    fill()
    answer = browser(sqlite).get(EAST)
    assert answer.status_code == 200
    for words in ("东一网格", "宋佳明", "郭文媛", "138 0000 0001", 'href="tel:13800000001"', "0351-0000001",
                  'href="tel:03510000001"', "下午2点半到6点", "节假日休息", 'href="tel:120"', "政务热线"):  # fmt: skip
        assert words in answer.text, words
    assert "李慧" not in answer.text, "who leads is named only where nobody else is there"
    assert "请假" not in answer.text


def test_nothing_of_a_resident_is_on_any_page(fill: Any, sqlite: Engine) -> None:
    fill()
    for path in ("/card", EAST):
        page = re.sub(r"<svg.*?</svg>", "", browser(sqlite).get(path).text)
        for secret in ("王秀英", "秀英", "申桂兰", "1390000000", "601", "3号楼", "simulator", "g-haitang"):
            assert secret not in page, secret


def test_a_phone_that_is_not_public_stays_off_the_page(fill: Any, sqlite: Engine) -> None:
    def hide(town: Town) -> None:
        town.song.phone_public = False
        town.session.add(town.song)

    fill(hide)
    page = browser(sqlite).get(EAST).text
    assert "宋佳明" in page
    assert "13800000001" not in page.replace(" ", "")


def test_the_pages_load_nothing_from_elsewhere_and_need_no_script(fill: Any, sqlite: Engine) -> None:
    fill()
    for path in ("/card", EAST):
        answer = browser(sqlite, card_url="https://example.cn/card/").get(path)
        assert "<script" not in answer.text
        assert re.findall(r'(?:src|href)="(?!tel:|/card|data:)[^"]*"', answer.text) == []
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    style = browser(sqlite).get("/card/card.css")
    assert style.headers["Content-Type"].startswith("text/css")
    assert style.text == STYLE.read_text()
    assert not re.search(r"url\(|@import", style.text)


def test_ten_cards_make_a_page_and_micro_grids_have_none(fill: Any, sqlite: Engine) -> None:
    def more(town: Town) -> None:
        for number in range(3, 13):
            town.session.add(Grid(code=f"{CODE}00{number:02}", name=f"第{number}网格", valid_from=date(2024, 1, 1),
                                  community_id=town.community.id or 0))  # fmt: skip

    fill(more)
    sheets = browser(sqlite).get("/card").text.split('class="sheet"')[1:]
    assert [sheet.count("<article") for sheet in sheets] == [PER_PAGE, 2]
    assert "微网格" not in "".join(sheets)
    assert sheets[0].index("东一网格") < sheets[0].index("东二网格") < sheets[0].index("第3网格")


@pytest.mark.parametrize(
    "code", [CODE + "9999", "nope", "a" * 200, "%00", "..%2F..%2Fetc%2Fpasswd", "%E7%BD%91%E6%A0%BC", "' OR 1=1 --"]
)
@pytest.mark.parametrize("ending", ["", ".png"])
def test_an_unknown_code_is_a_404_with_one_sentence(fill: Any, sqlite: Engine, code: str, ending: str) -> None:
    fill()
    answer = browser(sqlite).get(f"/card/{code}{ending}")
    assert answer.status_code == 404
    # a code with a slash in it is no address of ours at all
    assert "没有找到这个网格的连心卡" in answer.text or "%2F" in code


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "status"),
    [
        (date(2024, 1, 1), None, 200),
        (date(2024, 1, 1), date(2026, 11, 24), 200),
        (date(2024, 1, 1), date(2026, 11, 23), 404),
        (date(2026, 11, 24), None, 404),
    ],
)
def test_only_grids_that_exist_today_are_shown(
    fill: Any, sqlite: Engine, valid_from: date, valid_to: date | None, status: int
) -> None:
    def change(town: Town) -> None:
        town.east1.valid_from, town.east1.valid_to = valid_from, valid_to
        town.session.add(town.east1)

    fill(change)
    assert browser(sqlite).get(EAST).status_code == status
    assert ("东一网格" in browser(sqlite).get("/card").text) == (status == 200)


def test_a_former_code_and_a_micro_grid_lead_to_the_card_of_today(database: Engine) -> None:
    with writing(database) as session:
        town = Town(session)
        session.add(GridCode(grid_id=town.east2.id or 0, code=CODE + "0777", valid_from=date(2024, 1, 1),
                             valid_to=date(2026, 1, 1)))  # fmt: skip
    client = browser(database)
    assert "东二网格" in client.get(f"/card/{CODE}0777").text
    assert "东一网格" in client.get(f"/card/{CODE}0101").text
    assert client.get("/card/%00").status_code == 404


def test_leave_is_on_the_screen_but_not_on_paper(fill: Any, sqlite: Engine) -> None:
    fill(lambda town: town.away(town.song, NOON, NOON + timedelta(hours=1)))
    page = browser(sqlite).get(EAST).text
    assert '<span class="away">今天请假，找候补郭文媛</span>' in page
    assert "年假" not in page
    printed = STYLE.read_text().split("@media print")[1]
    assert re.search(r"\.away[^{}]*\{ display: none; \}", printed)


def test_a_changed_roster_is_on_the_next_page(fill: Any, sqlite: Engine) -> None:
    fill()
    client = browser(sqlite)
    assert "138 0000 0001" in client.get(EAST).text
    with writing(sqlite) as session:
        worker = session.get_one(Community, 1)
        worker.phone = "0351-7654321"
        session.add(worker)
        revision.bump(session)
    assert "0351-7654321" in client.get(EAST).text


def test_the_code_leads_where_the_setting_says_else_it_dials(fill: Any, sqlite: Engine) -> None:
    fill()
    linked = browser(sqlite, card_url="https://example.cn/card/").get(EAST).text
    dialling = browser(sqlite).get(EAST).text
    assert qr_svg(f"https://example.cn/card/{CODE}0001") in linked
    assert qr_svg("tel:03510000001") in dialling
    assert qr_svg("tel:03510000001") not in linked
    assert "扫码打社区电话" in dialling


def test_without_any_phone_there_is_no_code(fill: Any, sqlite: Engine) -> None:
    def silence(town: Town) -> None:
        town.community.phone = town.community.duty_phone = ""
        town.session.add(town.community)

    fill(silence)
    assert "<figure" not in browser(sqlite).get(EAST).text


def test_several_communities_are_a_list_to_choose_from(fill: Any, sqlite: Engine) -> None:
    fill(lambda town: town.session.add(Community(code="140109001903", name="邻镇社区", tag="LZ")))
    client = browser(sqlite)
    assert "小镇社区" in client.get("/card").text
    assert "<article" not in client.get("/card").text
    assert "东一网格" in client.get(f"/card?community={CODE}").text
    assert "还没有网格" in client.get("/card?community=140109001903").text
    assert client.get("/card?community=1").status_code == 404
    assert client.get("/card?community=%00").status_code == 404


def test_no_name_turns_into_code(fill: Any, sqlite: Engine) -> None:
    def rename(town: Town) -> None:
        town.east1.name = town.song.name = EVIL[:40]
        town.session.add_all([town.east1, town.song])

    fill(rename)
    client = browser(sqlite)
    assert "<script" not in client.get(EAST).text + client.get("/card").text
    if _has_font():
        assert client.get(EAST + ".png").status_code == 200


@needs_font
def test_the_picture_is_a_png_as_wide_as_a_phone(fill: Any, sqlite: Engine) -> None:
    fill()
    answer = browser(sqlite).get(EAST + ".png")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    width, height = struct.unpack(">II", answer.content[16:24])
    assert answer.content.startswith(b"\x89PNG")
    assert width == card_image.WIDTH
    assert 1_000 < height < 2_000
    linked = browser(sqlite, card_url="https://example.cn/card/").get(EAST + ".png").content
    assert linked != answer.content, "another code in the corner"
    assert browser(sqlite).get(f"/card/{CODE}0002.png").content != answer.content


@needs_font
def test_a_font_that_draws_no_chinese_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    good = font()
    font.cache_clear()
    monkeypatch.setattr(card_image, "FONTS", ((__file__, "No Font"), (good[0], "No Such Family"), good))
    assert font() == good
    font.cache_clear()


def test_without_a_font_the_picture_says_how_to_mend_it_and_the_page_stays(
    fill: Any, sqlite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    font.cache_clear()
    monkeypatch.setattr(card_image, "FONTS", (("/no/such/font.ttc", "Nobody"),))
    answer = browser(sqlite).get(EAST + ".png")
    assert answer.status_code == 503
    assert "安装 fonts-wqy-microhei" in answer.text
    assert answer.text.count("。") == 1
    assert browser(sqlite).get(EAST).status_code == 200


def test_an_idle_process_holds_neither_library() -> None:
    look = "import sys, bot.app; print(sorted({'segno', 'resvg_py'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_cards_are_there_outside_the_demo_too(fill: Any, sqlite: Engine, sqlite_url: str) -> None:
    fill()
    service = open_service(Settings(database_url=sqlite_url, demo=False), roles=("web",), clock=lambda: NOON)
    app = build_app(service)

    async def look() -> list[int]:
        statuses = [(await call(app, "GET", path))[0] for path in ("/card", EAST, "/card/nope", "/")]
        await service.stop()
        return statuses

    assert asyncio.run(look()) == [200, 200, 404, 404]


def test_the_address_of_the_cards_is_a_setting() -> None:
    urls = ("", "https://example.cn/card", "https://example.cn/card/", "https://example.cn/k?grid=")
    assert [read_settings({"GRIDBOT_CARD_URL": url}).card_url for url in urls] == [
        "",
        "https://example.cn/card/",
        "https://example.cn/card/",
        "https://example.cn/k?grid=",
    ]
    with pytest.raises(WrongSettings) as wrong:
        read_settings({"GRIDBOT_CARD_URL": "example.cn/card"})
    (problem,) = wrong.value.problems
    assert problem.startswith("GRIDBOT_CARD_URL：要写成 https://主机/card/")
