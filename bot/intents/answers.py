"""What ``classify`` says of one line of its input: a JSON object in, a JSON object out. Never keeps a word of it."""

import json

from bot.intents.base import NONE
from bot.intents.engine import Engine


class Unreadable(ValueError):
    """The line is no JSON object with a ``text``."""


def answer(engine: Engine, line: str) -> str:
    """One line of JSON for one line ``{"id", "text"}``; below the threshold no intent is named. Raises Unreadable."""
    try:
        row = json.loads(line)
        text = row["text"]
    except (json.JSONDecodeError, KeyError, TypeError) as wrong:
        raise Unreadable from wrong
    if not isinstance(text, str):
        raise Unreadable
    meaning = engine.understand(text)
    found = {
        "id": row.get("id"),
        "intent": NONE if meaning.decision == "maybe" else meaning.intent,
        "is_request": meaning.is_request,
        "urgent": meaning.urgent,
        "sub": meaning.sub,
        "slots": meaning.slots.as_dict(),
        "score": round(meaning.score, 3),
        "why": meaning.why(),
    }
    return json.dumps(found, ensure_ascii=False)
