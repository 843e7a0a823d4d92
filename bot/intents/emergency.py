"""What must not wait: which emergencies stand, what alone holds one back. Never asks for a place.

An emergency runs before every other matter and needs no anchor. It is held back only by an explicit third party,
another place, a joke, a story, a mere supposition, a warning to others or its own retraction. A cry for help after
such words (快来人, 救命, 快打119) gives it back.
"""

from collections.abc import Iterable

from bot.intents.catalog import Veto
from bot.intents.frames import Frame

Span = tuple[int, int, str]


def held_back(vetoes: Iterable[tuple[Veto, Span]], cries: Iterable[Span]) -> list[str]:
    """The labels of the vetoes that stand: no cry for help comes after them, or nothing lifts them."""
    after = max((start for start, _, _ in cries), default=-1)
    return [
        veto.label for veto, span in vetoes if "emergency" in veto.against and (not veto.lifted_by or after < span[1])
    ]


def is_urgent(frames: Iterable[Frame], line: str) -> bool:
    """Does one of a matter's urgent frames fit? Makes an ordinary matter one that cannot wait."""
    return any(frame.pattern.search(line) for frame in frames)
