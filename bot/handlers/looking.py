"""Commands that show and take back: 待办 详情 撤销 帮助. Changes nothing but what 撤销 takes back."""

from bot.desk import looking, undo
from bot.desk.letters import Letter, post, to_identity
from bot.handlers.base import Turn
from bot.handlers.base_command import COMMANDS, command, mine, plain_command
from storage.case import Case


@plain_command("待办", "我的任务", "待", whole=True, help="待办：手上有哪些事")
def todo(turn: Turn, _rest: str) -> list[Letter]:
    rows = looking.rows(turn.session, cases=mine(turn), acting=turn.acting)
    return _say(turn, "\n".join([f"您手上有{len(rows)}件：", *rows]) if rows else "您手上没有要办的事。")


@command("详情", "看", verb="look", help="详情 7：看这件事的全部经过")
def detail(turn: Turn, case: Case, _rest: str) -> list[Letter]:
    return _say(turn, looking.detail(turn.session, case=case, acting=turn.acting))


@plain_command("撤销", whole=True, help="撤销：两分钟内收回刚才那一步")
def take_back(turn: Turn, _rest: str) -> list[Letter]:
    _, letters = undo.undo(turn.session, acting=turn.acting)
    return letters


@plain_command("帮助", "?", "？", "怎么用", whole=True, help="帮助：有哪些话可以说")
def help_(turn: Turn, _rest: str) -> list[Letter]:
    return _say(turn, "\n".join(["可以这样说（编号可写1122-07，也可只写7）：", *(each.help for each in COMMANDS)]))


def _say(turn: Turn, said: str) -> list[Letter]:
    letters = [to_identity(turn.identity, said)]
    post(turn.session, letters, about=f"inbox-{turn.inbox_id}", case_id=None, now=turn.now)
    return letters
