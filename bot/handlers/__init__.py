"""What the bot does with what was said: the handlers in their order. The first one that answers ends the turn."""

from bot.handlers import (
    command,
    consent,
    contacts,
    conversation,
    deciding,
    disputes,
    emergency,
    followup,
    handling,
    leave,
    looking,
    merging,
    report,
    waiting,
)
from bot.handlers.base import Handler

# rooms of commands: importing them is what declares them
TOPICS = (handling, consent, waiting, deciding, disputes, merging, leave, looking)
HANDLERS: tuple[Handler, ...] = (
    command.press,
    handling.photo,
    disputes.answer,
    command.command,
    followup.alarm_again,
    emergency.sound,
    conversation.answer,
    conversation.drop,
    report.again,
    followup.follow,
    contacts.show,
    report.relay,
    report.echo,
    report.report,
    disputes.tell,
    deciding.keep_unsure,
    command.no_command,
)
