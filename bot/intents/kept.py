"""The catalogue as it was read and found right last time, in a private folder. Never decides whether it is right.

Reading the tables and compiling their frames is the slow part of a start, and nearly every start reads what the last
one read. What is kept holds for one content, one version of this code and one Python only; anything else is forgotten.
"""

import hashlib
import marshal
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.intents import frames as language
from bot.intents.frames import Frame

FILE = "catalog.marshal"
Tables = dict[str, dict[str, Any]]


def key_of(version: str) -> str:
    """What the kept catalogue must have been made from: the content's ``version``, the frames' code, this Python."""
    code = Path(language.__file__).read_bytes()
    return hashlib.sha256(b"\0".join((version.encode(), sys.version.encode(), code))).hexdigest()


def load(folder: Path, key: str) -> tuple[Tables, dict[str, Frame]] | None:
    """The tables by file and the frames by spelling, not compiled yet; or None when others, or none, are kept."""
    try:
        made_from, tables, frames = marshal.loads((folder / FILE).read_bytes())
        if made_from == key:
            return tables, {source: Frame(source, regex, needs) for source, (regex, needs) in frames.items()}
    except (OSError, ValueError, EOFError, TypeError, AttributeError):
        pass
    return None


def store(folder: Path, key: str, tables: Tables, frames: Iterable[Frame]) -> None:
    """Keep a catalogue that was found right. A folder that cannot be written to costs time at the next start only."""
    groups: dict[frozenset[str], frozenset[str]] = {}
    spelled = {
        # equal groups become one object, which is written and read once
        frame.source: (frame.regex, tuple(groups.setdefault(group, group) for group in frame.needs))
        for frame in frames
    }
    with suppress(OSError, ValueError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = folder / f"catalog.{os.getpid()}"
        part.write_bytes(marshal.dumps((key, tables, spelled)))
        part.replace(folder / FILE)
