"""What the bot does with what was said: the handlers in their order. The first one that answers ends the turn."""

from bot.handlers import conversation, emergency, handling, report
from bot.handlers.base import Handler

HANDLERS: tuple[Handler, ...] = (
    handling.press,
    emergency.sound,
    handling.command,
    conversation.answer,
    conversation.drop,
    report.report,
)
