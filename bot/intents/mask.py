"""Personal data out of a text, for logs, group texts and exports. Never stores, never reverses.

Kept on purpose: the first four and last two of an identity number, 138****5678, the last four of a bank card, the
last two of a plate, the building and unit. Hidden wholly: pickup and verification codes, door numbers. When a long
number is nothing we know, it is hidden like one we know: a mistyped secret is still somebody's secret.
Every pattern is bounded, so the work is linear in the length of the text.
"""

import re

from bot.intents.later import later

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"

_CODE = later(
    r"((?:取件|取货|提货|自提|验证|校验|动态|门禁|开门)(?:密?码|号|口令)?(?:是|为|：|:)?[ \t]{0,3})([A-Za-z]{0,3}\d[\dA-Za-z]{0,11}(?:[-－ ][\dA-Za-z]{1,8}){0,3})"  # noqa: E501
)
_PASSWORD = later(r"(密码(?:是|为|：|:)?[ \t]{0,3})([A-Za-z0-9@#$%!_.-]{4,20})")
_CODE_BEFORE = later(r"(?<![\d-])\d{1,3}[-－]\d{1,3}[-－]\d{3,6}(?=.{0,6}(?:取件|取货|提货|自提|快递|包裹|驿站|码))")
_PARCEL = later(r"取件|取货|提货|自提|快递|包裹|驿站|菜鸟")
_DASHED = later(r"(?<![\d-])\d{1,3}[-－]\d{1,3}[-－]\d{3,6}(?![\d-])")
_RUN = later(r"\d(?:[ \t－-]?\d){9,}[Xx]?")
_PLATE = later(
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z])[·•. \-]?([A-HJ-NP-Z0-9]{3,4})([A-HJ-NP-Z0-9]{2})(?![A-Za-z0-9])"  # noqa: E501
)
_DOOR_DASH = later(r"(?<![\d-])(\d{1,3}[-－#]\d{1,2}[-－])\d{3,4}(?![\d*-])")
_DOOR_AFTER = later(r"((?:号楼|栋|幢|单元|座|门|#楼?|号院)[ \t]?[-—、]?[ \t]?)\d{3,4}(?![\d*])(?:室|号|户)?")
_DOOR = later(r"(?<![\d*])\d{3,4}(室|户|号房|住户)")
_DOOR_LIVES = later(r"((?:住|家是|家在|门牌(?:号)?(?:是|为|：|:)?)[ \t]?)\d{3,4}(?![\d*])")


def mask(text: str) -> str:
    """The text with every secret hidden; everything else untouched."""
    text = _PASSWORD.sub(lambda found: found.group(1) + "******", text)
    text = _CODE.sub(lambda found: found.group(1) + "****", text)
    text = _RUN.sub(lambda found: _number(found.group()), text)
    text = _CODE_BEFORE.sub("****", text)
    if _PARCEL.search(text):
        text = _DASHED.sub("****", text)
    text = _PLATE.sub(lambda found: f"{found.group(1)}·***{found.group(3)}", text)
    text = _DOOR_DASH.sub(lambda found: found.group(1) + "***", text)
    text = _DOOR_AFTER.sub(lambda found: found.group(1) + "***", text)
    text = _DOOR_LIVES.sub(lambda found: found.group(1) + "***", text)
    return _DOOR.sub(lambda found: "***" + found.group(1), text)


def is_identity(digits: str) -> bool:
    """An 18-character identity number with the right check character (GB 11643)."""
    if len(digits) != 18 or not digits[:17].isdigit():
        return False
    total = sum(int(char) * weight for char, weight in zip(digits, _WEIGHTS, strict=False))
    return _CHECKS[total % 11] == digits[17].upper()


def is_card(digits: str) -> bool:
    """A bank card number of 16 to 19 digits that passes Luhn."""
    if not 16 <= len(digits) <= 19 or not digits.isdigit():
        return False
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _number(run: str) -> str:
    digits = re.sub(r"[^\dXx]", "", run)
    if is_identity(digits):
        return f"{digits[:4]}{'*' * 12}{digits[-2:]}"
    if is_card(digits):
        return "*" * (len(digits) - 4) + digits[-4:]
    if len(digits) >= 15:
        return f"{digits[:4]}{'*' * (len(digits) - 6)}{digits[-2:]}"
    if len(digits) >= 11:
        return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"
    return run if re.search(r"[ \t－-]", run) else f"{digits[:3]}{'*' * (len(digits) - 5)}{digits[-2:]}"
