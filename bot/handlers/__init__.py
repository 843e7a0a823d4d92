"""What the bot does with what was said: the handlers in their order. The first one that answers ends the turn."""

from bot.handlers import command, contacts, conversation, deciding, emergency, handling, looking, report, waiting
from bot.handlers.base import Handler

# rooms of commands: importing them is what declares them
TOPICS = (handling, waiting, deciding, looking)
HANDLERS: tuple[Handler, ...] = (
    command.press,
    handling.photo,
    command.command,
    emergency.sound,
    conversation.answer,
    conversation.drop,
    contacts.show,
    report.report,
    deciding.keep_unsure,
    command.no_command,
)
