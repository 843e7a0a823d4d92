"""The command 并案: two cases that are one thing, put together by hand. Guesses neither of the two."""

import re

from bot.desk import closing
from bot.desk.errors import Unknown
from bot.desk.letters import Letter
from bot.handlers.base import Turn
from bot.handlers.base_command import QUOTED, Line, by_word, plain_command, which
from storage.case import Case

_WORD = "并案"
_ONE = rf"(?:#|第)?\s*(?:{QUOTED.pattern}|\d{{1,3}})\s*(?:号件|号|件)?"
_PAIR = re.compile(
    rf"(?:把|将)?\s*(?P<this>{_ONE})?\s*(?:并到|并入|并进|归到|合到|到|进|入|→|->)\s*(?P<into>{_ONE})"
    r"\s*(?:里|里面|一起|一块|去|吧|。)*"
)
_EXAMPLE = "比如“并案 9 到 7”，就是9并到7一起办"


@plain_command("并案", "合并", help="并案 9 到 7：两件是一回事，9并到7一起办")
def merge(turn: Turn, rest: str) -> list[Letter]:
    said = _PAIR.fullmatch(rest.strip())
    quoted = QUOTED.search(turn.incoming.quote)
    if said is None or not (said["this"] or quoted):
        only = re.fullmatch(_ONE, rest.strip())
        if only is None or quoted is None:
            raise Unknown(f"请写清哪件并到哪件，{_EXAMPLE}。")
        this, into = quoted.group(), only.group()
    else:
        this, into = said["this"] or (quoted.group() if quoted else ""), said["into"]
    case, other = _case(turn, this), _case(turn, into)
    if case.id == other.id:
        raise Unknown(f"{case.number}和{other.number}是同一件，请写两个不同的编号，{_EXAMPLE}。")
    return closing.merge(turn.session, acting=turn.acting, case=case, into=other)


def _case(turn: Turn, number: str) -> Case:
    bare = re.sub(r"^\s*(?:#|第)?\s*|\s*(?:号件|号|件)?\s*$", "", number)
    return which(turn, Line(by_word(_WORD), bare, ""))
