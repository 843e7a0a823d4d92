"""What the staff read about matters of which few may know: reports the law wants, tip-offs. Never names who reported.

The bodies are those of 未成年人保护法 art. 11 and 反家庭暴力法 art. 14.
"""

_MUST_TELL = {
    "relief.child_protection": "公安、民政、教育（未成年人保护法第11条）",
    "relief.domestic_violence": "公安、妇联（反家庭暴力法第14条）",
}
_OTHERWISE = "公安和主管部门"
NOT_SHOWN = "不显示"
COVERED = "此件已不由您经手"


def must_tell(item: str) -> str:
    """Which bodies must hear of it, as one sentence under a call."""
    return f"发现就要报告：{_MUST_TELL.get(item, _OTHERWISE)}，报告后回“备注”记下时间和接报人。"


def row(item: str) -> tuple[str, str]:
    """The same as a row of the card."""
    return "须报告", _MUST_TELL.get(item, _OTHERWISE)


def tip_taken(*, number: str) -> str:
    return f"收到，编号{number}。经办人看不到是谁反映的，有结果在这里告诉您，要补充也直接回我。"
