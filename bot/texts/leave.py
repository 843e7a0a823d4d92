"""What is said about leaves and the duty rota, to staff alone."""


def taken(*, who: str, since: str, until: str) -> str:
    return f"已登记：{who}{since}起请假，到{until}。到时没接的、到期的事会转给候补。提前回来请回“销假”。"


def back(*, who: str) -> str:
    return f"{who}已销假，新的事照常派给您。"


def on_duty(*, people: list[tuple[str, str]], phone: str) -> str:
    if not people:
        return f"现在没有排值班，值班电话{phone}。" if phone else "现在没有排值班，请社区在名册的“值班”表里补上。"
    listed = "、".join(f"{name} {number}".strip() for name, number in people)
    return f"现在值班：{listed}。"
