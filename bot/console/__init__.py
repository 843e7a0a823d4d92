"""The staff's web pages, table of contents. Each file gives ``routes(...)``; the app mounts them in this order."""

from bot.console import card, simulator

__all__ = ["card", "simulator"]
