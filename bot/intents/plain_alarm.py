"""Cries for help known by plain words alone: what still works when the classifier does not. Weighs nothing.

It is asked only after the engine has failed on a message. Too many alarms are then better than a silent one, so only
an announced drill is held back.
"""

import re

from bot.intents.base import Hit, Slots, Understanding
from bot.intents.later import later

_REASON = "识别部分出了故障，按紧急字眼处理"
_BUILDING = later(r"(\d{1,3})\s*(?:号楼|栋|幢|号)")
_UNIT = later(r"(\d{1,2})\s*单元")
_DRILL = later(r"演习|演练|彩排")
# the catalogue's code, its slug, and the words; the first that fits decides
_CRIES: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("utility.gas_leak", "gas_leak", later(r"(煤气|燃气|天然气).{0,8}(味|漏|泄|臭)")),
    ("safety.fire", "fire", later(r"着火|失火|起火|冒(黑|浓|白)?烟|快打119")),
    ("property.elevator_trapped", "safety_hazard",
     later(r"电梯.{0,10}(困|关|卡).{0,6}(人|里|住)|(困|关|卡)(在)?.{0,4}电梯")),
    ("emergency.self_harm", "medical_emergency", later(r"(想|要)(跳楼|自杀|寻死)|不想活|活不下去")),
    ("emergency.violence", "public_security", later(r"杀人|持刀|拿(着)?刀|打死人|抢劫|入室")),
    ("emergency.medical", "medical_emergency",
     later(r"救命|晕倒|昏迷|昏倒|不省人事|叫不醒|醒不来|没有?呼吸|喘不上气|抽搐|大出血|心梗|吐血|快打120|救护车")),
)  # fmt: skip


def understand(text: str) -> Understanding | None:
    """The emergency that these words cry out, or nothing."""
    line = text[:500]
    if _DRILL.search(line):
        return None
    for code, slug, words in _CRIES:
        if found := words.search(line):
            return Understanding(
                intent=slug,
                item=code,
                is_request=True,
                urgent=True,
                decision="act",
                score=4.0,
                slots=Slots(building=_number(_BUILDING, line), unit=_number(_UNIT, line)),
                hits=(Hit(found.start(), found.end(), found.group(), 4, "紧急字眼", slug),),
                reason=_REASON,
            )
    return None


def _number(shape: re.Pattern[str], line: str) -> str:
    found = shape.search(line)
    return found.group(1) if found else ""
