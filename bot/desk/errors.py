"""Refusals: a verb that says no is an exception that can say itself politely. Never a fault of the program."""


class Refusal(Exception):
    """``say`` is one clear Chinese sentence for whoever asked: what, why, and how to mend it."""

    def __init__(self, say: str) -> None:
        super().__init__(say)
        self.say = say


class CaseNotFound(Refusal):
    def __init__(self, number: str) -> None:
        super().__init__(f"没有找到{number}这件事，请核对编号后再试。")


class NotAllowed(Refusal):
    """Somebody else has to do that; ``possible`` are the verbs that he himself may use now."""

    def __init__(self, number: str, verb: str, possible: list[str]) -> None:
        super().__init__(f"{number}不能由您来{verb}。{_possible(possible)}")


class NotNow(Refusal):
    def __init__(self, number: str, verb: str, state: str, possible: list[str]) -> None:
        super().__init__(f"{number}{state}，现在不能{verb}。{_possible(possible)}")


class NotYet(Refusal):
    """The move is legal, but something else about this case stands against it: ``why`` says what and how to mend."""

    def __init__(self, number: str, why: str) -> None:
        super().__init__(f"{number}{why}")


class Unknown(Refusal):
    """A word that names nobody and nothing: ``say`` says what was looked for and what there is."""


def _possible(verbs: list[str]) -> str:
    return f"现在可以：{'、'.join(verbs)}。" if verbs else "要办的话请联系网格长。"
