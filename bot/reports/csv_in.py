"""CSV as it comes from Excel in China: bytes in, lines of trimmed cells out. Never knows what a cell means.

UTF-8 with or without a BOM, GBK, or Excel's UTF-16 text; commas, tabs or semicolons. A file that was cut off in the
middle of a letter, a number or a quoted cell is read up to there.
"""

import codecs
import csv
import io
from dataclasses import dataclass

_BIGGEST = 64 * 1024 * 1024
_ENCODINGS = ("utf-8-sig", "gb18030")
_SPACES = " \t\r\n\v\f\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
# line breaks and tabs in a cell become a space; other control characters have no business in a table
_MENDED: dict[int, str | None] = dict.fromkeys((*range(32), *range(127, 160)))
_MENDED |= dict.fromkeys(map(ord, "\t\r\n"), " ")
# what a reader sees in a different order than the file has it
_MENDED |= dict.fromkeys((0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))


class UnreadableFile(Exception):
    """The file cannot be read as a table; ``str()`` is the Chinese reason and the way to mend it."""


@dataclass(frozen=True, slots=True)
class Lines:
    """``cells[n]`` is row ``n + 1`` as Excel counts. ``torn``: the file ends without a line break, so the last row may
    have been cut off anywhere."""

    cells: list[list[str]]
    torn: bool


def read_lines(raw: bytes) -> Lines:
    """Raises ``UnreadableFile``."""
    if len(raw) > _BIGGEST:
        raise UnreadableFile("表格超过 64 MB，请分成几次计算")
    words = _decoded(raw)
    first = words.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",", "\t", ";", key=first.count)
    lines = _split(words, delimiter)
    return Lines([[_clean(cell) for cell in line] for line in lines], torn=not words.endswith(("\n", "\r")))


def _decoded(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return codecs.getincrementaldecoder("utf-16")("replace").decode(raw, final=False)
    for encoding in _ENCODINGS:
        try:
            # not final: a letter that was cut in half at the end is left out
            return codecs.getincrementaldecoder(encoding)().decode(raw, final=False)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile("表格的文字读不出来，请在 Excel 中另存为“CSV UTF-8（逗号分隔）”")


def _split(words: str, delimiter: str) -> list[list[str]]:
    lines: list[list[str]] = []
    reader = csv.reader(io.StringIO(words, newline=""), delimiter=delimiter, strict=True)
    while True:
        before = reader.line_num
        try:
            lines.append(next(reader))
        except StopIteration:
            return lines
        except csv.Error:
            torn = words.splitlines()[before:]
            # only the very last line may lack its closing quote: further up it would swallow the rows below
            if len(torn) == 1 and torn[0].count('"') % 2:
                return [*lines, *csv.reader([torn[0] + '"'], delimiter=delimiter)]
            raise UnreadableFile(f"第{len(lines) + 1}行的引号不成对，请在 Excel 中重新另存为 CSV") from None


def _clean(cell: str) -> str:
    return cell.strip(_SPACES).translate(_MENDED).strip()
