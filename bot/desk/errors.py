"""Refusals: a verb that says no is an exception that can say itself politely. Never a fault of the program."""


class Refusal(Exception):
    """``say`` is one clear Chinese sentence for whoever asked: what, why, and how to mend it."""

    def __init__(self, say: str) -> None:
        super().__init__(say)
        self.say = say


class CaseNotFound(Refusal):
    def __init__(self, number: str) -> None:
        super().__init__(f"没有找到{number}这件事，请核对编号后再试。")


class NotYourCase(Refusal):
    def __init__(self, number: str, lead: str) -> None:
        super().__init__(f"{number}现在由{lead or '调度员'}办理，不能替别人接单；要接手请联系网格长转派。")


class AlreadyTaken(Refusal):
    def __init__(self, number: str) -> None:
        super().__init__(f"{number}已经接过单了，不用重复点。")
