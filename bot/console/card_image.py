"""Draws a contact card: its QR code, and the whole as a PNG picture. Looks nothing up and serves nothing.

Both libraries are imported where they are used: most processes never draw a card, and an idle one is to stay small.
"""

import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader

from bot.texts import contacts as say

# where systems keep a font with Chinese characters, and the family to ask for: file → name inside
FONTS = (
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", "WenQuanYi Micro Hei"),
    ("/usr/share/fonts/wqy-microhei/wqy-microhei.ttc", "WenQuanYi Micro Hei"),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", "WenQuanYi Zen Hei"),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "Noto Sans CJK SC"),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", "Noto Sans CJK SC"),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", "Noto Sans CJK SC"),
    ("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", "Droid Sans Fallback"),
    ("/System/Library/Fonts/Hiragino Sans GB.ttc", "Hiragino Sans GB"),
    ("/System/Library/Fonts/STHeiti Medium.ttc", "Heiti SC"),
    ("C:/Windows/Fonts/msyh.ttc", "Microsoft YaHei"),
    ("C:/Windows/Fonts/simhei.ttf", "SimHei"),
)
WIDTH, EDGE = 900, 60
INK, SOFT, PAPER = "#111111", "#3d444d", "#ffffff"
_TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
_PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><text y="28" font-size="28">{}</text></svg>'
# drawing holds up every thread of the process, about 0.2 s for a card: one at a time, so that the others get theirs
_PEN = threading.Lock()


class NoFont(Exception):
    """No font of this machine has Chinese characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A name on the card. ``phone`` is empty unless it is public; ``away`` says where to turn meanwhile."""

    label: str
    name: str
    phone: str
    away: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """Everything that is to be read on one card. ``qr`` is what its code holds, empty for none; ``scan`` says so."""

    code: str
    grid: str
    community: str
    community_code: str
    people: tuple[Person, ...]
    phone: str
    duty_phone: str
    hours: tuple[str, ...]
    qr: str
    scan: str


class Line(NamedTuple):
    """A line of the picture: its baseline in pixels from the top, its size and colour."""

    y: int
    size: int
    ink: str
    text: str
    heavy: bool = False


@lru_cache(maxsize=512)
def qr_svg(content: str) -> str:
    """The QR code as an inline SVG without a size of its own: whoever shows it says how large."""
    import segno  # noqa: PLC0415  # only for those who look at a card, see above

    return segno.make(content, error="m", micro=False).svg_inline(border=4, omitsize=True, svgclass="code")


def picture(face: Face) -> bytes:
    """The card as PNG, 900 pixels wide. Raises ``NoFont``."""
    path, family = font()
    title = list(_title(face))
    band = title[-1].y + 40
    lines = [*title, *_lines(face, band)]
    foot = lines[-1].y + 50
    svg = _TEMPLATES.get_template("card.svg").render(
        face=face,
        lines=lines,
        width=WIDTH,
        edge=EDGE,
        band=band,
        foot=foot,
        height=foot + 300,
        urgent=[f"{what} {number}" for what, number in say.URGENT],
        hotline=say.HOTLINE,
        code=qr_svg(face.qr) if face.qr else "",
    )
    with _PEN:
        return _draw(svg, path, family)


@cache
def font() -> tuple[str, str]:
    """File and family of the first font that really draws Chinese. Raises ``NoFont``, and looks again the next time."""
    for path, family in FONTS:
        if Path(path).is_file() and _png(_PROBE.format("网"), path, family) != _png(_PROBE.format(""), path, family):
            return path, family
    raise NoFont


@lru_cache(maxsize=64)
def _draw(svg: str, path: str, family: str) -> bytes:
    """Kept, because a group's members open the same picture one after the other."""
    return _png(svg, path, family)


def _png(svg: str, path: str, family: str) -> bytes:
    import resvg_py  # noqa: PLC0415  # only for those who look at a card, see above

    return resvg_py.svg_to_bytes(
        svg_string=svg, skip_system_fonts=True, font_files=[path], font_family=family, sans_serif_family=family
    )


def _title(face: Face) -> Iterator[Line]:
    """The community and the grid; a name too long to be read in one line takes two."""
    community = f"{face.community} · 连心卡"
    yield Line(y := 76, _fitting(community, 40), PAPER, community)
    half = (len(face.grid) + 1) // 2
    for part in [face.grid] if _fitting(face.grid, 88) >= 60 else [face.grid[:half], face.grid[half:]]:
        size = _fitting(part, 88)
        yield Line(y := y + size + 18, size, PAPER, part, True)


def _lines(face: Face, y: int) -> Iterator[Line]:
    """Everything below the title, from ``y`` on."""
    for place, each in enumerate(face.people):
        small, large = (64, 112) if place == 0 else (48, 76)
        who = f"{each.label} {each.name}"
        yield Line(y := y + small + 36, _fitting(who, small), SOFT, who)
        reach = say.spaced(each.phone) or say.ASK_COMMUNITY
        yield Line(y := y + large + 12, _fitting(reach, large), INK, reach, True)
    y += 20
    for label, number in ((say.COMMUNITY, face.phone), (say.AFTER_HOURS, face.duty_phone)):
        if number:
            yield Line(y := y + 74, _fitting(f"{label} {number}", 56), INK, f"{label} {number}")
    y += 12
    for line in (row for text in face.hours for row in _wrapped(text, 38)):
        yield Line(y := y + 52, 38, SOFT, line)


def _fitting(text: str, size: int) -> int:
    """``size``, or as much less as the text needs to stay on the card."""
    return min(size, int((WIDTH - 2 * EDGE) / _ems(text)))


def _wrapped(text: str, size: int) -> Iterator[str]:
    """Lines that fit, broken behind a comma."""
    line = ""
    for part in say.clauses(text):
        if line and _ems(line + part) * size > WIDTH - 2 * EDGE:
            yield line
            line = ""
        line += part
    yield line


def _ems(text: str) -> float:
    """How wide a text is, in its own size: a Chinese character is one, others are a good half."""
    return sum(1.0 if unicodedata.east_asian_width(each) in "WF" else 0.58 for each in text) or 1.0
