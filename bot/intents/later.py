"""Regular expressions of the code that are compiled when they are first used. Never holds those of the catalogue.

Compiling all of them would take a good part of the time in which a process starts, before anybody spoke to it.
"""

import re
from typing import Any, cast

_METHODS = ("search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")
_waiting: list["_Later"] = []


class _Later:
    """Turns into the pattern's own methods at the first use of any; two threads that meet here get the same."""

    def __init__(self, regex: str, flags: int) -> None:
        self._asked = (regex, flags)
        _waiting.append(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = re.compile(*self._asked)
        vars(self).update({method: getattr(compiled, method) for method in _METHODS})
        return getattr(compiled, name)


def later(regex: str, flags: int = 0) -> re.Pattern[str]:
    """As ``re.compile``, but at the first use; a wrong one raises ``re.error`` then, and in the tests."""
    return cast("re.Pattern[str]", _Later(regex, flags))


def compile_waiting(most: int) -> bool:
    """Compile up to ``most`` of those that nothing used yet; whether more are left."""
    for _ in range(min(most, len(_waiting))):
        one = _waiting.pop()
        if "search" not in vars(one):
            _ = one.search
    return bool(_waiting)
