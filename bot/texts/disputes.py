"""What the two sides of a dispute and its mediator read, each in private. Never a word of one side to the other.

Nothing here names the matter, a flat or whoever reported, except to the mediator. The law behind it is 人民调解法:
art. 17 (one side refuses: no mediation), 28 (oral or written agreement), 33 (joint confirmation by a court, 30 days).
"""

from collections.abc import Iterable

SIDES = {"first": "报事人", "other": "对方"}
CHANNELS = "街道综治中心（人民调解委员会）、司法所，或者向人民法院起诉；有人身危险马上打110"
EXAMPLE_REFUSED = "一方不愿调解，已告知其他途径"
_STANDING = {
    "asked": "等双方表示愿意", "agreed": "双方愿意", "proposed": "约定等双方确认", "reached": "已达成约定",
    "refused": "有一方不愿意，已停止",
}  # fmt: skip
_SAYS = {"asked": "还没答复", "agreed": "愿意", "refused": "不愿意"}


def asked_alone(*, nick: str) -> str:
    """In the group, instead of asking there where it is."""
    return f"@{nick} 收到，我私下问您一句，门牌号和邻居的事请别发在群里。"


def invited(*, community: str, number: str, who: str) -> str:
    return (
        f"您好，这里是{community}。有一件邻里之间的事，想请您一起商量着解决，由{who}居中调解，编号{number}。\n"
        "调解自愿、不收费，您说的话不会转给另一方。愿意请回“愿意”，不愿意请回“不愿意”，都不影响您办别的事。"
    )


def other_is_asked(*, number: str, who: str) -> str:
    return f"{number} {who}正在联系另一方。调解要双方自愿，您不想调解了随时回“不愿意”。"


def invited_by_bot(*, number: str, place: str) -> str:
    return f"{number} 已记对方{_at(place)}，并私下问了他愿不愿意调解，没有说是谁反映的，有回音告诉您。"


def call_on_him(*, number: str, place: str) -> str:
    return (
        f"{number} 已记对方{_at(place)}。他没有能用的账号，请您上门或打电话问他愿不愿意调解，别说是谁反映的，"
        f"再回“对方同意 {number}”或“对方不同意 {number}”。"
    )


def takes_over(*, number: str, place: str, says: str) -> str:
    """To a mediator who comes in later: how far it is."""
    return f"{number} 对方{_at(place)}，{_SAYS.get(says, says)}。"


def agreed(*, number: str, who: str) -> str:
    return f"好的，{number}记下了您愿意调解，{who}会跟您约时间。"


def both_agree(*, number: str, who: str) -> str:
    return f"{number} 双方都愿意调解了，{who}会跟您约时间。"


def agreed_to_lead(*, number: str, side: str, both: bool) -> str:
    rest = f"请约双方。谈成回“达成 {number} 内容”，想缓一缓回“冷静 {number} 3天”。" if both else "还要等另一方。"
    return f"{number} {SIDES[side]}愿意调解，{rest}"


def kept(*, number: str) -> str:
    return f"记下了（{number}），只有调解员看得到。"


def said(*, number: str, side: str, words: str) -> str:
    return f"{number} {SIDES[side]}说：{words}"


def stopped_for_refuser(*, number: str) -> str:
    return f"好的，{number}的调解到此停止，不影响您办别的事。以后想谈，随时回“愿意”。"


def stopped(*, number: str) -> str:
    return f"{number} 有一方不愿意调解，按规定停止。"


def other_ways(*, number: str) -> str:
    """For whoever reported: what else he can do."""
    return f"{number}还可以找{CHANNELS}。"


def stopped_to_lead(*, number: str, side: str) -> str:
    return (
        f"{number} {SIDES[side]}不愿意调解，依法停止，不能再劝。可以回“移交 {number}”请上一级接手，"
        f"或者回“办结 {number} {EXAMPLE_REFUSED}”。"
    )


def nobody_above(*, number: str) -> str:
    return (
        "上面没有可以移交的人了。请告诉双方可以找司法所、人民法院，有危险打110，"
        f"再回“办结 {number} {EXAMPLE_REFUSED}”。"
    )


def new_mediator(*, number: str, who: str) -> str:
    return f"{number} 改由{who}接着跟进，他会联系您。"


def cooling(*, number: str, until: str) -> str:
    return f"{number} 双方先冷静几天，{until}再接着谈。这几天有急事直接回我，有危险打110。"


def cooling_to_lead(*, number: str, until: str) -> str:
    return f"{number} 先冷静，{until}自动恢复，双方已私下告知，这几天不计时。"


def cool_over(*, number: str, who: str) -> str:
    return f"{number} 冷静的日子到了，{who}会再联系您。"


def cool_over_to_lead(*, number: str, by: str) -> str:
    return f"{number} 冷静期到了，请接着调解，{by}办结。"


def proposed(*, number: str, words: str) -> str:
    return (
        f"{number} 调解员记下双方谈成的约定：{_end(words)}\n"
        "没有出入回“同意”或1，有出入回“不同意”或3，可以写上哪里不对。\n"
        "口头约定也算数，要书面协议请告诉调解员。"
        "人民调解委员会调解达成的，双方可以在生效后30日内一起到法院申请司法确认。"
    )


def proposed_to_lead(*, number: str, reachable: bool) -> str:
    if reachable:
        return f"{number} 约定已私下发给双方，等他们确认。"
    return (
        f"{number} 约定已私下发给报事人。对方没有能用的账号，请当面念给他听，"
        f"再回“对方同意 {number}”或“对方不同意 {number}”。"
    )


def confirmed(*, number: str) -> str:
    return f"好的，{number}记下了您同意，等另一方确认。"


def confirmed_to_lead(*, number: str, side: str) -> str:
    return f"{number} {SIDES[side]}同意约定，等另一方确认。"


def objected(*, number: str, who: str) -> str:
    return f"好的，{number}还要再谈，{who}会联系您。"


def not_settled(*, number: str, who: str) -> str:
    return f"{number} 约定还没定下来，{who}会再联系您。"


def objected_to_lead(*, number: str, side: str, words: str) -> str:
    said = f"：{words}" if words else ""
    return f"{number} {SIDES[side]}不同意约定{said}\n请接着调解，谈成再回“达成 {number} 内容”。"


def settled(*, number: str, words: str) -> str:
    return f"{number} 双方都已同意：{_end(words)}谢谢您配合，以后有出入直接回我。"


def settled_to_lead(*, number: str) -> str:
    return f"{number} 双方都同意约定，已转待回访。"


def ended(*, number: str) -> str:
    """To the other side, when it ends without his doing."""
    return f"{number} 这件事已经了结，不用再谈了，谢谢您。"


def which(*, numbers: list[str], word: str) -> str:
    return f"您有{len(numbers)}件在调解：{'、'.join(numbers)}。请带上编号，比如“{word} {numbers[0]}”。"


def standing(mediation: str, other: tuple[str, str] | None) -> list[str]:
    """How far it is, for the mediator's 详情. ``other`` is (place, what he says)."""
    lines = [f"调解：{_STANDING.get(mediation, mediation)}"]
    if other is None:
        return [*lines, "对方：还没记，回“对方 编号 门牌号或姓名”"]
    return [*lines, f"对方：{other[0] or '地点不明'}，{_SAYS.get(other[1], other[1])}"]


def several(names: Iterable[str]) -> str:
    """「张**、李**」: enough for somebody who knows them."""
    return "、".join(f"{name[0]}**" for name in names)


def _at(place: str) -> str:
    return f"（{place}）" if place else ""


def _end(words: str) -> str:
    words = words.strip()
    return words if words.endswith(("。", "！", "？", "!", "?")) else words + "。"
