"""The words of the assessment table (考评表) for staff: column titles, remarks, the formula. Never reckons."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from config.scheme import Base, Rate, Scheme, Term

NONE = "—"
STREET, COMMUNITY, GRID, NO_GRID = "街道", "社区", "网格", "（未定网格）"
TITLES: Mapping[str, str] = {
    "group": "组别",
    "unit": "部门单位",
    "due": "应结案数",
    "closed": "结案数",
    "on_time_pct": "按期结案率",
    "closure_pct": "结案率",
    "extension_pct": "延期率",
    "first_pass_pct": "一次完成率",
    "media_deduction": "媒体督办扣分",
    "score": "考评得分",
    "on_time": "按期结案数",
    "extended": "延期数",
    "extension_base": "派单数",
    "first_pass": "一次完成数",
    "first_pass_base": "办理完成数",
    "code": "代码",
    "received": "受理数",
    "self_handled": "自行处置数",
    "registered": "立案数",
    "note": "备注",
}
RATES: Mapping[Rate, str] = {
    "on_time": "按期结案率",
    "closure": "结案率",
    "extension": "延期率",
    "first_pass": "一次完成率",
}
_NOTHING: Mapping[Base, str] = {
    "due": "没有应结的案件",
    "closed": "没有结案的",
    "on_time": "没有按期的",
    "extension_base": "没有派单",
    "first_pass_base": "没有办理完的",
}


def nothing_due(*, scored: bool) -> str:
    return "应结案数为0，各项按满分" if scored else "应结案数为0，不评分"


def missing(rates: Iterable[Rate], between: tuple[Decimal, Decimal] | None) -> str:
    """What keeps a row from its score, and between what the score would be."""
    what = "、".join(RATES[rate] for rate in RATES if rate in set(rates))
    return f"缺{what}，不评分" + (f"；补齐后得分在{between[0]}～{between[1]}之间" if between else "")


def empty(rate: Rate, base: Base | None, term: Term) -> str:
    return f"{_NOTHING[base or 'due']}，{RATES[rate]}按{_points((term.empty or Fraction(0)) * 100)}%计分"


def fits_no_count(rate: Rate) -> str:
    return f"{RATES[rate]}对不上整数件数，按百分数计算"


def only_printed(rates: Iterable[Rate]) -> str:
    return f"{'、'.join(RATES[rate] for rate in rates)}只有百分数，没有件数：按印出的百分数计算，得分可能相差0.01"


def stands_in(rate: Rate, base: Base, wanted: Base) -> str:
    return f"没有{TITLES[wanted]}（{wanted}）这一列，{RATES[rate]}的分母用{TITLES[base]}代替"


def unused(headers: Iterable[str]) -> str:
    return f"没有用到的列：{'、'.join(headers)}"


def formula(scheme: Scheme) -> str:
    """得分 = 20 + 结案率×32 + 按期结案率×24 + (1－延期率)×8 + 一次完成率×16 － 媒体督办扣分"""
    parts = [
        f"{RATES['closure']}×{_points(scheme.closure.weight)}",
        f"{RATES['on_time']}×{_points(scheme.on_time.weight)}",
        f"(1－{RATES['extension']})×{_points(scheme.extension.weight)}",
        f"{RATES['first_pass']}×{_points(scheme.first_pass.weight)}",
    ]
    return f"得分 = {_points(scheme.base_points)} + {' + '.join(parts)} － {TITLES['media_deduction']}"


def overall(*, due: int, closed: int, percent: str) -> str:
    return f"合计：应结案{due}件，结案{closed}件，总体结案率{percent}"


def _points(number: Fraction) -> str:
    return f"{float(number):g}"
