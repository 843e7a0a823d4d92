"""How the bot tells staff why it did what it did. Reads the stored thought; never the message itself."""

from collections.abc import Iterator, Mapping
from typing import Any

_OUTCOMES = {
    "silent": "不作声：没有需要办的事",
    "maybe": "不作声：像是有事，但不够确定，留给工作人员看",
    "asked": "先问清楚地点，答了再登记",
    "case": "登记成一件事",
    "joins": "邻居报过同一件事，并到一起",
    "alarm": "紧急：马上提醒并呼叫",
    "unknown_group": "不作声：这个群还没有认领",
    "unknown_community": "不作声：不知道是哪个社区的人",
    "dropped": "不登记了：他说不用了",
    "joined": "答上了地点，登记成一件事",
    "refused": "没有照办，告诉他为什么、可以怎么办",
    "prompted": "按了按钮，等他说一句",
    "contacts": "给出连心卡",
    "progress": "告诉他办到哪了",
    "urged": "提醒经办的人",
    "added": "补充到他已有的那件事",
    "moved": "更正地点",
    "withdrawn": "按他说的撤回",
    "which": "他有几件，先问是哪一件",
    "rated": "记下他的评价",
    "reworked": "他说没解决，交给网格长",
    "photo": "照片归到案件里",
    "command": "按工作人员的话查了告诉他",
}


def told(thought: Mapping[str, Any], *, heard: bool) -> Iterator[str]:
    """The chain from the words to the messages, one Chinese line per step."""
    if not heard:
        yield "闲聊：不记录，不回应。"
        return
    yield f"听到：{thought.get('text', '')}"
    hits = "、".join(f"{hit['word']}（{hit['layer']}+{hit['weight']}）" for hit in thought.get("hits", ()))
    yield f"命中：{hits or '没有'}"
    yield f"意图：{thought.get('intent')} {thought.get('item_name', '')} 得分{thought.get('score', 0):g}"
    for veto in thought.get("vetoes", ()):
        yield f"否决：{veto}"
    if place := thought.get("place"):
        yield f"地点：{place['text']}（{place['how']}）"
    if grid := thought.get("grid"):
        yield f"网格：{grid['name']} {grid['code']}"
    if person := thought.get("person"):
        yield f"交给：{person['as']}{person['name']}（{person['why']}）"
    for clock in thought.get("deadlines", ()):
        yield f"时限：{clock['limit']}，{clock['due']}"
    for message in thought.get("messages", ()):
        yield f"发给{message['to']}：" + message["text"].replace("\n", "\n    ")
    outcome = str(thought.get("outcome", "")).split(":")[0]
    yield f"结果：{_OUTCOMES.get(outcome, outcome)}"
