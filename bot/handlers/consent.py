"""Commands on what he himself says for whom somebody else reported: 本人同意 本人不同意. One verb each."""

from bot.desk import consent
from bot.desk.letters import Letter
from bot.handlers.base import Turn
from bot.handlers.base_command import command
from storage.case import Case


@command("本人同意", "本人愿意", verb="note_consent", help="本人同意 7：替别人报的，本人问过了，愿意办")
def give(turn: Turn, case: Case, _rest: str) -> list[Letter]:
    return consent.give(turn.session, acting=turn.acting, case=case)


@command("本人不同意", "本人不愿意", verb="note_consent", help="本人不同意 7：替别人报的，本人不愿意办")
def refuse(turn: Turn, case: Case, _rest: str) -> list[Letter]:
    return consent.refuse(turn.session, acting=turn.acting, case=case)
